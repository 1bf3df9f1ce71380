package conformance

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"runner/marketplace/manifest"
)

// configChecks are about the variables of an order.
func configChecks() []Check {
	const section = "variables"
	return []Check{
		{"K24", "config is an object", "It becomes the variables of the application.", section, false, all, addon, func(p *probe) {
			v, there := p.firstAnswer.object()["config"]
			_, isObject := v.(map[string]any)
			p.wantThat(p.firstAnswer, "an object, or nothing", !there || v == nil || isObject)
		}},
		{"K25", "only declared variables", "Others are refused.", section, false, "13", variables, undeclared},
		{"N40", "only declared variables", "Others never reach the application.", section, true, "ca", variables, undeclared},
		{"K26", "all declared variables", "Applications wait for what the manifest promises.", section, true, all, variables, func(p *probe) {
			for _, name := range p.m.ConfigVars {
				if _, there := p.config[name]; !there {
					p.wantThat(p.firstAnswer, "all that the manifest declares", false)
				}
			}
		}},
		{"K27", "variables are texts", "Environments hold nothing else.", section, false, "c13", variables, textsOnly},
		{"N41", "variables are texts", "A number is written differently by each marketplace.", section, true, "a", variables, textsOnly},
		{"K28", "addresses have scheme and host", "A variable that ends in _URL is taken apart by libraries.", section, false, all, variables, addresses},
		{"N44", "addresses can be reached", "Applications run in other networks than the vendor's.", section, true, all, variables, reachable},
		{"K29", "log_drain_url is there", "The manifest asks for the logs.", section, false, "13", addon, func(p *probe) {
			if p.drains() {
				p.wantThat(p.firstAnswer, "log_drain_url", p.firstAnswer.object()["log_drain_url"] != nil)
			}
		}},
		{"K30", "log_drain_url is for logs", "The marketplace sends them to https:// and syslog:// only.", section, false, "13", addon, func(p *probe) {
			drain, isText := p.firstAnswer.object()["log_drain_url"].(string)
			if p.drains() && p.firstAnswer.object()["log_drain_url"] != nil {
				good := isText && (strings.HasPrefix(drain, "https://") || strings.HasPrefix(drain, "syslog://"))
				p.wantThat(p.firstAnswer, "https:// or syslog://", good)
			}
		}},
		{"N42", "names have prefix and form", "Other names may overwrite those of another add-on.", section, false, "c13", variables, func(p *probe) {
			form := regexp.MustCompile(`\A` + regexp.QuoteMeta(p.m.Prefix) + `_[A-Z0-9_]+\z`)
			for name := range p.config {
				if p.m.Declares(name) && !form.MatchString(name) {
					p.wantThat(p.firstAnswer, "names that begin with "+p.m.Prefix+"_", false)
				}
			}
		}},
		{"N43", "each add-on has secrets of its own", "One customer could reach the data of another.", section, true, all, addon, func(p *probe) {
			o := p.order()
			other := p.saw(p.post(o))
			mine, theirs := p.config, other.config()
			if !other.good() || len(mine) == 0 || len(theirs) == 0 {
				p.skip("no variables to compare")
				return
			}
			differs := false
			for name, v := range mine {
				differs = differs || theirs[name] != v
			}
			if !differs {
				p.fail("variables that differ", "two add-ons have the same ones")
			}
		}},
		{"K42", "an application can use the variables", "The command that you gave tries it.", section, false, all, variables, func(p *probe) {
			if p.o.Run == nil {
				p.skip("no command was given: --run")
				return
			}
			if err := p.o.Run(p.ctx, p.texts(p.config)); err != nil {
				p.fail("the command ends with 0", err.Error())
			}
		}},
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
		case err != nil || u.Scheme == "":
			p.wantThat(p.firstAnswer, name+" is a URL with a scheme", false)
		case u.Host == "":
			p.saw(p.firstAnswer)
			p.warn(name+" has a host", "it has none")
		case manifest.IsLoopback(u.Hostname()) && !p.local():
			p.wantThat(p.firstAnswer, name+" leads to the vendor, not to the customer's own machine", false)
		}
	}
}

func undeclared(p *probe) {
	var extra []string
	for name := range p.config {
		if !p.m.Declares(name) {
			extra = append(extra, name)
		}
	}
	if slices.Sort(extra); len(extra) > 0 {
		p.saw(p.firstAnswer)
		p.fail("what the manifest declares", "also "+strings.Join(extra, ", "))
	}
}

func textsOnly(p *probe) {
	for name, v := range p.config {
		if _, isText := v.(string); !isText {
			p.saw(p.firstAnswer)
			p.fail("texts", name+" is none")
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
// told: an address that is none may be a password.
func reachable(p *probe) {
	if p.local() {
		p.skip("this back-end is on this machine, and so may be what it sells")
		return
	}
	for name, v := range p.config {
		text, _ := v.(string)
		u, err := url.Parse(text)
		if !strings.HasSuffix(name, "_URL") || !p.m.Declares(name) || err != nil || u.Hostname() == "" {
			continue // K28 tells it
		}
		at, err := p.resolve(u.Hostname())
		switch {
		case err != nil:
			p.fail("the host of "+name+" has an address", "none is known")
		case !slices.ContainsFunc(at, manifest.Public):
			p.fail("the host of "+name+" is on the open internet", "it is inside a private network")
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
