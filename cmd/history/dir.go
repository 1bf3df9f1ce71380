// Package history keeps what later runs need to know of earlier ones: a journal of
// what each run did, and the lock that lets one run at a time play. It holds names,
// never values, and knows no platform.
package history

import (
	"errors"
	"os"
	"path/filepath"
)

// Dir returns the folder in which this user's runs leave what later ones need:
// the emulator's state, locks, the journal.
func Dir(getenv func(string) string) (string, error) {
	base := getenv("XDG_STATE_HOME")
	if base == "" {
		home := getenv("HOME")
		if home == "" {
			home, _ = os.UserHomeDir()
		}
		if home == "" {
			return "", errors.New("there is no home folder: set HOME or XDG_STATE_HOME")
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "runner"), nil
}
