package cmd

import (
	"cmp"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/login"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/marketplace/manifest"
)

// callFlags are those of all commands that reach a vendor's back-end.
func callFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		dialectFlag(),
		environmentFlag(),
		&cli.DurationFlag{Name: "timeout", Value: 25 * time.Second, Usage: "give up a call after `DURATION`"},
		&cli.StringFlag{Name: "ca", Usage: "trust the certificates of the authorities in `FILE`, too (PEM)"},
	}, more...)
}

func environmentFlag() cli.Flag {
	return &cli.StringFlag{Name: "env", Value: "test", Usage: "the `SITE` of the manifest that is called: test or production"}
}

// A vendorSide is a manifest that may be acted on, and its back-end.
type vendorSide struct {
	file    *manifestFile
	site    manifest.Site
	backend *manifest.Backend
}

// vendorSide reads the manifest of a command, reports what is wrong with it, and
// returns the back-end. One with errors is called by no command.
func (p *Program) vendorSide(c *cli.Context, args ...string) (*vendorSide, error) {
	if c.NArg() != 1+len(args) {
		usage := strings.TrimSpace("MANIFEST " + strings.Join(args, " "))
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("vendor %s takes %s", c.Command.Name, usage)}).
			WithHint("runner vendor %s --help", c.Command.Name)
	}
	return p.sideOf(c, c.Args().First())
}

// soundManifest reads a manifest and prints its errors, and how many warnings there
// are. With one that has errors, or a site that no manifest has, nothing is done,
// which is said.
func (p *Program) soundManifest(c *cli.Context, name, nothing string) (*manifestFile, error) {
	if environment := c.String("env"); environment != "test" && environment != "production" {
		return nil, fmt.Errorf("--env takes test or production, not %q", environment)
	}
	f, err := readNamedManifest(c, name, manifest.Options{Loopback: true})
	if err != nil {
		return nil, err
	}
	if n := p.printErrors(f, false); n > 0 {
		return nil, &exit.Error{Code: exit.Playbook, Err: fmt.Errorf("%s in %s%s: %s", ui.Count(n, "error"), f.name, f.dialectNote(), nothing)}
	}
	if c.Command.Name != "test" { // whose report has them
		p.noteWarnings(f)
	}
	p.Secrets.Add(f.manifest.Secrets()...)
	return f, nil
}

// sideOf is vendorSide for the manifest of a name.
func (p *Program) sideOf(c *cli.Context, name string) (*vendorSide, error) {
	if c.Duration("timeout") <= 0 {
		return nil, errors.New("--timeout must be more than nothing, such as 25s")
	}
	f, err := p.soundManifest(c, name, "nothing was called")
	if err != nil {
		return nil, err
	}
	site := f.manifest.Site(c.String("env"))
	roots, err := authorities(c.String("ca"))
	if err != nil {
		return nil, err
	}
	line := manifest.NewTransport(manifest.TransportOptions{
		Timeout: c.Duration("timeout"), Loopback: isLoopback(site.BaseURL) || isLoopback(site.SSOURL), Roots: roots,
	})
	return &vendorSide{f, site, &manifest.Backend{Manifest: f.manifest, Site: site, Transport: line, Retry: manifest.BriefRetry()}}, nil
}

// authorities returns those that the system trusts and those of a file; nil, the
// system's, where there is no file.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := readBounded(file)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca: %s holds no certificate in PEM", file)
	}
	return roots, nil
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && manifest.IsLoopback(u.Hostname())
}

// order returns what a single call says of an add-on.
func (s *vendorSide) order(c *cli.Context) manifest.Order {
	d := s.file.manifest.Dialect
	key := cmp.Or(c.String("key"), manifest.NewKey(d))
	options := map[string]string{}
	for _, o := range c.StringSlice("option") {
		name, value, found := strings.Cut(o, "=")
		options[name] = map[bool]string{true: value, false: "true"}[found]
	}
	return manifest.Order{
		Key: key, App: "app1@example.test", OwnerID: "user_" + key, OwnerName: "Example Owner", UserID: "user_" + key, Account: "EXAMPLE", Name: "example",
		Plan: c.String("plan"), Region: cmp.Or(c.String("region"), d.DefaultRegion()), Options: options,
		Callback: c.String("callback"), Grant: "none", GrantEnds: time.Now().Add(5 * time.Minute),
	}
}

func orderFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "key", Usage: "the market's `ID` of the add-on, addon_… or a UUID; a new one where it is left out"},
		&cli.StringFlag{Name: "callback", Value: "https://callback.invalid/vendor/apps/none", Usage: "the `URL` where the back-end is to call back"},
	}
}

func (p *Program) vendorProvisionCommand() *cli.Command {
	return &cli.Command{
		Name: "provision", Usage: "order one add-on of a back-end, as a marketplace does", ArgsUsage: "MANIFEST",
		Description: "Variables are secrets: their names are printed, and their values with --show-config. Exit codes: 0, 2 refused, 4 the manifest is wrong, 5 no answer.",
		Flags: callFlags(append(orderFlags(),
			&cli.StringFlag{Name: "plan", Aliases: []string{"p"}, Usage: "order this `PLAN`; the manifest's first where it is left out, else test"},
			&cli.StringFlag{Name: "region", Usage: "order in this `REGION`"},
			&cli.StringSliceFlag{Name: "option", Usage: "say `NAME[=VALUE]` as the user's option (repeatable)"},
			&cli.BoolFlag{Name: "show-config", Usage: "print the values of variables, too"},
		)...),
		Action: func(c *cli.Context) error {
			s, err := p.vendorSide(c)
			if err != nil {
				return err
			}
			o := s.order(c)
			if o.Plan == "" {
				o.Plan = firstPlan(s.file.manifest)
			}
			r, err := s.backend.Provision(c.Context, o)
			if err != nil {
				return p.called(o.Key, err)
			}
			return p.showResource(r, o.Key, c.Bool("show-config"))
		},
	}
}

// firstPlan returns what is ordered where nobody says.
func firstPlan(m *manifest.Manifest) string {
	if len(m.Plans) > 0 {
		return m.Plans[0].ID
	}
	return "test"
}

func (p *Program) vendorPlanCommand() *cli.Command {
	return &cli.Command{
		Name: "plan-change", Usage: "change the plan of one add-on", ArgsUsage: "MANIFEST ID PLAN",
		Description: "ID is the back-end's own; at heroku-v3 the market's UUID. Exit codes: 0, 2 refused, 4 the manifest is wrong, 5 no answer.",
		Flags:       callFlags(append(orderFlags(), &cli.BoolFlag{Name: "show-config", Usage: "print the values of variables, too"})...),
		Action: func(c *cli.Context) error {
			s, err := p.vendorSide(c, "ID", "PLAN")
			if err != nil {
				return err
			}
			id, plan := c.Args().Get(1), c.Args().Get(2)
			o := s.orderOf(c, id)
			r, err := s.backend.ChangePlan(c.Context, id, o, plan)
			if err != nil {
				return p.called(o.Key, err)
			}
			return p.showResource(r, o.Key, c.Bool("show-config"))
		},
	}
}

// orderOf returns an order whose key, where the dialect's URLs have it, is the id.
func (s *vendorSide) orderOf(c *cli.Context, id string) manifest.Order {
	o := s.order(c)
	if s.file.manifest.Dialect == manifest.HerokuV3 {
		o.Key = id
	}
	return o
}

func (p *Program) vendorDeprovisionCommand() *cli.Command {
	return &cli.Command{
		Name: "deprovision", Usage: "remove one add-on", ArgsUsage: "MANIFEST ID",
		Description: "ID is the back-end's own; at heroku-v3 the market's UUID. Exit codes: 0, also when it was gone, 2 refused, 4 the manifest is wrong, 5 no answer.",
		Flags:       callFlags(orderFlags()...),
		Action: func(c *cli.Context) error {
			s, err := p.vendorSide(c, "ID")
			if err != nil {
				return err
			}
			id := c.Args().Get(1)
			o := s.orderOf(c, id)
			if _, err := s.backend.Deprovision(c.Context, id, o); err != nil {
				return p.called(o.Key, err)
			}
			_, err = fmt.Fprintf(p.Out, "%s is removed\n", id)
			return err
		},
	}
}

// called returns the exit code of a call that went wrong.
func (p *Program) called(key string, err error) error {
	f, ok := errors.AsType[*manifest.Failure](err)
	if !ok {
		return err
	}
	problem := &diagnostic.Problem{Msg: f.Error(), Hint: f.Hint(), Err: err}
	if f.Unknown {
		problem.Hint += " (--key " + key + ")"
	}
	if f.Status == 0 {
		return &exit.Error{Code: exit.Credentials, Err: problem}
	}
	return &exit.Error{Code: exit.Failed, Err: problem}
}

func (p *Program) showResource(r *manifest.Resource, key string, plain bool) error {
	config := map[string]string{}
	for name, value := range r.Config {
		if !plain {
			value = engine.Masked
		}
		config[name] = value
	}
	e := json.NewEncoder(p.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		ID      string            `json:"id"`
		Key     string            `json:"key"`
		Pending bool              `json:"pending"`
		Config  map[string]string `json:"config"`
		Dropped []string          `json:"dropped,omitempty"`
		Message string            `json:"message,omitempty"`
	}{r.ID, key, r.Pending, config, r.Dropped, r.Message})
}

func (p *Program) vendorSSOCommand() *cli.Command {
	return &cli.Command{
		Name: "sso", Usage: "print the signed form that opens an add-on's dashboard", ArgsUsage: "MANIFEST ID",
		Description: "The form signs somebody in for a few minutes: keep it to yourself. --open hands the browser a page that posts it;" +
			" it lies in a folder for you only.",
		Flags: callFlags(
			&cli.StringFlag{Name: "resource", Usage: "the market's `UUID` of the add-on (heroku-v3)"},
			&cli.StringFlag{Name: "user", Value: "user_example", Usage: "sign in as this user `ID`"},
			&cli.StringFlag{Name: "email", Value: "user@example.test", Usage: "sign in with this `ADDRESS`"},
			&cli.BoolFlag{Name: "seconds", Usage: "write the timestamp in seconds where the dialect has milliseconds"},
			&cli.BoolFlag{Name: "open", Usage: "open it in the browser"},
		),
		Action: func(c *cli.Context) error {
			s, err := p.vendorSide(c, "ID")
			if err != nil {
				return err
			}
			id := c.Args().Get(1)
			l := manifest.Login{ID: id, ResourceID: cmp.Or(c.String("resource"), id), UserID: c.String("user"), Email: c.String("email"), App: "example"}
			now := time.Now()
			if c.Bool("seconds") {
				l.Timestamp = fmt.Sprint(now.Unix())
			}
			in, err := s.file.manifest.SignIn(s.site, l, now)
			if err != nil {
				return err
			}
			if c.Bool("open") {
				return openSignIn(in)
			}
			return p.printSignIn(in)
		},
	}
}

// printSignIn prints a URL for the old form, and what to post for the others.
func (p *Program) printSignIn(in *manifest.SignIn) error {
	if in.Method == http.MethodGet {
		_, err := fmt.Fprintln(p.Out, in.Address())
		return err
	}
	_, err := fmt.Fprintf(p.Out, "%s %s\n%s\n", in.Method, in.URL, in.Form.Encode())
	return err
}

// openSignIn lets the browser send the form by a page of its own, so that the
// proof is in no address line and in no process list.
func openSignIn(in *manifest.SignIn) error {
	folder, err := os.MkdirTemp("", "runner-sso-")
	if err != nil {
		return err
	}
	page := filepath.Join(folder, "sign-in.html")
	f, err := os.OpenFile(page, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(in.WritePage(f), f.Close()); err != nil {
		return err
	}
	name, args := login.PageOpener(runtime.GOOS)
	if err := exec.Command(name, append(args, page)...).Run(); err != nil {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("cannot start a browser with %s: %v", name, err)}).WithHint("open %s", page)
	}
	return nil
}
