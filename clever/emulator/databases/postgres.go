package databases

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"runner/clever/emulator"
)

// A postgres makes roles and databases in one server: its own, or an existing one.
type postgres struct {
	dir     string
	bin     string // the folder of its programs
	account *account

	mu     sync.Mutex
	at     *url.URL // an existing server; nil: its own
	server *child   // nil: its own one is not needed yet
	port   string   // of its own server
	closed bool
}

// superuser is the role that an own server is managed as.
const superuser = "postgres"

// settings of an own server: small, and fit for the connections of a few add-ons.
var settings = [...]string{
	"listen_addresses=" + loopback, "unix_socket_directories=", "ssl=on", "max_connections=200",
	"shared_buffers=32MB", "log_min_error_statement=panic", "password_encryption=scram-sha-256",
}

// findPostgres looks for the programs, and asks an existing server whether it
// answers. It returns nil if there are none.
func findPostgres(ctx context.Context, p *postgres, warn func(string)) (*postgres, error) {
	if p.at != nil {
		return p.existing(ctx, warn)
	}
	if p.bin = programs("initdb", "postgres", "psql"); p.bin == "" {
		warn("PostgreSQL is not on this machine, so the variables of postgresql-addon lead nowhere: apt-get install postgresql")
		return nil, nil
	}
	return p, nil
}

func (p *postgres) existing(ctx context.Context, warn func(string)) (*postgres, error) {
	if p.bin = programs("psql"); p.bin == "" {
		warn("psql is not on this machine, so the variables of postgresql-addon lead nowhere: apt-get install postgresql-client")
		return nil, nil
	}
	if err := p.run(ctx, "SELECT 1;"); err != nil {
		return nil, fmt.Errorf("the server of --postgres does not answer: %w", err)
	}
	return p, nil
}

// programs returns the folder that holds all of them: Debian's newest, else one of
// the search path; "" if there is none.
func programs(names ...string) string {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	major := func(folder string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		return n
	}
	slices.SortFunc(folders, func(a, b string) int { return major(b) - major(a) })
	for _, folder := range append(folders, filepath.SplitList(os.Getenv("PATH"))...) {
		missing := func(name string) bool {
			_, err := exec.LookPath(filepath.Join(folder, name))
			return err != nil
		}
		if filepath.IsAbs(folder) && !slices.ContainsFunc(names, missing) {
			return folder
		}
	}
	return ""
}

// Ensure makes the role and the database.
func (p *postgres) Ensure(ctx context.Context, i emulator.Instance) (map[string]string, error) {
	if err := plain(i.Facts["user"], i.Facts["database"], i.Facts["password"]); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.need(ctx, earlierPort(i.Facts)); err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	if err := p.haveLocale(ctx, i.Options["locale"]); err != nil {
		return nil, err
	}
	if err := p.run(ctx, ensuring(i)); err != nil {
		return nil, err
	}
	host, port := p.address()
	return map[string]string{"host": host, "port": port}, nil
}

// Size returns how large the database is.
func (p *postgres) Size(ctx context.Context, i emulator.Instance) (int64, error) {
	if err := plain(i.Facts["database"]); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.need(ctx, earlierPort(i.Facts)); err != nil {
		return 0, fmt.Errorf("PostgreSQL: %w", err)
	}
	text, err := p.ask(ctx, fmt.Sprintf("SELECT coalesce(sum(pg_database_size(datname)), 0) FROM pg_database WHERE datname = '%s';", i.Facts["database"]))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// Remove drops the role and the database.
func (p *postgres) Remove(ctx context.Context, i emulator.Instance) error {
	if err := plain(i.Facts["user"], i.Facts["database"]); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.need(ctx, earlierPort(i.Facts)); err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	return p.run(ctx, removing(i))
}

func (p *postgres) address() (host, port string) {
	if p.at == nil {
		return loopback, p.port
	}
	return p.at.Hostname(), p.at.Port()
}

// need sees to it that the server runs. Its data is made first, under another
// name, so that what is there is whole.
func (p *postgres) need(ctx context.Context, wanted string) error {
	if p.closed {
		return errClosed
	}
	if p.at != nil || p.server.running() {
		return nil
	}
	if p.port != "" { // it has ended meanwhile
		wanted = p.port
	}
	if _, err := os.Stat(p.data()); errors.Is(err, fs.ErrNotExist) {
		if err := p.initialise(ctx); err != nil {
			return err
		}
	}
	var err error
	for range 3 { // somebody may take the free port meanwhile
		if err = p.start(ctx, wanted); err == nil {
			return nil
		}
		wanted = anyPort
	}
	return err
}

func (p *postgres) data() string     { return filepath.Join(p.dir, "postgres") }
func (p *postgres) passfile() string { return filepath.Join(p.dir, "postgres.pgpass") }

// initialise makes the folder of a new server, with a password that stays in the
// folder beside it.
func (p *postgres) initialise(ctx context.Context) error {
	fresh := p.data() + ".new"
	password := rand.Text()
	secret := filepath.Join(fresh, "password")
	err := errors.Join(
		os.RemoveAll(fresh), os.Mkdir(fresh, 0o700), os.Mkdir(filepath.Join(fresh, "data"), 0o700),
		os.WriteFile(secret, []byte(password+"\n"), 0o600),
		p.account.own(fresh, filepath.Join(fresh, "data"), secret))
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), "--pgdata="+filepath.Join(fresh, "data"), "--username="+superuser,
		"--pwfile="+secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
	c.Dir, c.Env = fresh, p.environ()
	confine(c, p.account, syscall.SIGTERM)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, cause(string(out)))
	}
	if err := certify(fresh, p.account); err != nil {
		return err
	}
	if err := errors.Join(os.Remove(secret), os.WriteFile(p.passfile(), []byte("*:*:*:*:"+password+"\n"), 0o600)); err != nil {
		return err
	}
	return os.Rename(fresh, p.data())
}

// environ is all that the programs have to know of this process's environment.
func (p *postgres) environ() []string {
	return []string{"PATH=" + p.bin + ":/usr/bin:/bin", "LC_ALL=C", "LOCPATH=" + p.locales()}
}

func (p *postgres) start(ctx context.Context, wanted string) error {
	port, err := freePort(wanted)
	if err != nil {
		return err
	}
	data := filepath.Join(p.data(), "data")
	c := exec.Command(filepath.Join(p.bin, "postgres"), "-D", data, "-p", port) // not of ctx: it outlives the order
	for _, s := range settings {
		c.Args = append(c.Args, "-c", s)
	}
	c.Args = append(c.Args, "-c", "ssl_cert_file="+filepath.Join(p.data(), certificateFile), "-c", "ssl_key_file="+filepath.Join(p.data(), keyFile))
	c.Dir, c.Env = p.data(), p.environ()
	server, err := start(c, p.account, p.data()+pidSuffix, syscall.SIGINT)
	if err != nil {
		return err
	}
	if err := server.await(ctx, func() bool { return accepts(data, server.process.Pid) }); err != nil {
		return errors.Join(err, server.end())
	}
	p.server, p.port = server, port
	// Nobody but the databases' owners has a reason to connect.
	if err := p.run(ctx, "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;\n"); err != nil {
		return errors.Join(err, server.end())
	}
	return nil
}

// accepts reports whether the server of a process takes connections: it writes so
// into the eighth line of its own file.
func accepts(data string, pid int) bool {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	lines := strings.Split(string(text), "\n")
	return err == nil && len(lines) > 7 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

func (p *postgres) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return p.server.end()
}
