package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"runner/atomicfile"
	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

func envFile(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "env_file",
		Full: "noa.clevercloud.env_file",
		Doc: "Writes variables to a file: those of one or several add-ons, or of maps. " +
			"The file is written whole or not at all, and changed only when something about it differs. A new one is readable by its owner only; one that is there keeps its owner, group, permissions and access list, unless mode says otherwise. " +
			"A value that the format cannot hold is refused, and the file stays as it was.",
		New: func() engine.Task { return &EnvFile{Format: "dotenv", taken: cloud.taken(), cloud: cloud} },
		Example: `- name: Look for the database
  noa.clevercloud.addon_info:
    addon: shop-db
  register: db

- name: Hand its variables over to the application
  noa.clevercloud.env_file:
    dest: shop.env
    from: "{{ db }}"
    strip_prefix: POSTGRESQL_ADDON_
    prefix: DB_
`,
		Returns: []engine.Return{
			{Name: "dest", Type: engine.TextParam, Doc: "the file"},
			{Name: "format", Type: engine.TextParam, Doc: "how it is written"},
			{Name: "mode", Type: engine.TextParam, Doc: "its permissions"},
			{Name: "names", Type: engine.ListParam, Doc: "the variables that were written, without their values"},
		},
	}
}

var (
	_ engine.ResourceUser = (*EnvFile)(nil)
	_ engine.Preflighter  = (*EnvFile)(nil)
	_ engine.Checker      = (*EnvFile)(nil)
	_ engine.Preflighter  = (*EnvFile)(nil)
)

// EnvFile writes variables to a file.
type EnvFile struct {
	Dest        string            `arg:"dest" required:"true" doc:"the file; a relative path starts beside the playbook"`
	From        engine.Value      `arg:"from" required:"true" written:"true" doc:"where the variables come from: what addon_register or addon_info registered, in a loop too, a map of names and values, or a list of these"`
	Format      string            `arg:"format" choices:"dotenv,json,k8s-secret,shell,yaml" default:"dotenv" doc:"how they are written: NAME='value' lines, a JSON object, a Kubernetes Secret, export lines for a shell, a YAML map"`
	For         string            `arg:"for" choices:"node,docker,compose,systemd,python,ruby,php,direnv,bash,make" doc:"who alone reads a dotenv file; left out, it is written as node, compose, python, ruby, bash and systemd all read it, and a value that one of them would misread is refused"`
	Name        string            `arg:"name" doc:"what a Secret is called; made of the file's name without its ending if left out"`
	Namespace   string            `arg:"namespace" doc:"the namespace of a Secret; none is named if left out"`
	StripPrefix string            `arg:"strip_prefix" doc:"what is taken off the beginning of each name that has it"`
	Rename      map[string]string `arg:"rename" doc:"new names for single variables, by their names at the source; neither prefix applies to them"`
	Prefix      string            `arg:"prefix" doc:"what is put before each name"`
	Mode        string            `arg:"mode" doc:"the file's permissions, in octal, such as 0640; left out, a new file has 0600 and another keeps its own"`
	Owner       string            `arg:"owner" doc:"the user who is to own the file, by name or number; left out, a new file is the writer's and another keeps its owner"`
	Group       string            `arg:"group" doc:"the group that is to own the file, by name or number"`

	taken func(path string) bool // see Cloud.Taken
	cloud *Cloud
}

// Resources names the file.
func (t *EnvFile) Resources() []engine.Resource {
	return []engine.Resource{{Path: t.Dest, File: true}}
}

// Check reports what cannot be written, as far as the playbook says what is.
func (t *EnvFile) Check(c *engine.Checking) {
	named(c, "dest", t.Dest, "the file")
	if strings.HasSuffix(t.Dest, "/") {
		c.Addf("dest", "%s is a folder: name a file in it", t.Dest)
	}
	_, err := modeOf(t.Mode)
	c.Add("mode", err)
	checkNumber(c, "owner", t.Owner)
	checkNumber(c, "group", t.Group)
	f := &envText{EnvFile: t, path: t.Dest}
	wrong := f.gather(withoutReading(t.From))
	if t.checkSecret(c) && c.Known("format", "for", "prefix", "strip_prefix", "rename", "name", "namespace") {
		wrong = append(wrong, f.write()...)
	}
	for _, one := range wrong {
		c.Add("", one)
	}
}

// checkSecret notes names that Kubernetes does not take, and reports whether all are fine.
func (t *EnvFile) checkSecret(c *engine.Checking) bool {
	if t.Format != "k8s-secret" {
		return true
	}
	var name, namespace error
	if t.Name != "" {
		name = clever.CheckSecretName(t.Name)
	}
	if t.Namespace != "" {
		namespace = clever.CheckNamespace(t.Namespace)
	}
	c.Add("name", name)
	c.Add("namespace", namespace)
	return name == nil && namespace == nil
}

// Plan compares the file with what is to be in it.
func (t *EnvFile) Plan(_ context.Context, h *engine.Host) (engine.Change, error) {
	if err := t.spares(h.Dir); err != nil {
		return engine.Change{}, engine.About("dest", err)
	}
	f := &envText{EnvFile: t, path: t.Dest}
	if err := f.readAccess(); err != nil {
		return engine.Change{}, err
	}
	if !filepath.IsAbs(f.path) {
		f.path = filepath.Join(h.Dir, f.path)
	}
	before, err := t.before(f.path)
	if err != nil {
		return engine.Change{}, engine.About("dest", err)
	}
	f.keep(before)
	u, unknown := value.HasUnknown(t.From) // a check, and the add-on is not there yet
	if !unknown && before != nil && before.unknown != nil {
		u, unknown = before.unknown, true
	}
	if unknown {
		return f.unknown(before, u), nil
	}
	if err := f.fill(h.Secrets); err != nil {
		return engine.Change{}, err
	}
	attrs := f.differences(before)
	change := engine.Change{Object: t.Dest, Attrs: attrs, Result: f.result()}
	if len(attrs) > 0 {
		change.Action = actionOn(before)
		change.Assume = func() { t.assume(f.path, f.after(before)) }
		change.Do = func(_ context.Context, h *engine.Host) (engine.Value, error) {
			return f.result(), engine.About("dest", f.put(h))
		}
	}
	return change, nil
}

// before returns the file that is there, or would be by what a check has planned so far; nil
// if there is none.
func (t *EnvFile) before(path string) (*onDisk, error) {
	if t.cloud != nil {
		if file, there, noted := t.cloud.planned.files.find("", filepath.Clean(path)); noted && there {
			return &file, nil
		}
	}
	return readBefore(path)
}

// assume notes what a check would make of a file.
func (t *EnvFile) assume(path string, after onDisk) {
	if t.cloud != nil {
		t.cloud.planned.files.put("", filepath.Clean(path), after)
	}
}

// after returns the file as it would be written.
func (f *envText) after(before *onDisk) onDisk {
	after := onDisk{text: f.text, mode: f.mode, uid: os.Getuid(), gid: os.Getgid()}
	if before != nil {
		after.uid, after.gid = before.uid, before.gid
	}
	if f.uid != nil {
		after.uid = *f.uid
	}
	if f.gid != nil {
		after.gid = *f.gid
	}
	return after
}

// unknown returns the change of a file of which only a run will show what is in it. That a
// file which is not there is written is known all the same.
func (f *envText) unknown(before *onDisk, u *value.Unknown) engine.Change {
	after := f.after(before)
	after.unknown = u
	res := f.result()
	res.Set("names", u)
	return engine.Change{Action: actionOn(before), Object: f.Dest, Unknown: before != nil, Result: res,
		Attrs: []engine.Attr{{Path: "content", After: u}}, Assume: func() { f.assume(f.path, after) }}
}

func actionOn(before *onDisk) engine.Action {
	if before == nil {
		return engine.Create
	}
	return engine.Update
}

// An envText is what one task writes.
type envText struct {
	*EnvFile
	path     string
	mode     fs.FileMode
	uid, gid *int // nil: as it is
	env      []clever.EnvVar
	at       map[string]string // where each variable comes from, by its name: "from.A"
	text     string
}

// fill gathers the variables and writes them in the format, in memory.
func (f *envText) fill(secrets *engine.Secrets) error {
	if err := f.gather(f.From).Err(); err != nil {
		return err
	}
	for _, v := range f.env {
		secrets.AddNamed(v.Name, v.Value)
	}
	return f.write().Err()
}

// write writes the variables in the format, in memory, and reports those that cannot be.
func (f *envText) write() engine.Mistakes {
	var wrong engine.Mistakes
	for _, v := range f.env {
		wrong.Add(f.at[v.Name], clever.WriteEnv(io.Discard, f.options(), []clever.EnvVar{v}))
	}
	var b strings.Builder
	if wrong == nil {
		wrong.Add("from", clever.WriteEnv(&b, f.options(), f.env))
	}
	f.text = b.String()
	return wrong
}

func (f *envText) options() clever.EnvOptions {
	o := clever.EnvOptions{Format: f.Format, Name: f.Name, Namespace: f.Namespace, For: f.For}
	if o.Name == "" {
		base := filepath.Base(f.path)
		o.Name = clever.SecretName(strings.TrimSuffix(base, filepath.Ext(base)))
	}
	return o
}

// differences names the variables that differ, without their values.
func (f *envText) differences(before *onDisk) []engine.Attr {
	var attrs []engine.Attr
	var text string
	if before != nil {
		text = before.text
	}
	if before == nil || text != f.text {
		for _, c := range clever.EnvChanges(text, f.options(), f.env) {
			a := engine.Attr{Path: c.Name, Secret: true}
			if c.Before {
				a.Before = engine.Masked
			}
			if c.After {
				a.After = engine.Masked
			}
			attrs = append(attrs, a)
		}
		if len(attrs) == 0 { // the order, or what stands around the variables
			attrs = append(attrs, engine.Attr{Path: "content", Before: sizeOf(before), After: fmt.Sprintf("%d bytes", len(f.text))})
		}
	}
	if before == nil {
		attrs = append(attrs, engine.Attr{Path: "mode", After: octal(f.mode)})
		if f.Owner != "" {
			attrs = append(attrs, engine.Attr{Path: "owner", After: f.Owner})
		}
		if f.Group != "" {
			attrs = append(attrs, engine.Attr{Path: "group", After: f.Group})
		}
		return attrs
	}
	if before.mode != f.mode {
		attrs = append(attrs, engine.Attr{Path: "mode", Before: octal(before.mode), After: octal(f.mode)})
	}
	if f.uid != nil && *f.uid != before.uid {
		attrs = append(attrs, engine.Attr{Path: "owner", Before: userName(before.uid), After: f.Owner})
	}
	if f.gid != nil && *f.gid != before.gid {
		attrs = append(attrs, engine.Attr{Path: "group", Before: groupName(before.gid), After: f.Group})
	}
	return attrs
}

func sizeOf(before *onDisk) engine.Value {
	if before == nil {
		return nil
	}
	return fmt.Sprintf("%d bytes", len(before.text))
}

func octal(mode fs.FileMode) string { return fmt.Sprintf("%04o", mode) }

func (f *envText) result() *value.Map {
	names := make([]engine.Value, 0, len(f.env))
	for _, v := range f.env {
		names = append(names, v.Name)
	}
	return value.MapOf("dest", f.Dest, "format", f.Format, "mode", octal(f.mode), "names", names)
}

// An onDisk is a file that is there already.
type onDisk struct {
	text     string
	mode     fs.FileMode
	uid, gid int            // -1 where the system has none
	unknown  *value.Unknown // what is in it only a run will show; nil: it is known
}

// largestEnvFile is the most that an existing file may hold: what is larger was
// not written by this kind.
const largestEnvFile = 64 << 20

// readBefore returns the file at a path, nil if there is none, and says what else
// stands there, or why nothing can.
func readBefore(path string) (*onDisk, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, checkFolder(filepath.Dir(path))
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("it cannot be looked at: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: name a file in it", path)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link, which writing would replace: name the file that it leads to", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: name another", path)
	case info.Size() > largestEnvFile:
		return nil, fmt.Errorf("%s is larger than %d MiB, so it is something else: name another file", path, largestEnvFile>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("it cannot be compared: %w", err)
	}
	uid, gid := atomicfile.Owner(info)
	return &onDisk{text: string(text), mode: info.Mode().Perm(), uid: uid, gid: gid}, nil
}

func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s: make it first", dir)
	case err != nil:
		return fmt.Errorf("it cannot be written: %w", err)
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", dir)
	}
	return nil
}

// Preflight checks that the file is not the one that the run's own credentials are in.
func (t *EnvFile) Preflight(_ context.Context, h *engine.Host, c *engine.Checking) error {
	if c.Known("dest") {
		c.Add("dest", t.spares(h.Dir))
	}
	return nil
}

// spares refuses to write the file that the credentials of the run are in.
func (t *EnvFile) spares(dir string) error {
	path := t.Dest
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if t.taken == nil || !t.taken(path) {
		return nil
	}
	return &diagnostic.Problem{Msg: fmt.Sprintf("%s holds the credentials of this run, and would lose them", t.Dest), Hint: "write another file, such as app.env"}
}
