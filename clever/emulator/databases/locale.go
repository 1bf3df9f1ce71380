package databases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runner/clever/emulator"
	"strings"
)

// localeName is the form of a locale's name: en_GB, de_DE.UTF-8, sr_RS@latin.
var localeName = regexp.MustCompile(`^[A-Za-z]{2,3}(_[A-Z]{2})?(\.[A-Za-z0-9-]{1,20})?(@[a-z]{1,20})?$`)

// haveLocale sees to it that an own server knows a locale: it is made from its source,
// as UTF-8, into a folder beside the data. An existing server knows its own.
func (p *postgres) haveLocale(ctx context.Context, name string) error {
	switch {
	case name == "" || name == "C" || name == "POSIX":
		return nil
	case !localeName.MatchString(name):
		return &emulator.OptionError{Option: "locale", Why: fmt.Sprintf("%q is no name of a locale: write en_GB, fr_FR", name)}
	case p.at != nil:
		return nil
	}
	made := filepath.Join(p.locales(), name)
	if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	program, err := exec.LookPath("localedef")
	if err != nil {
		return &emulator.OptionError{Option: "locale", Why: name + " cannot be made without localedef: apt-get install libc-bin locales"}
	}
	if err := errors.Join(os.MkdirAll(p.locales(), 0o755), os.Chmod(p.locales(), 0o755)); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(p.locales(), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	source, charset := sourceOf(name)
	target := filepath.Join(fresh, name)
	out, _ := exec.CommandContext(ctx, program, "--quiet", "--inputfile="+source, "--charmap="+charset, target).CombinedOutput()
	if _, missing := os.Stat(filepath.Join(target, "LC_COLLATE")); missing != nil { // warnings are no error
		return &emulator.OptionError{Option: "locale", Why: fmt.Sprintf("%s is not known to this machine (%s): apt-get install locales, or choose another one", name, cause(string(out)))}
	}
	return os.Rename(target, made)
}

// sourceOf returns the names of a locale's source, and of the UTF-8 that it is made in:
// databases are UTF-8.
func sourceOf(name string) (source, charset string) {
	base, modifier, modified := strings.Cut(name, "@")
	base, _, _ = strings.Cut(base, ".")
	if modified {
		base += "@" + modifier
	}
	return base, "UTF-8"
}

func (p *postgres) locales() string { return filepath.Join(p.dir, "locales") }
