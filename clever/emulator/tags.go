package emulator

import (
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"slices"
)

func (e *Emulator) getTags(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: a.TagList()}, nil
}

// putTags replaces all tags.
func (e *Emulator) putTags(c *rest.Call) (rest.Response, error) {
	var tags []string
	if err := c.Decode(&tags); err != nil {
		return rest.Response{}, err
	}
	return e.retag(c, tags, func([]string) []string { return tags })
}

func (e *Emulator) putTag(c *rest.Call) (rest.Response, error) {
	tag := c.Path["tag"]
	return e.retag(c, []string{tag}, func(tags []string) []string { return append(tags, tag) })
}

func (e *Emulator) deleteTag(c *rest.Call) (rest.Response, error) {
	tag := c.Path["tag"]
	return e.retag(c, nil, func(tags []string) []string {
		return slices.DeleteFunc(tags, func(t string) bool { return t == tag })
	})
}

// retag changes the tags, which are a set and shown in their order, once the new
// ones are known to be well formed.
func (e *Emulator) retag(c *rest.Call, fresh []string, change func([]string) []string) (rest.Response, error) {
	for _, t := range fresh {
		if err := rest.CheckName(t); err != nil {
			return rest.Response{}, err
		}
	}
	a, err := e.alter(c, func(a *store.Addon) error {
		tags := slices.Clone(change(a.TagList()))
		slices.Sort(tags)
		a.Tags = slices.Compact(tags)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: a.TagList()}, nil
}
