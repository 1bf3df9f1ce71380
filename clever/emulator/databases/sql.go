package databases

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"runner/clever/emulator"
)

// ensuring writes what makes a role and its database, or changes them to what the
// instance says. Its words are plain: see there.
func ensuring(i emulator.Instance) string {
	limit := i.Connections
	if limit <= 0 {
		limit = -1
	}
	locale, cut := "", ""
	if name := i.Options["locale"]; name != "" {
		locale = fmt.Sprintf(` TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''%s'' LC_CTYPE ''%[1]s''`, name)
	}
	if i.Renewed {
		cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}';`
	}
	return strings.NewReplacer(
		"{user}", i.Facts["user"], "{database}", i.Facts["database"], "{password}", i.Facts["password"], "{limit}", fmt.Sprint(limit), "{locale}", locale,
	).Replace(cut + `
SET client_min_messages = error;
SELECT 'CREATE ROLE "{user}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \gexec
ALTER ROLE "{user}" LOGIN NOCREATEDB NOCREATEROLE PASSWORD '{password}' CONNECTION LIMIT {limit};
GRANT "{user}" TO CURRENT_USER;
SELECT 'CREATE DATABASE "{database}" OWNER "{user}"{locale}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \gexec
ALTER DATABASE "{database}" CONNECTION LIMIT {limit};
REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;
`)
}

// removing writes what drops them. The role goes first out of use, so that nobody
// comes back between the two.
func removing(i emulator.Instance) string {
	return strings.NewReplacer("{user}", i.Facts["user"], "{database}", i.Facts["database"]).Replace(`
SET client_min_messages = error;
SELECT 'ALTER ROLE "{user}" NOLOGIN' FROM pg_roles WHERE rolname = '{user}' \gexec
DROP DATABASE IF EXISTS "{database}" WITH (FORCE);
SELECT 'DROP OWNED BY "{user}"' FROM pg_roles WHERE rolname = '{user}' \gexec
DROP ROLE IF EXISTS "{user}";
`)
}

// run lets psql do it, as the role that manages the server. What is secret goes
// through its standard input and through files, never through its arguments.
func (p *postgres) run(ctx context.Context, sql string) error {
	_, err := p.ask(ctx, sql)
	return err
}

// ask does as run does, and returns what the statements answer.
func (p *postgres) ask(ctx context.Context, sql string) (string, error) {
	c := exec.CommandContext(ctx, filepath.Join(p.bin, "psql"), "--no-psqlrc", "--no-password", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
	c.Env = p.connection()
	if p.at != nil {
		remove, err := p.keepPassword(c)
		if err != nil {
			return "", err
		}
		defer remove()
	}
	confine(c, nil, syscall.SIGTERM)
	c.Stdin = strings.NewReader(sql)
	var said, answer bytes.Buffer
	c.Stdout, c.Stderr = &answer, &said
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, firstLine(said.String()))
	}
	return strings.TrimSpace(answer.String()), nil
}

// firstLine leaves out the lines that quote the statement.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// connection is where psql is to connect, as its environment.
func (p *postgres) connection() []string {
	if p.at == nil {
		return append(p.environ(), "PGHOST="+loopback, "PGPORT="+p.port, "PGUSER="+superuser, "PGDATABASE=postgres",
			"PGSSLMODE=require", "PGPASSFILE="+p.passfile())
	}
	host, port := p.address()
	env := append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGDATABASE="+strings.TrimPrefix(p.at.Path, "/"))
	if user := p.at.User.Username(); user != "" {
		env = append(env, "PGUSER="+user)
	}
	if mode := p.at.Query().Get("sslmode"); mode != "" {
		env = append(env, "PGSSLMODE="+mode)
	}
	return env
}

// keepPassword puts the password of an existing server into a file for psql.
func (p *postgres) keepPassword(c *exec.Cmd) (remove func(), err error) {
	password, ok := p.at.User.Password()
	if !ok { // psql looks in its own places
		return func() {}, nil
	}
	f, err := os.CreateTemp(p.dir, "existing-*.pgpass") // mode 0600
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.Remove(f.Name()) }
	_, err = f.WriteString("*:*:*:*:" + strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(password) + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
		return nil, err
	}
	c.Env = append(c.Env, "PGPASSFILE="+f.Name())
	return remove, nil
}

// parseURL reads the address of an existing server; there is none in "". Errors do
// not repeat it: there may be a password in it.
func parseURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgresql" && u.Scheme != "postgres" || u.Hostname() == "" {
		return nil, errors.New("--postgres takes a URL such as postgresql://admin@localhost:5432/postgres")
	}
	for name := range u.Query() {
		if name != "sslmode" {
			return nil, fmt.Errorf("--postgres knows no %q in its URL: set it for psql by its PG… variable", name)
		}
	}
	if password, _ := u.User.Password(); strings.ContainsAny(password, "\r\n") {
		return nil, errors.New("the password in --postgres has more than one line")
	}
	if u.Port() == "" {
		u.Host += ":5432"
	}
	u.Path = cmp.Or(strings.TrimPrefix(u.Path, "/"), "postgres")
	return u, nil
}
