package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"runner/marketplace/manifest"
)

// calls returns the marketplace's way to a stall.
func (s *stall) calls(t *testing.T) *manifest.Backend {
	line := manifest.NewTransport(manifest.TransportOptions{Loopback: true})
	t.Cleanup(line.Close)
	return &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: line}
}

func order(d manifest.Dialect, plan string) manifest.Order {
	return manifest.Order{Key: manifest.NewKey(d), Plan: plan, Region: d.DefaultRegion(), OwnerName: `Zoë's <Shop>`, Callback: "https://callback.invalid/x"}
}

// replaced returns a URL with another database, or another password.
func replaced(t *testing.T, address, database, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if database != "" {
		u.Path = "/" + database
	}
	if password != "" {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String()
}

// TestLife: what a customer orders works, for its owner alone, as far as the plan
// goes, until it is removed; whether the administrator is a superuser or not.
func TestLife(t *testing.T) {
	admin := server(t)
	if _, err := ask(t, admin, "SELECT 'x' FROM pg_roles WHERE rolname = 'seller'"); errors.Is(err, pgx.ErrNoRows) {
		conn, err := pgx.Connect(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), "CREATE ROLE seller LOGIN CREATEROLE CREATEDB PASSWORD 'for-tests'; GRANT CONNECT ON DATABASE postgres TO seller")
		if err = errors.Join(err, conn.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	for name, address := range map[string]string{"superuser": admin, "seller": strings.Replace(replaced(t, admin, "", "for-tests"), "postgres:", "seller:", 1)} {
		t.Run(name, func(t *testing.T) { lives(t, admin, start(t, manifest.Clever, t.TempDir(), address)) })
	}
}

func lives(t *testing.T, admin string, s *stall) {
	t.Helper()
	b, o, other := s.calls(t), order(manifest.Clever, "small"), order(manifest.Clever, "small")
	mine, err := b.Provision(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := b.Provision(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	address, name := mine.Config["PGSHOP_URL"], "addon_"+mine.ID
	says := func(what, address, query, want string) {
		t.Helper()
		if got, err := ask(t, address, query); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
	bars := func(what, address, want string) {
		t.Helper()
		if got, err := ask(t, address, "SELECT 'in'"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
	const limits = "SELECT datconnlimit || ' ' || rolconnlimit FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user"
	says("its own database", address, "SELECT current_user || ' in ' || current_database()", name+" in "+name)
	says("no rights over the server", address, "SELECT (rolsuper OR rolcreatedb OR rolcreaterole)::text FROM pg_roles WHERE rolname = current_user", "false")
	says("its limits", address, limits, "5 5")
	bars("another's database", replaced(t, address, "addon_"+theirs.ID, ""), "permission denied for database")
	bars("the administrator's database", replaced(t, address, "postgres", ""), "permission denied for database")
	bars("another's password", replaced(t, address, "", theirs.Config["PGSHOP_PASSWORD"]), "password authentication failed")
	if _, err := b.ChangePlan(t.Context(), mine.ID, o, "large"); err != nil {
		t.Error(err)
	}
	says("its limits after a change of plan", address, limits, "50 50")

	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE goods AS SELECT 'tea' AS name"); err != nil {
		t.Error(err)
	}
	says("a table of its own", address, "SELECT name FROM goods", "tea")
	shows(t, s, mine)
	elsewhere := occupies(t, admin, address, name)
	if _, err := b.Deprovision(t.Context(), mine.ID, o); err != nil {
		t.Error(err)
	}
	if conn.Ping(t.Context()) == nil || elsewhere.Ping(t.Context()) == nil {
		t.Error("a connection outlives the database")
	}
	bars("after its removal", address, "password authentication failed")
	says("the other, after that", theirs.Config["PGSHOP_URL"], "SELECT 'there'", "there")
	if _, err := b.Deprovision(t.Context(), theirs.ID, other); err != nil {
		t.Error(err)
	}
	says("what is left", admin, left, "0 0")
}

// occupies does what a customer may who wants to stay for ever: he makes a
// template of his database, and leaves something of his in one that is open to all,
// to which he stays connected.
func occupies(t *testing.T, admin, address, name string) *pgx.Conn {
	t.Helper()
	for _, one := range []struct{ at, statement string }{
		{address, "ALTER DATABASE " + name + " IS_TEMPLATE true"},
		{admin, "DROP DATABASE IF EXISTS square"},
		{admin, "CREATE DATABASE square"},
	} {
		conn, err := pgx.Connect(t.Context(), one.at)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), one.statement)
		if err = errors.Join(err, conn.Close(t.Context())); err != nil {
			t.Fatalf("%s: %v", one.statement, err)
		}
	}
	conn, err := pgx.Connect(t.Context(), replaced(t, address, "square", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "SELECT lo_create(0)"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// left counts roles and databases of add-ons.
const left = "SELECT (SELECT count(*) FROM pg_roles WHERE rolname ~ '^addon_') || ' ' || (SELECT count(*) FROM pg_database WHERE datname ~ '^addon_')"

// shows holds the page of an add-on to what it shows, and to what it does not.
func shows(t *testing.T, s *stall, r *manifest.Resource) {
	t.Helper()
	in, err := s.m.SignIn(s.m.Test, manifest.Login{ID: r.ID, UserID: "user_x", Email: "zoe@example.test"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	read := func(resp *http.Response, err error) (string, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%d, %v", resp.StatusCode, err)
		}
		return string(text), resp.Request.URL.String()
	}
	page, at := read(browser.PostForm(in.URL, in.Form))
	for _, want := range []string{"addon_" + r.ID, `id="plan">large<`, " of 50<", "MiB<", "Zoë&#39;s &lt;Shop&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, r.Config["PGSHOP_PASSWORD"]) {
		t.Error("nobody asked for the password")
	}
	if page, _ = read(browser.PostForm(at, nil)); !strings.Contains(page, r.Config["PGSHOP_PASSWORD"]) {
		t.Errorf("the password is not on the page:\n%s", page)
	}
}

// TestKilled: the program is killed while the server makes a database. The order
// that is repeated returns the one that was begun, and there is no other.
func TestKilled(t *testing.T) {
	admin := server(t)
	for _, d := range []manifest.Dialect{manifest.Clever, manifest.HerokuV3} {
		dir, o := t.TempDir(), order(d, "small")
		s := start(t, d, dir, admin)
		release := hold(t, admin)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { _, err := s.calls(t).Provision(ctx, o); ended <- err }()
		begun := waiting(t, admin)
		if err := s.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.Wait()
		cancel()
		if err := <-ended; err == nil {
			t.Error("the order was answered")
		}
		release()

		s = start(t, d, dir, admin)
		b := s.calls(t)
		r, err := b.Provision(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if "addon_"+r.ID != begun {
			t.Errorf("%s became %s", begun, r.ID)
		}
		if got, err := ask(t, r.Config["PGSHOP_URL"], "SELECT current_database()"); got != begun {
			t.Errorf("it leads to %q, %v", got, err)
		}
		if n, err := ask(t, admin, left); n != "1 1" {
			t.Errorf("roles and databases: %s, %v", n, err)
		}
		if _, err := b.Deprovision(t.Context(), r.ID, o); err != nil {
			t.Error(err)
		}
		if n, err := ask(t, admin, left); n != "0 0" {
			t.Errorf("roles and databases that are left: %s, %v", n, err)
		}
		s.end(t)
	}
}

// hold keeps the server from making databases: their list is locked.
func hold(t *testing.T, admin string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE pg_database IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = conn.Close(context.Background()) }
}

// waiting returns the database that the server is about to make, as soon as there is
// such a one.
func waiting(t *testing.T, admin string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for {
		var name string
		err := conn.QueryRow(t.Context(), `SELECT substring(query FROM '^CREATE DATABASE "([^"]*)"') FROM pg_stat_activity WHERE query ~ '^CREATE DATABASE' AND state = 'active'`).Scan(&name)
		if err == nil {
			return name
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
	}
}

// TestUsage: what cannot work is reported before anything is ordered, without a secret.
func TestUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	manifest := written(t, manifest.Clever, dir, "127.0.0.1:1")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	other := func(name, old, changed string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, changed, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const nobody = "postgresql://admin:hidden@127.0.0.1:1/postgres"
	for _, c := range []struct {
		want string
		args []string
	}{
		{"which server? give --postgres or VENDOR_POSTGRES", []string{"--manifest", manifest}},
		{"the server is given as a URL", []string{"--manifest", manifest, "--postgres", "localhost"}},
		{"the server cannot be used", []string{"--manifest", manifest, "--postgres", nobody}},
		{"runner vendor init writes a manifest", []string{"--manifest", filepath.Join(dir, "none"), "--postgres", nobody}},
		{"runner vendor validate shows where it is wrong", []string{"--manifest", other("id", `"pgshop"`, `"PG shop"`), "--postgres", nobody}},
		{"declares PGSHOP_COLOUR, and nobody knows", []string{"--manifest", other("vars", "PGSHOP_HOST", "PGSHOP_COLOUR"), "--postgres", nobody}},
		{`"small" is no NAME=CONNECTIONS`, []string{"--manifest", manifest, "--postgres", nobody, "--plans", "small"}},
		{"small is there twice", []string{"--manifest", manifest, "--postgres", nobody, "--plans", "small=1,small=2"}},
		{"--env is production or test", []string{"--env", "staging"}},
		{`no dialect "klingon"`, []string{"--manifest", manifest, "--postgres", nobody, "--dialect", "klingon"}},
		{`"more" is one too many`, []string{"more"}},
		{"flag provided but not defined: -colour", []string{"--colour"}},
		{"say with --public where customers reach it", []string{"--manifest", manifest, "--postgres", "postgresql:///postgres?host=/run/postgresql"}},
	} {
		var out, problems bytes.Buffer
		err := run(t.Context(), c.args, func(string) string { return "" }, &out, &problems)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+problems.String(), "hidden") {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, func(string) string { return "" }, &out, io.Discard); err != nil || !strings.HasPrefix(out.String(), "usage: vendor-postgres") {
		t.Errorf("--help: %v, %q", err, out.String())
	}
}

// TestSecretsOfTheEnvironment: a manifest may be kept without them.
func TestSecretsOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(written(t, manifest.Clever, dir, "127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := manifest.Read(text, manifest.Options{Dialect: manifest.Clever})
	bare := strings.NewReplacer(whole.Password, "", whole.SSOSalt, "").Replace(string(text))
	file := filepath.Join(dir, "bare.json")
	if err := os.WriteFile(file, []byte(bare), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	read := func() (*manifest.Manifest, error) {
		return readManifest(options{manifest: file, dialect: "clever"}, func(name string) string { return env[name] }, io.Discard)
	}
	if _, err := read(); err == nil {
		t.Error("a manifest without secrets was taken")
	}
	env["VENDOR_PASSWORD"], env["VENDOR_SSO_SALT"] = whole.Password, whole.SSOSalt
	if m, err := read(); err != nil || m.Password != whole.Password || m.SSOSalt != whole.SSOSalt {
		t.Errorf("%v", err)
	}
	env["VENDOR_PASSWORD"] = "short"
	if _, err := read(); err == nil {
		t.Error("a weak password was taken")
	}
}
