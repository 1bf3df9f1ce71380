package tasks

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
	"runner/marketplace/manifest"
)

// largestManifest is the most that a manifest may hold, in bytes.
const largestManifest = 1 << 20

// A paper is a manifest's text.
type paper struct {
	text  string
	file  *diagnostic.Source // where it was read from; nil: it stands in the playbook
	isMap bool               // it is written as a map
}

// paperOf returns the manifest that an argument names or is.
func paperOf(v engine.Value, dir string) (paper, error) {
	switch v := v.(type) {
	case *value.Map:
		return paper{text: format.JSON(v, format.JSONStyle{}), isMap: true}, nil
	case string:
		switch {
		case strings.TrimSpace(v) == "":
			return paper{}, errors.New("the manifest's path is empty")
		case isJSON(v):
			return paper{text: v}, nil
		}
		return readPaper(v, dir)
	}
	return paper{}, fmt.Errorf("a manifest is a path or a map, not %s", value.TypeName(v))
}

// isJSON reports whether an argument is the text of a manifest rather than a path.
func isJSON(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "{") }

func readPaper(name, dir string) (paper, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return paper{}, &diagnostic.Problem{Msg: fmt.Sprintf("there is no manifest %s", path), Hint: "runner vendor init writes one"}
	case err != nil:
		return paper{}, fmt.Errorf("the manifest cannot be read: %w", err)
	case info.IsDir():
		return paper{}, fmt.Errorf("%s is a folder, and a manifest a file in it", path)
	case !info.Mode().IsRegular() || info.Size() > largestManifest:
		return paper{}, fmt.Errorf("%s is no file of at most a mebibyte, so it is no manifest", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return paper{}, fmt.Errorf("the manifest cannot be read: %w", err)
	}
	if strings.HasPrefix(string(text), "$ANSIBLE_VAULT;") {
		return paper{}, &diagnostic.Problem{Msg: fmt.Sprintf("%s is vaulted, and is read here as it is", path),
			Hint: fmt.Sprintf(`let the lookup open it: manifest: "{{ lookup('file', '%s') }}"`, name)}
	}
	source := &diagnostic.Source{Name: path, Text: string(text), Secret: true} // no line of it is shown
	return paper{text: string(text), file: source}, nil
}

// secrets returns what must not be seen of the manifest, however wrong it is.
func (p paper) secrets() []string {
	m, _ := manifest.Read([]byte(p.text), manifest.Options{Dialect: manifest.Clever, Loopback: true})
	if m == nil {
		return nil
	}
	return m.Secrets()
}

// read reads the manifest, and reports what makes it unfit for the platform. One that
// leads to this machine is fit for a platform that is here too.
func (p paper) read(here bool, warn func(string)) (*manifest.Manifest, engine.Mistakes) {
	m, problems := manifest.Read([]byte(p.text), manifest.Options{Dialect: manifest.Clever, Loopback: here})
	var wrong engine.Mistakes
	for _, problem := range manifest.Errors(problems) {
		wrong = append(wrong, p.problem(problem))
	}
	if here && len(wrong) == 0 && manifest.IsLoopback(hostOf(m.Production.BaseURL)) {
		warn(fmt.Sprintf("the back-end of %q is on this machine: only a platform that is here too can reach it", m.ID))
	}
	return m, wrong
}

// problem adds to a problem the place where it stands: in its file, or in the playbook.
func (p paper) problem(problem manifest.Problem) error {
	out := &diagnostic.Problem{Msg: problem.Code + " " + problem.Message}
	if problem.Warning {
		out.Severity = diagnostic.Warning
	}
	switch {
	case p.file != nil:
		out.Place = diagnostic.Place{Source: p.file, Line: problem.Line, Col: problem.Column}
		return out
	case p.isMap:
		return engine.About(argumentOf(problem.Pointer), out)
	}
	out.Msg = "the manifest's text, " + problem.Error()
	return engine.About("manifest", out)
}

// argumentOf returns the argument that a pointer into the manifest leads to.
func argumentOf(pointer string) string {
	at := "manifest"
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(name); err == nil {
			at += "[" + name + "]"
		} else if name != "" {
			at += "." + strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		}
	}
	return at
}

// local reports whether a platform is on this machine: it is the emulator. The name
// of one inside this process ends in .invalid, which no name server knows (RFC 2606).
func local(endpoint string) bool {
	host := hostOf(endpoint)
	return manifest.IsLoopback(host) || strings.HasSuffix(host, ".invalid")
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
