package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A Change is what a task does to one object, or would do in a check, with secrets masked.
type Change struct {
	Action     engine.Action
	Object     string // "" where no_log hides it
	Attributes []Attribute
	Risk       string        // "data is lost"; "" for none
	Needs      string        // the consent that it needs: "delete", "replace", "migrate"; "" for none
	Given      string        // who gave that: see engine.ByFlag; "" for nobody
	Price      *engine.Price // nil: it costs nothing by itself
	Unknown    bool          // whether it is done, or how, only a run will show
	Step       *engine.Step  // whose task does it
	Task       string        // its name
}

// An Attribute is one difference; nil is absent.
type Attribute struct {
	Path          string
	Before, After value.Value
}

// Changes returns what a task, or an item of one, does to which objects. Of a task that failed
// nothing is known, unless it failed for want of consent.
func Changes(secrets *engine.Secrets, e engine.TaskEnd) []Change {
	v := masker{secrets}
	lacking := e.Change != nil && e.Change.Allow != "" && e.Change.Consent == ""
	if e.Looped || e.Outcome == engine.Skipped || e.Outcome == engine.Blocked || e.Outcome.Bad() && !lacking {
		return nil
	}
	var list []Change
	for _, part := range e.Change.Each() {
		c := Change{Action: part.Action, Risk: v.text(e.Change.Risk), Needs: e.Change.Allow, Given: e.Change.Consent, Price: part.Price,
			Unknown: e.Change.Unknown, Step: e.Step, Task: line(v.text(e.Name))}
		if !e.NoLog {
			c.Object, c.Attributes = line(v.text(part.Object)), v.attributes(e, part.Attrs)
		}
		list = append(list, c)
	}
	return list
}

// attributes returns what may be seen of differences.
func (v masker) attributes(e engine.TaskEnd, attrs []engine.Attr) []Attribute {
	var list []Attribute
	for _, a := range attrs {
		before, after := v.seen(e, a)
		list = append(list, Attribute{v.text(a.Path), before, after})
	}
	return list
}

// seen returns both sides of a difference, as far as they may be seen.
func (v masker) seen(e engine.TaskEnd, a engine.Attr) (before, after value.Value) {
	if a.Secret || hidden(a.Path, secretPaths(e.Step)) || value.SecretName(a.Path) || value.HoldsSecret(a.Before) || value.HoldsSecret(a.After) {
		return secretSides(a)
	}
	return v.value(a.Before), v.value(a.After)
}

// lacks reports whether the change needs a consent that nobody has given.
func (c Change) lacks() bool { return c.Needs != "" && c.Given == "" }

// Sign returns the mark of what is done, as Terraform's users know it.
func (c Change) Sign() string {
	switch {
	case c.Unknown:
		return "?"
	case c.Action == engine.Create:
		return "+"
	case c.Action == engine.Delete:
		return "-"
	case c.Action == engine.Replace:
		return "-/+"
	}
	return "~"
}

// Does returns what is done, with its risk: "replace (data is lost)".
func (c Change) Does() string {
	text := c.Action.String()
	if c.Action == engine.Update {
		text = "update in place"
	}
	if c.Risk != "" {
		text += " (" + c.Risk + ")"
	}
	return text
}

// String returns the change in one line: sign, action, risk, object, differences, price, consent.
func (c Change) String() string {
	text := c.Sign() + " " + c.Does()
	if c.Object == "" {
		text += " what no_log hides"
	} else {
		text += " " + c.Object
	}
	parts := c.Differences()
	if c.Unknown {
		parts = append(parts, untilApplied)
	}
	if price := c.PriceText(); price != "" {
		parts = append(parts, price)
	}
	if consent := c.ConsentText(); consent != "" {
		parts = append(parts, consent)
	}
	if len(parts) == 0 {
		return text
	}
	return text + ": " + strings.Join(parts, ", ")
}

// Question returns the change as the user is asked about it: without the flag that would say yes.
func (c Change) Question() string {
	c.Needs = ""
	return c.String()
}

// Differences returns each difference as a text: "plan: dev → xs_sml".
func (c Change) Differences() []string {
	var list []string
	for _, a := range c.Attributes {
		switch {
		case value.Equal(a.Before, a.After) && a.After != engine.Masked:
		case a.Path == "name" && (c.Action == engine.Create || c.Action == engine.Delete): // the object says it
		case a.Before == nil:
			list = append(list, line(a.Path+": "+shortText(a.After)))
		case a.After == nil && c.Action == engine.Delete:
			list = append(list, line(a.Path+": "+shortText(a.Before)))
		default:
			list = append(list, line(a.Path+": "+shortText(a.Before)+" → "+shortText(a.After)))
		}
	}
	return list
}

// longestAttribute is how many characters of a value stand in a line.
const longestAttribute = 120

// AttributeText returns a value as text: JSON, but for a text.
func AttributeText(v value.Value) string {
	text, ok := v.(string)
	switch v.(type) {
	case nil:
		text = "none"
	case *value.Unknown:
		text = value.KnownAfterApply
	default:
		if !ok {
			text = format.JSON(v, format.JSONStyle{SortKeys: true})
		}
	}
	return text
}

// shortText is AttributeText, in one line and not too long.
func shortText(v value.Value) string {
	text := flat(AttributeText(v))
	if r := []rune(text); len(r) > longestAttribute {
		text = string(r[:longestAttribute-1]) + "…"
	}
	return text
}

// UnknownText is the AttributeText of what only a run will show.
const UnknownText = value.KnownAfterApply

// ConsentText says which consent the change needs, and who gave it; "" where it needs none.
func (c Change) ConsentText() string {
	switch c.Given {
	case engine.ByFlag:
		return "allowed on the command line"
	case engine.ByTask:
		return "allowed by the task"
	case engine.ByUser:
		return "allowed by the user"
	case engine.ByPlan:
		return "allowed by the plan"
	}
	if c.Needs == "" {
		return ""
	}
	return "needs --allow " + c.Needs
}

// PriceText says what the change makes of the price a month; "" where it costs nothing by itself.
func (c Change) PriceText() string {
	switch {
	case c.Price == nil:
		return ""
	case c.Price.Before == nil || c.Price.After == nil:
		return "price unknown"
	}
	return euros(*c.Price.After - *c.Price.Before)
}

// euros returns a difference of prices as text: "+5.25 €/month".
func euros(amount float64) string {
	text := strconv.FormatFloat(amount, 'f', 2, 64)
	text = strings.TrimSuffix(text, ".00")
	switch {
	case text == "0" || text == "-0":
		return "0 €/month"
	case amount > 0:
		text = "+" + text
	}
	return text + " €/month"
}

// A Plan is what a check found that there is to do.
type Plan struct{ Changes []Change }

// ChangesOf returns the changes that an event tells of.
func ChangesOf(secrets *engine.Secrets, e engine.Event) []Change {
	switch e := e.(type) {
	case engine.ItemEnd:
		return Changes(secrets, e.TaskEnd)
	case engine.TaskEnd:
		return Changes(secrets, e)
	}
	return nil
}

// Count returns how many objects an action is planned for, those left out of which only a
// run will show whether it is.
func (p Plan) Count(a engine.Action) int {
	n := 0
	for _, c := range p.Changes {
		if c.Action == a && !c.Unknown {
			n++
		}
	}
	return n
}

// Unknown returns how many objects only a run will show of what is to be done.
func (p Plan) Unknown() int {
	n := 0
	for _, c := range p.Changes {
		if c.Unknown {
			n++
		}
	}
	return n
}

// Price returns what the plan makes of the price a month, in euros, and of how many objects
// no price is known. Priced is how many objects have one at all.
func (p Plan) Price() (euros float64, unknown, priced int) {
	for _, c := range p.Changes {
		switch {
		case c.Price == nil:
		case c.Unknown || c.Price.Before == nil || c.Price.After == nil:
			unknown++
			priced++
		default:
			euros += *c.Price.After - *c.Price.Before
			priced++
		}
	}
	return euros, unknown, priced
}

// Needs returns the changes that need a consent which nobody has given.
func (p Plan) Needs() []Change {
	var list []Change
	for _, c := range p.Changes {
		if c.lacks() {
			list = append(list, c)
		}
	}
	return list
}

// Empty reports whether nothing would change, as far as that is known.
func (p Plan) Empty() bool {
	changes := p.Unknown()
	for _, a := range []engine.Action{engine.Create, engine.Update, engine.Migrate, engine.Replace, engine.Delete} {
		changes += p.Count(a)
	}
	return changes == 0
}

// String returns the plan's summary: "Plan: 2 to create, 1 to replace; +34.68 €/month".
func (p Plan) String() string {
	var parts []string
	for _, a := range []engine.Action{engine.Create, engine.Update, engine.Migrate, engine.Replace, engine.Delete} {
		if n := p.Count(a); n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, a))
		}
	}
	if n := p.Unknown(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", n, untilApplied))
	}
	if len(parts) == 0 {
		return "Plan: nothing to do"
	}
	text := "Plan: " + strings.Join(parts, ", ")
	if price := p.priceText(); price != "" {
		text += "; " + price
	}
	return text
}

func (p Plan) priceText() string {
	sum, unknown, priced := p.Price()
	switch {
	case priced == 0:
		return ""
	case unknown == priced:
		return "price unknown"
	case unknown > 0:
		return euros(sum) + ", and unknown for " + counted(unknown, "object")
	}
	return euros(sum)
}

// ConsentText says which consents are still needed; "" where none is.
func (p Plan) ConsentText() string {
	var words []string
	needs := p.Needs()
	for _, c := range needs {
		if !slices.Contains(words, c.Needs) {
			words = append(words, c.Needs)
		}
	}
	if len(words) == 0 {
		return ""
	}
	slices.Sort(words)
	return fmt.Sprintf("Consent is needed for %s: --allow %s", counted(len(needs), "object"), strings.Join(words, ","))
}

// values returns changes as programs read them.
func changeValues(list []Change) []value.Value {
	values := []value.Value{}
	for _, c := range list {
		values = append(values, c.value())
	}
	return values
}

func (c Change) value() *value.Map {
	attributes := []value.Value{}
	for _, a := range c.Attributes {
		attributes = append(attributes, value.MapOf("path", a.Path, "before", a.Before, "after", a.After))
	}
	m := value.MapOf("action", c.Action.String(), "object", c.Object, "attributes", attributes, "risk", orNull(c.Risk),
		"consent", value.MapOf("needed", orNull(c.Needs), "given", orNull(c.Given)), "price", nil, "unknown", c.Unknown)
	if c.Price != nil {
		m.Set("price", value.MapOf("before", number(c.Price.Before), "after", number(c.Price.After), "currency", "EUR", "per", "month"))
	}
	return m
}

// orNull returns a text, nil for none.
func orNull(s string) value.Value {
	if s == "" {
		return nil
	}
	return s
}

func number(n *float64) value.Value {
	if n == nil {
		return nil
	}
	return *n
}

// value returns the plan as programs read it: counts and price.
func (p Plan) value() *value.Map {
	sum, unknown, _ := p.Price()
	m := value.MapOf("unknown", p.Unknown(), "summary", p.String(),
		"price", value.MapOf("change", sum, "unknown", unknown, "currency", "EUR", "per", "month"))
	for _, a := range []engine.Action{engine.Create, engine.Update, engine.Migrate, engine.Replace, engine.Delete} {
		m.Set(a.String(), p.Count(a))
	}
	return m
}
