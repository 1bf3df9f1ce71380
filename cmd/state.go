package cmd

import (
	"errors"
	"os"
	"path/filepath"
)

// stateDir gives the folder in which this user's runs leave what later ones need:
// the emulator's state, locks, the history.
func (p *Program) stateDir() (string, error) {
	base := p.Getenv("XDG_STATE_HOME")
	if base == "" {
		home := p.Getenv("HOME")
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
