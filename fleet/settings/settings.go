// Package settings reads fleet.yml: the server, the projects and their playbooks. It
// knows the file, with the place of each mistake, and nothing of what is made of it.
package settings

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"runner/diagnostic"
)

// A File is what fleet.yml says.
type File struct {
	Server    Server             `yaml:"server"`
	Projects  map[string]Project `yaml:"projects,required"`
	Playbooks []Playbook         `yaml:"playbooks"`
	Worker    Worker             `yaml:"worker"`
	Serve     Serve              `yaml:"serve"`
	Logs      Logs               `yaml:"logs"`
}

// A Server is where the engine of the workflows runs.
type Server struct {
	Address   string `yaml:"address"`   // HOST:PORT; 127.0.0.1:7233 if left out
	Namespace string `yaml:"namespace"` // one for each organisation; "default" if left out
	TLS       TLS    `yaml:"tls"`
	CodecKeys string `yaml:"codec_key_file"` // with what payloads are sealed; "": they are not
}

// TLS is how the server is reached safely; the zero value is not at all.
type TLS struct {
	CA         string `yaml:"ca_file"`
	Cert       string `yaml:"cert_file"`
	Key        string `yaml:"key_file"`
	ServerName string `yaml:"server_name"`
	Enabled    bool   `yaml:"enabled"` // with the machine's own authorities, where no file is named
}

// A Project is a repository of playbooks.
type Project struct {
	Git         string   `yaml:"git,required"`
	Ref         string   `yaml:"ref"`         // a branch, a tag or a commit; "main" if left out
	Queue       string   `yaml:"queue"`       // whose workers play it; the project's name if left out
	Credentials string   `yaml:"credentials"` // as --credentials takes it, or the name of a file in the worker's folder of secrets
	Vault       []string `yaml:"vault"`       // vault passwords, as --vault-id takes them, or names of such files
	Endpoint    string   `yaml:"endpoint"`    // another platform than the real one
	Lane        []string `yaml:"lane"`        // whose plays wait for each other; the owners that a playbook names if left out
	Hook        string   `yaml:"hook"`        // the secret of the web hook: env:NAME, file:PATH, or the NAME of NAME.hook in the folder of secrets
}

// A Playbook says when the playbooks of a project are played.
type Playbook struct {
	Project   string        `yaml:"project,required"`
	Files     string        `yaml:"files,required"` // a pattern: playbooks/*.yml
	Every     time.Duration `yaml:"every"`          // at most one of every and cron
	Cron      string        `yaml:"cron"`           // as the server takes it: five fields in UTC, @daily, …
	Jitter    time.Duration `yaml:"jitter"`
	Drift     time.Duration `yaml:"drift"` // how often a check looks whether there is something to do
	Ref       string        `yaml:"ref"`
	ExtraVars []string      `yaml:"extra_vars"`
	Allow     []string      `yaml:"allow"`
	Approve   []string      `yaml:"approve"`
	Prune     bool          `yaml:"prune"`
	Timeout   time.Duration `yaml:"timeout"`
	OnPush    bool          `yaml:"on_push"` // played when the web hook reports a push to ref
	Changed   []string      `yaml:"changed"` // only if the push changed one of these files or folders; patterns as files has them

	Place diagnostic.Place `yaml:"-"`
}

// A Worker is where a worker keeps things on its machine.
type Worker struct {
	Folder  string        `yaml:"folder"`   // repositories, state and logs; ~/.local/state/runner/fleet if left out
	Secrets string        `yaml:"secrets"`  // a folder: NAME.env holds credentials, NAME.vault a vault password
	KeepLog time.Duration `yaml:"keep_log"` // how long a log is kept; 30 days if left out
}

// Logs says in which bucket of an S3 server the logs of plays are kept; without a bucket each
// stays on the disk of its worker.
type Logs struct {
	Bucket      string `yaml:"bucket"`
	Credentials string `yaml:"credentials"` // the NAME of NAME.env in the worker's folder of secrets, or file:PATH
	Endpoint    string `yaml:"endpoint"`    // HOST, or http://HOST; CELLAR_ADDON_HOST of the credentials if left out
	Region      string `yaml:"region"`      // us-east-1 if left out
	Prefix      string `yaml:"prefix"`      // what names of logs begin with: fleet/
}

// A Serve is how `runner fleet serve` listens, and who may see and consent.
type Serve struct {
	Listen     string   `yaml:"listen"`      // HOST:PORT; 127.0.0.1:8480 if left out
	Cert       string   `yaml:"cert_file"`   // of the server itself; none where a proxy has it
	Key        string   `yaml:"key_file"`    // goes with cert_file
	UI         string   `yaml:"ui"`          // the address of the server's own pages, for links to runs
	Secrets    string   `yaml:"secrets"`     // the folder of the hooks' secrets; the worker's if left out
	Users      string   `yaml:"users_file"`  // who may see the page and consent: lines NAME:BCRYPT, as htpasswd -B writes them
	UserHeader string   `yaml:"user_header"` // the header in which a proxy says who a user is
	Proxies    []string `yaml:"proxies"`     // whose user_header is believed: addresses or networks; this machine if left out
}

// Risks are what somebody can consent to.
var Risks = []string{"delete", "replace", "migrate"}

// Read reads a file. Its error holds all mistakes, each with its place.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the settings of the fleet cannot be read: %w", err)
	}
	return Parse(path, string(text))
}

// Parse reads the text of a file. Its error is a *MistakesError.
func Parse(path, text string) (*File, error) {
	r := &reader{source: &diagnostic.Source{Name: path, Text: text}}
	f := &File{}
	r.document(f)
	r.check(f)
	if all := r.problems.All(); len(all) > 0 {
		slices.SortStableFunc(all, func(a, b *diagnostic.Problem) int {
			return cmp.Or(cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Col, b.Place.Col))
		})
		return nil, &MistakesError{all}
	}
	f.complete()
	return f, nil
}

// A MistakesError holds what is wrong with a file, in its order.
type MistakesError struct{ Problems []*diagnostic.Problem }

func (e *MistakesError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// complete puts defaults where nothing is said.
func (f *File) complete() {
	set := func(text *string, to string) {
		if *text == "" {
			*text = to
		}
	}
	set(&f.Server.Address, "127.0.0.1:7233")
	set(&f.Server.Namespace, "default")
	for name, p := range f.Projects {
		set(&p.Ref, "main")
		set(&p.Queue, name)
		f.Projects[name] = p
	}
	for i := range f.Playbooks {
		set(&f.Playbooks[i].Ref, f.Projects[f.Playbooks[i].Project].Ref)
	}
	set(&f.Serve.Listen, "127.0.0.1:8480")
	set(&f.Serve.Secrets, f.Worker.Secrets)
	if len(f.Serve.Proxies) == 0 {
		f.Serve.Proxies = []string{"127.0.0.0/8", "::1/128"}
	}
	if f.Worker.KeepLog == 0 {
		f.Worker.KeepLog = 30 * 24 * time.Hour
	}
}
