package tasks

import (
	"fmt"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/marketplace/manifest"
)

// This file reports what is wrong with a provider before anything runs, as far as
// the playbook writes it down.

// checkProvider is the check of the kind. Warnings are for those who validate.
func checkProvider(cloud *Cloud, args *expr.Node, dir string) []*diagnostic.Problem {
	kind := providerRegister(cloud)
	wrong := checkManifest(args.Get("manifest"), dir, cloud == nil)
	if n := args.Get("organisation"); n != nil && n.Tmpl == nil && strings.HasPrefix(n.Text, "user_") {
		wrong.Add("organisation", notSelling(n.Text))
	}
	if features, plans := args.Get("features"), args.Get("plans"); plain(features) && plain(plans) {
		wrong = append(wrong, checkOffer(featuresOf(features), plansOf(plans))...)
	}
	var problems []*diagnostic.Problem
	for _, err := range wrong {
		problems = append(problems, kind.ProblemOf(err, args, args.Place))
	}
	return problems
}

// plain reports whether a node is written without templates; one that is not
// written is.
func plain(n *expr.Node) bool {
	if n == nil {
		return true
	}
	for _, item := range n.Items {
		if !plain(item) {
			return false
		}
	}
	for _, e := range n.Entries {
		if !plain(e.Key) || !plain(e.Value) {
			return false
		}
	}
	return n.Tmpl == nil
}

func featuresOf(n *expr.Node) []ProviderFeature {
	if n == nil || n.Shape != expr.Sequence {
		return nil
	}
	features := []ProviderFeature{}
	for i, item := range n.Items {
		features = append(features, ProviderFeature{Name: said(item, "name", i), Type: said(item, "type", i)})
	}
	return features
}

func plansOf(n *expr.Node) []ProviderPlan {
	if n == nil {
		return nil
	}
	var plans []ProviderPlan
	for i, item := range n.Items {
		p := ProviderPlan{Slug: said(item, "slug", i), Name: said(item, "name", i), Features: map[string]string{}}
		p.Price, _ = strconv.ParseFloat(said(item, "price", i), 64)
		if n := item.Get("price"); n != nil {
			if f, ok := n.Value.(float64); ok { // .nan, which is no number to others
				p.Price = f
			}
		}
		if f := item.Get("features"); f != nil {
			for _, e := range f.Entries {
				if e.Value.Shape == expr.Scalar {
					p.Features[e.Key.Text] = e.Value.Text
				}
			}
		}
		plans = append(plans, p)
	}
	return plans
}

// said returns what an item says, or something that is fine where it says nothing: that
// is reported elsewhere.
func said(item *expr.Node, name string, i int) string {
	if n := item.Get(name); n != nil && n.Value != nil {
		return n.Text
	}
	return fmt.Sprintf("unsaid-%d", i)
}

// checkManifest reads a manifest that is named or written in the playbook. One of
// this machine is let pass: what the platform's address is, shows later.
func checkManifest(n *expr.Node, dir string, warnings bool) engine.Mistakes {
	var wrong engine.Mistakes
	if n == nil {
		return nil
	}
	v, ok := written(n)
	if !ok { // its value is not known yet
		return nil
	}
	text, err := paperOf(v, dir)
	if err != nil {
		wrong.Add("manifest", err)
		return wrong
	}
	_, problems := manifest.Read([]byte(text.text), manifest.Options{Dialect: manifest.Clever, Loopback: true})
	for _, p := range problems {
		if (warnings || !p.Warning) && !hidden(n, p.Pointer) {
			wrong = append(wrong, text.problem(p))
		}
	}
	return wrong
}

// written returns the value of a manifest's node, with something in the place of its
// secrets, which are templates as a rule. False where another part is a template.
func written(n *expr.Node) (engine.Value, bool) { return writtenAt(n, "") }

func writtenAt(n *expr.Node, pointer string) (engine.Value, bool) {
	switch {
	case n.Tmpl != nil:
		return strings.Repeat("x", 40) + pointer, isSecret(pointer)
	case n.Shape == expr.Sequence:
		list := []engine.Value{}
		for i, item := range n.Items {
			v, ok := writtenAt(item, fmt.Sprintf("%s/%d", pointer, i))
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		return list, true
	case n.Shape == expr.Mapping:
		m := &value.Map{}
		for _, e := range n.Entries {
			v, ok := writtenAt(e.Value, pointer+"/"+e.Key.Text)
			if !ok || e.Key.Tmpl != nil {
				return nil, false
			}
			m.Set(e.Key.Text, v)
		}
		return m, true
	}
	return n.Value, true
}

func isSecret(pointer string) bool { return pointer == "/api/password" || pointer == "/api/sso_salt" }

// hidden reports whether a pointer leads to a secret that is a template: what stands
// for it is not judged.
func hidden(n *expr.Node, pointer string) bool {
	secret := n.Get("api").Get(strings.TrimPrefix(pointer, "/api/"))
	return isSecret(pointer) && secret != nil && secret.Tmpl != nil
}
