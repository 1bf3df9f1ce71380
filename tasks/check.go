package tasks

import (
	"fmt"
	"strings"

	"runner/engine"
)

// notBlank notes that an argument which is given holds nothing but spaces. Where it may be
// left out, "" is as good as that; so is what is not known yet.
func notBlank(c *engine.Checking, path, text, what string) {
	if text != "" && strings.TrimSpace(text) == "" {
		c.Addf(path, "%s cannot be blank", what)
	}
}

// named notes that an argument which names something is blank.
func named(c *engine.Checking, path, text, what string) {
	if strings.TrimSpace(text) == "" {
		c.Addf(path, "%s cannot be empty", what)
	}
}

// allNamed is named for each item of a list.
func allNamed(c *engine.Checking, path string, list []string, what string) {
	for i, text := range list {
		named(c, fmt.Sprintf("%s[%d]", path, i), text, what)
	}
}

// check notes credentials of which only a part is given.
func (a Auth) check(c *engine.Checking) {
	if a.given() && c.Known("auth") {
		c.Add("auth", a.credentials().Check())
	}
}
