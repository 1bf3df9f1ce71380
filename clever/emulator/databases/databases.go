// Package databases puts real PostgreSQL databases and Redis servers behind the
// emulator's add-ons. It runs the programs that the machine has, on loopback
// ports only, and ends them when it is closed, when its process ends however
// that happens (on Linux), and else at the next Open of the same folder.
//
// The server is of the version that the machine has, whatever version an add-on
// was ordered in or is migrated to: its variables tell what was ordered.
//
// Data is deleted when its add-on is removed, and at no other time: what a process
// that was killed in the middle of an order left is not looked for, since a state
// file may have been put back meanwhile. Without its state file, the folder can go.
//
// # PostgreSQL
//
// One server holds all add-ons, each with a role and a database of its own that no
// other role may connect to. It listens on 127.0.0.1 with TLS (a certificate of its
// own making) and has no Unix socket. With Options.Postgres there is no server of
// its own: roles and databases are made in that one.
//
// # Redis
//
// Each add-on has a small server of its own, so that clients need no key prefix.
// Its user may do everything but reconfigure or stop the server.
//
// # Root
//
// PostgreSQL refuses to run as root. There, the servers run as the user postgres,
// or nobody, and their data lies below /var/lib/runner-emulator if that user cannot
// reach the folder.
//
// It knows servers and their data. Of the API it knows no more than what an add-on
// is ordered, changed and removed with.
package databases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"runner/clever/emulator"
)

// Options say where databases are.
type Options struct {
	// Dir is the folder for the servers' data; it is made. With "" it is a temporary
	// one, which Close removes.
	Dir string
	// Postgres is the URL of an existing server, as a role that may make roles and
	// databases; with "" there is one of its own.
	Postgres string
	// Warn is called, with a line each, for what cannot be had; it may not be nil.
	Warn func(text string)
}

var errClosed = errors.New("the databases are closed")

// Databases are the servers. They may be used by many goroutines.
type Databases struct {
	dir       string
	temporary bool
	postgres  *postgres // nil: not on this machine
	redis     *redis    // nil: not on this machine
}

// Open ends what an earlier process left running in the folder, and looks for the
// programs. Servers are started when they are first needed. A program that is
// missing is no error: Warn says which package has it.
func Open(ctx context.Context, o Options) (*Databases, error) {
	at, err := parseURL(o.Postgres)
	if err != nil {
		return nil, err
	}
	account, err := servant()
	if err != nil {
		return nil, err
	}
	d := &Databases{}
	if err := d.makeFolder(o.Dir, account); err != nil {
		return nil, err
	}
	if err := endOrphans(d.dir); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if d.postgres, err = findPostgres(ctx, &postgres{dir: d.dir, account: account, at: at}, o.Warn); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.redis = findRedis(d.dir, account, o.Warn)
	return d, nil
}

// makeFolder makes the folder, which nobody else may read.
func (d *Databases) makeFolder(dir string, a *account) error {
	var err error
	if dir == "" {
		d.temporary = true
		if d.dir, err = os.MkdirTemp("", "runner-databases-"); err == nil {
			err = os.Chmod(d.dir, a.mode())
		}
		return err
	}
	if d.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if a != nil && !reachable(filepath.Dir(d.dir)) {
		sum := sha256.Sum256([]byte(d.dir))
		d.dir = filepath.Join("/var/lib/runner-emulator", hex.EncodeToString(sum[:8]))
		if err := os.MkdirAll(filepath.Dir(d.dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(d.dir, a.mode()); err != nil {
		return fmt.Errorf("the folder for databases cannot be made: %w", err)
	}
	return os.Chmod(d.dir, a.mode())
}

// reachable reports whether everyone may go through a folder and all above it.
func reachable(dir string) bool {
	for {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// Dir is where the data is.
func (d *Databases) Dir() string { return d.dir }

// Backings are for emulator.Options: they lack the providers whose programs are
// missing.
func (d *Databases) Backings() map[string]emulator.Backing {
	all := map[string]emulator.Backing{}
	if d.postgres != nil {
		all["postgresql-addon"] = d.postgres
	}
	if d.redis != nil {
		all["redis-addon"] = d.redis
	}
	return all
}

// Close ends the servers, and keeps their data unless the folder is temporary.
func (d *Databases) Close() error {
	var problems []error
	if d.postgres != nil {
		problems = append(problems, d.postgres.close())
	}
	if d.redis != nil {
		problems = append(problems, d.redis.close())
	}
	if d.temporary {
		problems = append(problems, os.RemoveAll(d.dir))
	}
	return errors.Join(problems...)
}
