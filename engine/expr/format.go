package expr

// JSONStyle is how JSON writes a value.
type JSONStyle struct {
	Indent   int  // spaces per level; 0: one line with ", " and ": " as Python writes it
	SortKeys bool // by code point
	ASCII    bool // everything else as \uXXXX
}

// JSON writes a value as JSON the way Python's json module does; an Unknown is
// the string "(known after apply)".
func JSON(v Value, style JSONStyle) string { return "" }

// Text gives a value as it stands in text: str() in Python. None is "None".
func Text(v Value) string { return "" }

// TypeName gives Python's name of a value's type: "str", "NoneType", "dict".
func TypeName(v Value) string { return "" }

// Equal compares deeply, as == does: numbers by value, bool as number.
func Equal(a, b Value) bool { return false }

// HasUnknown reports whether any part of v is Unknown, and gives the first.
func HasUnknown(v Value) (*Unknown, bool) { return nil, false }

// FromGo makes a Value of what encoding/json or Go code holds: maps with string
// keys (sorted), slices, numbers of any size, strings, bools, nil.
func FromGo(v any) Value { return nil }
