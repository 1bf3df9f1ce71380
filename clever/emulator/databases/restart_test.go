package databases_test

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/clever/emulator"
	"runner/clever/emulator/databases"
)

// TestRestart: the data is there again, at the same address unless somebody else
// took it, which the variables tell.
func TestRestart(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql", "redis-server", "redis-cli")
	dir := folder(t)
	s := begin(t, dir, "")
	a, b := s.order(t, "postgresql-addon", "dev").ID, s.order(t, "redis-addon", "s_mono").ID
	database, cache := s.env(t, a), s.env(t, b)
	if got, ok := sql(t, database["POSTGRESQL_ADDON_URI"], "create table goods (name text)"); !ok {
		t.Fatal(got)
	}
	redis(t, cache["REDIS_URL"], "SET", "goods", "tea")
	s.end(t)
	if got, ok := sql(t, database["POSTGRESQL_ADDON_URI"], "select 1"); ok || !strings.Contains(got, "Connection refused") {
		t.Errorf("after the end: %q", got)
	}

	s = begin(t, dir, "")
	if diff := cmp.Diff([]map[string]string{database, cache}, []map[string]string{s.env(t, a), s.env(t, b)}); diff != "" {
		t.Errorf("other variables:\n%s", diff)
	}
	s.end(t)

	for _, port := range []string{database["POSTGRESQL_ADDON_PORT"], cache["REDIS_PORT"]} {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	s = begin(t, dir, "")
	if got := s.env(t, a)["POSTGRESQL_ADDON_PORT"]; got == database["POSTGRESQL_ADDON_PORT"] {
		t.Errorf("the database is said to be at port %s, where somebody else is", got)
	}
	if got, ok := sql(t, s.env(t, a)["POSTGRESQL_ADDON_URI"], "select count(*) from goods"); !ok || got != "0" {
		t.Errorf("at its new port the database says %q", got)
	}
	if got := redis(t, s.env(t, b)["REDIS_URL"], "GET", "goods"); got != "tea" {
		t.Errorf("at its new port the cache says %q", got)
	}
}

// TestManyAtOnce: orders and removals do not get in each other's way.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql", "redis-server", "redis-cli")
	s := begin(t, folder(t), "")
	plans := map[string]string{"postgresql-addon": s.plan(t, "postgresql-addon", "dev"), "redis-addon": s.plan(t, "redis-addon", "s_mono")}
	var all errgroup.Group
	for provider, plan := range plans {
		for i := range 8 {
			all.Go(func() error {
				a, err := s.client.Create(t.Context(), s.owner(), clever.CreateRequest{
					Name: fmt.Sprint(provider, i), ProviderID: provider, Plan: plan, Region: "par"}, "")
				if err == nil && i%2 == 1 {
					err = s.client.Delete(t.Context(), s.owner(), a.ID)
				}
				return err
			})
		}
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, a := range s.Addons(s.owner()) {
		env := s.env(t, a.ID)
		if uri := env["POSTGRESQL_ADDON_URI"]; uri != "" {
			if got, ok := sql(t, uri, "select count(*) from pg_database where datname ~ '^b.{19}$'"); !ok || got != "4" {
				t.Errorf("%s: %q, want the four databases that are left", a.Name, got)
			}
		} else if got := redis(t, env["REDIS_URL"], "PING"); got != "PONG" {
			t.Errorf("%s: %q", a.Name, got)
		}
	}
	if len(s.warnings) > 0 {
		t.Errorf("warned %q", s.warnings)
	}
}

// TestOpenSession: who is connected keeps nobody from removing the add-on.
func TestOpenSession(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql")
	s := begin(t, folder(t), "")
	a := s.order(t, "postgresql-addon", "dev")
	var said strings.Builder
	c := exec.CommandContext(t.Context(), "psql", "-X", "-w", "-A", "-t", s.env(t, a.ID)["POSTGRESQL_ADDON_URI"])
	c.Stderr = &said
	ask, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(ask, "select 1;")
	if line, err := bufio.NewReader(answers).ReadString('\n'); line != "1\n" {
		t.Fatalf("it answers %q, %v", line, err)
	}
	s.remove(t, a.ID)
	fmt.Fprintln(ask, "select 2;")
	ask.Close()
	if err := c.Wait(); err == nil || !strings.Contains(said.String(), "terminating connection") {
		t.Errorf("the session ended with %v, %q", err, said.String())
	}
	if len(s.warnings) > 0 {
		t.Errorf("warned %q", s.warnings)
	}
}

// TestLateMigration: what the new plan allows comes when the migration is over.
func TestLateMigration(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql")
	s := begin(t, folder(t), "")
	a := s.order(t, "postgresql-addon", "dev")
	if err := s.Fail(emulator.Fault{Kind: emulator.MigrationLate, Wait: time.Hour}); err != nil {
		t.Fatal(err)
	}
	to := clever.MigrationRequest{PlanID: s.plan(t, "postgresql-addon", "xxs_sml"), Region: "par"}
	if _, err := s.client.StartMigration(t.Context(), s.owner(), a.ID, to); err != nil {
		t.Fatal(err)
	}
	const limit = "select rolconnlimit from pg_roles where rolname = current_user"
	if got, _ := sql(t, s.env(t, a.ID)["POSTGRESQL_ADDON_URI"], limit); got != "5" {
		t.Errorf("while it migrates its limit is %q", got)
	}
	s.passed.Store(int64(time.Hour))
	if got, _ := sql(t, s.env(t, a.ID)["POSTGRESQL_ADDON_URI"], limit); got != "45" {
		t.Errorf("when it has migrated its limit is %q", got)
	}
}

// TestExistingServer: roles and databases are made in the server that is named, and
// removed from it.
func TestExistingServer(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql")
	dir := folder(t)
	host := begin(t, dir, "")
	at := host.env(t, host.order(t, "postgresql-addon", "dev").ID)["POSTGRESQL_ADDON_PORT"]
	line, err := os.ReadFile(filepath.Join(dir, "databases", "postgres.pgpass"))
	if err != nil {
		t.Fatal(err)
	}
	password := strings.TrimSpace(strings.TrimPrefix(string(line), "*:*:*:*:"))
	server := "postgresql://postgres:" + password + "@127.0.0.1:" + at + "/postgres?sslmode=require"

	s := begin(t, folder(t), server)
	a := s.order(t, "postgresql-addon", "dev")
	uri := s.env(t, a.ID)["POSTGRESQL_ADDON_URI"]
	if got, ok := sql(t, uri, "select inet_server_port()"); !ok || got != at {
		t.Errorf("the database is at port %q, want %s", got, at)
	}
	s.remove(t, a.ID)
	if got, ok := sql(t, server, "select count(*) from pg_database where datname ~ '^b.{19}$'"); !ok || got != "1" {
		t.Errorf("it has %q databases of add-ons, want the first one", got)
	}
	if got, ok := sql(t, server, "select count(*) from pg_roles where rolname ~ '^u.{19}$'"); !ok || got != "1" {
		t.Errorf("it has %q roles of add-ons, want the first one", got)
	}
}

// TestBadServer: what is wrong with --postgres is reported without its password.
func TestBadServer(t *testing.T) {
	t.Parallel()
	needs(t, "psql")
	for at, want := range map[string]string{
		"localhost":                                        "--postgres takes a URL",
		"mysql://admin:hidden@localhost":                   "--postgres takes a URL",
		"postgresql://admin:hidden@[localhost":             "--postgres takes a URL",
		"postgresql://admin:hidden@localhost/?options=-c":  `--postgres knows no "options"`,
		"postgresql://admin:hid%0Aden@localhost":           "more than one line",
		"postgresql://admin:hidden@127.0.0.1:1/postgres":   "the server of --postgres does not answer: psql",
		"postgresql://admin@127.0.0.1:1?sslmode=verify-ca": "the server of --postgres does not answer: psql",
	} {
		_, err := databases.Open(t.Context(), databases.Options{Dir: folder(t), Postgres: at, Warn: func(string) {}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", at, err, want)
		}
	}
}

// TestMissingProgram: one line names the package, and the add-ons get the variables
// that they have without databases.
func TestMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := begin(t, folder(t), "")
	if got := strings.Join(s.warnings, "\n"); !strings.Contains(got, "apt-get install redis-server") || strings.Contains(strings.TrimSpace(s.warnings[len(s.warnings)-1]), "\n") {
		t.Errorf("warned %q", got)
	}
	env := s.env(t, s.order(t, "redis-addon", "s_mono").ID)
	if !strings.HasSuffix(env["REDIS_HOST"], "-redis.services.clever-cloud.com") {
		t.Errorf("its host is %q", env["REDIS_HOST"])
	}
}

// TestHandWritten: words in a state file that would be commands are refused.
func TestHandWritten(t *testing.T) {
	d, err := databases.Open(t.Context(), databases.Options{Dir: folder(t), Warn: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	good := map[string]string{"user": "u1", "database": "b1", "password": "p1", "host": "", "port": ""}
	for provider, b := range d.Backings() {
		for _, bad := range []string{"", `x"; DROP ROLE postgres; --`, "x\nrename-command PING X", "../../x"} {
			facts := maps.Clone(good)
			facts["password"], facts["user"] = bad, bad
			if _, err := b.Ensure(t.Context(), emulator.Instance{Addon: "addon_1", Facts: facts}); err == nil {
				t.Errorf("%s took %q", provider, bad)
			}
			if err := b.Remove(t.Context(), emulator.Instance{Addon: bad, Facts: facts}); err == nil {
				t.Errorf("%s removed %q", provider, bad)
			}
		}
	}
}

// TestOrphans: what a killed process left running is ended, and nothing else is.
func TestOrphans(t *testing.T) {
	needs(t, "sleep")
	sleeper := func() (*exec.Cmd, string) {
		c := exec.CommandContext(t.Context(), "sleep", "600")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c, databases.Born(c.Process.Pid)
	}
	orphan, born := sleeper()
	if born == "" {
		t.Skip("this system does not tell when a process was started")
	}
	stranger, _ := sleeper()
	dir := folder(t)
	for name, note := range map[string]string{
		"postgres.pid": databases.Note(orphan.Process.Pid, born),
		"redis-1.pid":  databases.Note(stranger.Process.Pid, "12"),
		"redis-2.pid":  "nonsense",
		"redis-3.pid":  databases.Note(1, databases.Born(1)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(note), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := databases.Open(t.Context(), databases.Options{Dir: dir, Warn: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := orphan.Wait(); err == nil || err.Error() != "signal: interrupt" {
		t.Errorf("the orphan: %v", err)
	}
	if databases.Born(stranger.Process.Pid) == "" {
		t.Error("another process was ended")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.pid")); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	_ = stranger.Process.Kill()
	_ = stranger.Wait()
}
