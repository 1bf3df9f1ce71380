package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/clever/emulator/market"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/marketplace/manifest"
)

// vendorHelp says what --vendor takes.
var vendorHelp = "--vendor MANIFEST[,dialect=D][,env=SITE][,plan=SLUG]… sells a vendor's add-on beside the platform's, under the\n" +
	"manifest's id, to addon_register and to clever-tools. Orders, plan changes and removals call the vendor's back-end at\n" +
	"the manifest's test site, or at its production site with env=production; a back-end of this machine may be http.\n" +
	"The back-end gets the plan's slug; without plan= there is " + strings.Join(market.StandardPlans(), " and ") + ", or what the manifest of AppFog has. With --state\n" +
	"the vendor goes on selling at the next start, also without the flag; given again, its manifest and plans are renewed. An id\n" +
	"that an organisation registered is refused, and so is another dialect as long as there are add-ons."

func vendorFlag(specs *[]string) cli.Flag {
	return flags.Strings(specs, "vendor", "offer the add-on of the vendor's manifest that `SPEC` names (repeatable)")
}

// vendors reads the manifests of --vendor, and prints what is wrong with all of
// them.
func (p *Program) vendors(specs []string) ([]market.Vendor, error) {
	var all []market.Vendor
	wrong := 0
	for _, spec := range specs {
		name, v, err := parseVendor(spec)
		if err != nil {
			return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("--vendor %s: %v", spec, err), Err: err}).
				WithHint("runner emulator --help lists them")
		}
		f, err := loadManifest(name, manifest.Options{Dialect: v.Dialect, Loopback: true})
		if err != nil {
			return nil, err
		}
		wrong += p.printErrors(f, false)
		p.noteWarnings(f)
		v.Manifest = f.text
		if f.manifest != nil {
			p.Secrets.Add(f.manifest.Secrets()...)
		}
		all = append(all, v)
	}
	if wrong > 0 {
		return nil, &exit.Error{Code: exit.Playbook, Err: fmt.Errorf("%s in what --vendor names: nothing is served", ui.Count(wrong, "error"))}
	}
	return all, nil
}

// parseVendor reads what --vendor takes: the name of a file, in which there may be
// commas, and what is said of it.
func parseVendor(spec string) (name string, v market.Vendor, err error) {
	parts := strings.Split(spec, ",")
	at := 1
	for at < len(parts) && !strings.Contains(parts[at], "=") {
		at++
	}
	name = strings.Join(parts[:at], ",")
	if name == "" {
		return "", v, errors.New("it names no manifest")
	}
	for _, part := range parts[at:] {
		key, value, _ := strings.Cut(part, "=")
		switch {
		case key == "dialect":
			v.Dialect, err = manifest.ParseDialect(value)
		case key == "env" && (value == "test" || value == "production"):
			v.Environment = value
		case key == "plan":
			v.Plans = append(v.Plans, value)
		default:
			err = fmt.Errorf("%q is none of dialect=D, env=test, env=production and plan=SLUG", part)
		}
		if err != nil {
			return "", v, err
		}
	}
	return name, v, nil
}
