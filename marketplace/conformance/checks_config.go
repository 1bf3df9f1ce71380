package conformance

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"runner/marketplace/manifest"
)

// configChecks are about the variables of an order.
func configChecks() []Check {
	const section = "variables"
	return []Check{
		{"K24", "config is an object", "The order fails, or the application gets no variables.", "Answer with an object of texts, or without config.",
			section, onConfig, all, all, needing(anOrder), needing(variables), func(p *probe) {
				v, there := p.firstAnswer.object()["config"]
				_, isObject := v.(map[string]any)
				p.wantThat(p.firstAnswer, "an object, or nothing", !there || v == nil || isObject)
			}},
		{"K25", "only declared variables", "The marketplace refuses the order, or the application does not get them.", "Declare in config_vars what orders are answered with.",
			section, onConfig, "13", all, needing(variables), nil, undeclared},
		{"K26", "all declared variables", "Applications wait for what the manifest promises.", "Answer with each of config_vars, or declare less.",
			section, onAdvice, "", all, needing(variables), nil, func(p *probe) {
				for _, name := range p.m.ConfigVars {
					if _, there := p.config[name]; !there {
						p.wantThat(p.firstAnswer, "all that the manifest declares, "+name+" too", false)
					}
				}
			}},
		{"K27", "variables are texts", "The order fails, or each marketplace writes the value differently.", "Write numbers and booleans as texts.",
			section, onConfig, "c13", all, needing(variables), nil, textsOnly},
		{"K28", "addresses have scheme and host", "Libraries cannot take the variable apart.", "Write URLs with scheme and host.",
			section, onConfig, "1", all, needing(variables), nil, addresses},
		{"N44", "addresses can be reached", "Applications run in other networks than the provider's, and cannot connect.", "Write hosts that have a public address.",
			section, onAdvice, "", all, needing(variables), nil, reachable},
		{"K29", "log_drain_url is there", "The application's logs go nowhere.", "Answer with log_drain_url, or do not require syslog_drain.",
			section, onDrain, "13", "13", needing(anOrder), nil, func(p *probe) {
				if p.drains() {
					p.wantThat(p.firstAnswer, "log_drain_url", p.firstAnswer.object()["log_drain_url"] != nil)
				}
			}},
		{"K30", "log_drain_url is for logs", "The marketplace sends logs to https:// and syslog:// only.", "Answer with an address of one of the two.",
			section, onDrain, "13", "13", needing(anOrder), nil, func(p *probe) {
				drain, isText := p.firstAnswer.object()["log_drain_url"].(string)
				if p.drains() && p.firstAnswer.object()["log_drain_url"] != nil {
					good := isText && (strings.HasPrefix(drain, "https://") || strings.HasPrefix(drain, "syslog://"))
					p.wantThat(p.firstAnswer, "https:// or syslog://", good)
				}
			}},
		{"N42", "names have prefix and form", "Variables overwrite those of another add-on.", "Begin names with the add-on's id in capitals, and an underscore.",
			section, onNames, "c13", "c13", needing(variables), nil, func(p *probe) {
				form := regexp.MustCompile(`\A` + regexp.QuoteMeta(p.m.Prefix) + `_[A-Z0-9_]+\z`)
				for name := range p.config {
					if p.m.Declares(name) && !form.MatchString(name) {
						p.failText("names that begin with "+p.m.Prefix+"_", clip(name, 60), p.firstAnswer)
					}
				}
			}},
		{"N43", "each add-on has variables of its own", "One customer reaches the data of another.", "Make an account, or at least a password, for each add-on.",
			section, onAdvice, "", all, needing(variables), nil, ownVariables},
		{"N45", "each add-on has a password of its own", "One customer knows the password of all others.", "Make a random password for each add-on.",
			section, onSecrets, all, all, needing(variables), nil, ownPasswords},
		{"N46", "an answer holds nothing of other add-ons", "One customer gets another's secrets.", "Answer with what belongs to the add-on that was ordered.",
			section, onConfig, all, all, needing(variables), nil, nothingOfOthers},
		{"K42", "an application can use the variables", "The customer's application does not work.", "Run the command by hand with the variables of an order: runner vendor provision --show-config.",
			section, onConfig, all, all, needing(variables), nil, func(p *probe) {
				if p.o.Run == nil {
					p.skip("no command was given: --run")
					return
				}
				if err := p.o.Run(p.ctx, p.texts(p.config)); err != nil {
					p.failText("the command ends with 0", err.Error(), p.firstAnswer)
				}
			}},
	}
}

// ownVariables orders another add-on, whose variables must not all be the same.
func ownVariables(p *probe) {
	mine, theirs := p.config, p.another()
	if theirs == nil || len(mine) == 0 || len(theirs.config()) == 0 {
		p.skip("no variables to compare")
		return
	}
	for name, v := range mine {
		if !reflect.DeepEqual(theirs.config()[name], v) {
			return
		}
	}
	p.failText("variables that differ", "two add-ons have the same ones", theirs, p.firstAnswer)
}

// another returns the answer to another order; nil where there is none.
func (p *probe) another() *reply {
	if r := p.post(p.order()); r.good() {
		return r
	}
	return nil
}

// ownPasswords looks for passwords in variables, by name and in URLs. Two add-ons must
// not share one.
func ownPasswords(p *probe) {
	other := p.another()
	if other == nil || len(p.config) == 0 {
		p.skip("no variables to compare")
		return
	}
	mine, theirs := passwords(p.config), passwords(other.config())
	for name, password := range mine {
		if theirs[name] == password {
			p.failText("passwords that differ", "the one in "+name+" is the same in two add-ons", other, p.firstAnswer)
		}
	}
}

var passwordName = regexp.MustCompile(`(?i)(PASSWORD|PASSWD|PASS|SECRET|TOKEN|APIKEY|API_KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIAL)S?$`)

// passwords returns those in variables, by the variable's name.
func passwords(config map[string]any) map[string]string {
	found := map[string]string{}
	for name, v := range config {
		text, _ := v.(string)
		if u, err := url.Parse(text); err == nil && u.User != nil {
			if password, there := u.User.Password(); there && password != "" {
				found[name] = password
			}
		}
		if passwordName.MatchString(name) && text != "" {
			found[name] = text
		}
	}
	return found
}

// nothingOfOthers looks in the answer to an order for what the first one was given.
func nothingOfOthers(p *probe) {
	other := p.another()
	if other == nil || sameConfig(p.config, other.config()) {
		p.skip("no variables to compare")
		return
	}
	values := passwords(p.config)
	for name, v := range p.config {
		if text, isText := v.(string); isText && len(text) >= 12 {
			values["all of "+name] = text
		}
	}
	theirs := map[string]bool{} // which they have of right, or share: N43 and N45 report that
	for name, v := range other.config() {
		theirs[fmt.Sprint(v)] = reflect.DeepEqual(v, p.config[name])
	}
	for name, password := range passwords(other.config()) {
		theirs[password] = values[name] == password
	}
	for name, value := range values {
		if len(value) >= 8 && !theirs[value] && bytes.Contains(other.body(), []byte(value)) {
			p.failText("nothing of another add-on", "the value of another one's "+strings.TrimPrefix(name, "all of "), other, p.firstAnswer)
		}
	}
}

// texts returns those variables that an application gets.
func (s *session) texts(config map[string]any) map[string]string {
	texts := map[string]string{}
	for name, v := range config {
		if text, isText := v.(string); isText && s.m.Declares(name) {
			texts[name] = text
		}
	}
	return texts
}

// addresses looks at how URLs are written.
func addresses(p *probe) {
	for name, v := range p.config {
		text, isText := v.(string)
		u, err := url.Parse(text)
		switch {
		case !strings.HasSuffix(name, "_URL") || !isText:
		case err != nil || u.Scheme == "" || strings.Contains(u.Scheme, ".") || port.MatchString(u.Opaque): // host:port
			p.failText("a URL with a scheme", name+" is none", p.firstAnswer)
		case u.Host == "":
			p.breach(Advised, "a URL with a host", name+" has none", []*reply{p.firstAnswer})
		case manifest.IsLoopback(u.Hostname()) && !p.local():
			p.failText("an address of the provider's", name+" leads to the customer's own machine", p.firstAnswer)
		}
	}
}

var port = regexp.MustCompile(`^[0-9]+(/|$)`)

func undeclared(p *probe) {
	var extra []string
	for name := range p.config {
		if !p.m.Declares(name) {
			extra = append(extra, name)
		}
	}
	if slices.Sort(extra); len(extra) > 0 {
		p.failText("what the manifest declares", "also "+clip(strings.Join(extra, ", "), 200), p.firstAnswer)
	}
}

func textsOnly(p *probe) {
	for name, v := range p.config {
		if _, isText := v.(string); !isText {
			p.failText("texts", name+" is none", p.firstAnswer)
		}
	}
}

// drains reports whether the manifest asks for logs; if not, the check is skipped.
func (p *probe) drains() bool {
	asks := p.m.Requirement("syslog_drain")
	if !asks {
		p.skip("the manifest does not require syslog_drain")
	}
	return asks
}

// reachable looks the hosts of variables up. Neither they nor what is found is
// reported: an address that is none may be a password.
func reachable(p *probe) {
	if p.local() {
		p.skip("this back-end is on this machine, and so may be what it sells")
		return
	}
	for name, v := range p.config {
		text, _ := v.(string)
		u, err := url.Parse(text)
		if !strings.HasSuffix(name, "_URL") || !p.m.Declares(name) || err != nil || u.Hostname() == "" {
			continue // K28 reports it
		}
		at, err := p.resolve(u.Hostname())
		switch {
		case err != nil:
			p.failText("the host of "+name+" has an address", "none is known", p.firstAnswer)
		case !slices.ContainsFunc(at, manifest.Public):
			p.failText("the host of "+name+" is on the open internet", "it is inside a private network", p.firstAnswer)
		}
	}
}

// resolve returns the addresses of a host.
func (s *session) resolve(host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.o.Soft)
	defer cancel()
	if s.o.Resolve != nil {
		return s.o.Resolve(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
