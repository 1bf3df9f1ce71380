package manifest

// A Source is a sentence of a marketplace's documentation: a page, the section on
// it, and what that says, in words of ours.
type Source struct {
	Link    string `json:"link,omitempty"`
	Section string `json:"section,omitempty"`
	Says    string `json:"says,omitempty"`
}

// String returns section and link; "" where there is none.
func (s Source) String() string {
	if s.Link == "" {
		return ""
	}
	return s.Section + ", " + s.Link
}
