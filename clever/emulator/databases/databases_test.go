package databases_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runner/clever"
	"runner/clever/emulator"
	"runner/clever/emulator/databases"
)

// A stage is an emulator whose databases work.
type stage struct {
	*emulator.Emulator
	client    *clever.Client
	databases *databases.Databases
	warnings  []string
	passed    atomic.Int64 // how much later it is for the emulator than outside
}

// folder returns one that the servers' user can reach where the tests run as root. It
// is in memory where there is room: a new server writes a thousand files.
func folder(t testing.TB) string {
	t.Helper()
	within := ""
	if roomy("/dev/shm") {
		within = "/dev/shm"
	}
	dir, err := os.MkdirTemp(within, "databases-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// roomy reports whether a folder's file system has a gibibyte left, enough for the
// servers of all tests: a container's /dev/shm may be small.
func roomy(dir string) bool {
	var kibibytes int
	table, _ := exec.Command("df", "-Pk", dir).Output()
	_, row, _ := strings.Cut(string(table), "\n")
	n, _ := fmt.Sscanf(row, "%s %d %d %d", new(string), new(int), new(int), &kibibytes)
	return n == 4 && kibibytes >= 1<<20
}

// needs skips where the real programs are missing.
func needs(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if _, err := exec.LookPath(name); err != nil && len(found) == 0 {
			t.Skipf("there is no %s: apt-get install postgresql redis-server", name)
		}
	}
}

// begin starts an emulator whose state, and whose databases, are in dir.
func begin(t testing.TB, dir, postgres string) *stage {
	t.Helper()
	s := &stage{}
	warn := func(text string) { s.warnings = append(s.warnings, text) }
	var err error
	s.Emulator, err = emulator.New(emulator.Options{
		State: filepath.Join(dir, "state.json"), Warn: warn,
		Now: func() time.Time { return time.Now().Add(time.Duration(s.passed.Load())) },
		Behind: func() (map[string]emulator.Backing, error) {
			s.databases, err = databases.Open(t.Context(), databases.Options{Dir: filepath.Join(dir, "databases"), Postgres: postgres, Warn: warn})
			if err != nil {
				return nil, err
			}
			return s.databases.Backings(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(t) })
	ck, cs, token, secret := s.Credentials()
	s.client, err = clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: s.Transport(),
		Credentials: clever.Credentials{ConsumerKey: ck, ConsumerSecret: cs, Token: token, Secret: secret}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) end(t testing.TB) {
	t.Helper()
	if err := s.databases.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func (s *stage) owner() string { return s.Organisations()[0] }

// plan finds a plan's id by its slug.
func (s *stage) plan(t testing.TB, provider, slug string) string {
	t.Helper()
	offered, err := s.client.Catalogue(t.Context(), s.owner())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range offered.Providers {
		for _, pl := range p.Plans {
			if p.ID == provider && pl.Slug == slug {
				return pl.ID
			}
		}
	}
	t.Fatalf("no plan %s of %s", slug, provider)
	return ""
}

func (s *stage) order(t testing.TB, provider, plan string) clever.Addon {
	t.Helper()
	a, err := s.client.Create(t.Context(), s.owner(), clever.CreateRequest{
		Name: t.Name(), ProviderID: provider, Plan: s.plan(t, provider, plan), Region: "par"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *stage) env(t testing.TB, id string) map[string]string {
	t.Helper()
	list, err := s.client.Env(t.Context(), s.owner(), id)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, v := range list {
		env[v.Name] = v.Value
	}
	return env
}

func (s *stage) remove(t testing.TB, id string) {
	t.Helper()
	if err := s.client.Delete(t.Context(), s.owner(), id); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) migrate(t testing.TB, a clever.Addon, plan string) {
	t.Helper()
	m, err := s.client.StartMigration(t.Context(), s.owner(), a.ID, clever.MigrationRequest{PlanID: s.plan(t, a.Provider.ID, plan), Region: "par"})
	if err == nil {
		err = s.client.WaitMigration(t.Context(), s.owner(), a.ID, m, func(clever.MigrationStep) {})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sql asks a database, and gives the answer, or what psql complained of.
func sql(t testing.TB, uri, statement string) (string, bool) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "psql", "-X", "-w", "-A", "-t", uri, "-c", statement)
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err == nil
}

// redis asks a server, and gives the answer.
func redis(t testing.TB, url string, words ...string) string {
	t.Helper()
	out, _ := exec.CommandContext(t.Context(), "redis-cli", append([]string{"--no-auth-warning", "-u", url}, words...)...).CombinedOutput()
	return strings.TrimSpace(string(out))
}

// TestPostgres: what is handed out works, for its owner, as far as the plan goes,
// until it is removed.
func TestPostgres(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql")
	s := begin(t, folder(t), "")
	small, other := s.order(t, "postgresql-addon", "dev"), s.order(t, "postgresql-addon", "xxs_sml")
	one, two := s.env(t, small.ID), s.env(t, other.ID)
	uri := one["POSTGRESQL_ADDON_URI"]
	works := func(name, uri, statement, want string) {
		t.Helper()
		if got, ok := sql(t, uri, statement); !ok || got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	refused := func(name, uri, statement, want string) {
		t.Helper()
		if got, ok := sql(t, uri, statement); ok || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want a refusal: %q", name, got, want)
		}
	}
	works("the one", uri, "select 1", "1")
	works("the other", two["POSTGRESQL_ADDON_URI"], "select 1", "1")
	works("a table", uri, "create table goods (name text); insert into goods values ('tea'); select name from goods", "CREATE TABLE\nINSERT 0 1\ntea")
	works("TLS", uri+"?sslmode=require", "select ssl from pg_stat_ssl where pid = pg_backend_pid()", "t")
	works("no rights over the server", uri, "select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = current_user", "f")
	works("its limit", uri, "select datconnlimit from pg_database where datname = current_database()", "5")
	if got := one["POSTGRESQL_ADDON_HOST"]; got != "127.0.0.1" {
		t.Errorf("it is at %s", got)
	}

	foreign := strings.Replace(uri, one["POSTGRESQL_ADDON_DB"], two["POSTGRESQL_ADDON_DB"], 1)
	refused("another's database", foreign, "select 1", "permission denied for database")
	refused("the server's own database", strings.Replace(uri, one["POSTGRESQL_ADDON_DB"], "postgres", 1), "select 1", "permission denied for database")
	refused("another password", strings.Replace(uri, one["POSTGRESQL_ADDON_PASSWORD"], "wrong", 1), "select 1", "password authentication failed")
	refused("files of the server", uri, "copy goods to program 'id'", "must be superuser")

	// A migration changes the password, and ends the connections.
	held := exec.CommandContext(t.Context(), "psql", "-X", "-w", uri, "-c", "select pg_sleep(60)")
	if err := held.Start(); err != nil {
		t.Fatal(err)
	}
	connected := func() bool {
		got, _ := sql(t, uri, "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()")
		return got == "1"
	}
	for until := time.Now().Add(time.Minute); !connected() && time.Now().Before(until); {
		time.Sleep(20 * time.Millisecond)
	}
	s.migrate(t, small, "xxs_sml")
	if held.Wait() == nil {
		t.Error("the connection lived on")
	}
	refused("the old password", uri, "select 1", "password authentication failed")
	uri = s.env(t, small.ID)["POSTGRESQL_ADDON_URI"]
	works("its limit after a migration", uri, "select datconnlimit from pg_database where datname = current_database()", "45")
	works("its data after a migration", uri, "select name from goods", "tea")

	s.remove(t, small.ID)
	refused("after it was removed", uri, "select 1", "FATAL")
	works("the other, after that", two["POSTGRESQL_ADDON_URI"], "select count(*) from pg_database where datname ~ '^b.{19}$'", "1")
	if len(s.warnings) > 0 {
		t.Errorf("warned %q", s.warnings)
	}
}

// TestRedis: the same of Redis.
func TestRedis(t *testing.T) {
	t.Parallel()
	needs(t, "redis-server", "redis-cli")
	s := begin(t, folder(t), "")
	small, other := s.order(t, "redis-addon", "s_mono"), s.order(t, "redis-addon", "m_mono")
	one, two := s.env(t, small.ID), s.env(t, other.ID)
	for _, c := range []struct {
		name, url string
		words     []string
		want      string
	}{
		{"the one", one["REDIS_URL"], []string{"PING"}, "PONG"},
		{"by the command line's URL", one["REDIS_CLI_URL"], []string{"PING"}, "PONG"},
		{"it keeps", one["REDIS_URL"], []string{"SET", "goods", "tea"}, "OK"},
		{"what the other does not see", two["REDIS_URL"], []string{"GET", "goods"}, ""},
		{"a wrong password", strings.Replace(one["REDIS_URL"], one["REDIS_PASSWORD"], two["REDIS_PASSWORD"], 1), []string{"PING"}, "NOAUTH Authentication required."},
		{"its configuration", one["REDIS_URL"], []string{"CONFIG", "SET", "dir", "/"}, "NOPERM this user has no permissions to run the 'config|set' command"},
	} {
		if got := redis(t, c.url, c.words...); !strings.HasSuffix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	s.migrate(t, small, "m_mono")
	if got := redis(t, one["REDIS_URL"], "GET", "goods"); !strings.Contains(got, "WRONGPASS") {
		t.Errorf("the old password after a migration: %q", got)
	}
	one = s.env(t, small.ID)
	if got := redis(t, one["REDIS_URL"], "GET", "goods"); got != "tea" {
		t.Errorf("after a migration it has %q", got)
	}
	if got := redis(t, one["REDIS_URL"], "INFO", "memory"); !strings.Contains(got, "maxmemory:262144000") {
		t.Errorf("its plan's memory: %q", got)
	}
	if got := redis(t, one["REDIS_URL"], "SETRANGE", "large", fmt.Sprint(130<<20), "x"); !strings.HasPrefix(got, "1") {
		t.Errorf("it does not take 130 MiB: %q", got)
	}
	if _, err := s.client.StartMigration(t.Context(), s.owner(), small.ID, clever.MigrationRequest{PlanID: s.plan(t, "redis-addon", "s_mono"), Region: "par"}); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("130 MiB move into 100: %v", err)
	}
	s.remove(t, small.ID)
	if got := redis(t, one["REDIS_URL"], "PING"); !strings.Contains(got, "Connection refused") {
		t.Errorf("after it was removed: %q", got)
	}
	if got := redis(t, two["REDIS_URL"], "PING"); got != "PONG" {
		t.Errorf("the other, after that: %q", got)
	}
}

// TestLocale: a database has the locale that was ordered, or is not made.
func TestLocale(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql", "localedef")
	if _, err := os.Stat("/usr/share/i18n/locales/en_GB"); err != nil {
		t.Skip("there is no source of locales: apt-get install locales")
	}
	s := begin(t, folder(t), "")
	order := func(name, locale string) (clever.Addon, error) {
		return s.client.Create(t.Context(), s.owner(), clever.CreateRequest{Name: name, ProviderID: "postgresql-addon",
			Plan: s.plan(t, "postgresql-addon", "dev"), Region: "par", Options: map[string]string{"locale": locale}}, "")
	}
	for _, locale := range []string{"en_GB", "de_DE.UTF-8"} {
		a, err := order("in "+locale, locale)
		if err != nil {
			t.Fatal(err)
		}
		uri := s.env(t, a.ID)["POSTGRESQL_ADDON_URI"]
		if got, ok := sql(t, uri, "select datcollate || ' ' || datctype || ' ' || pg_encoding_to_char(encoding) from pg_database where datname = current_database()"); !ok || got != locale+" "+locale+" UTF8" {
			t.Errorf("%s: %s", locale, got)
		}
		if got, _ := sql(t, uri, "select string_agg(x, '' order by x) from (values ('a'), ('B'), ('c')) v(x)"); got != "aBc" {
			t.Errorf("%s sorts %s", locale, got)
		}
	}
	for _, locale := range []string{"xx_XX", "en_GB'; drop database postgres; --", "../../etc"} {
		if _, err := order("wrong", locale); err == nil || !strings.Contains(err.Error(), "locale") {
			t.Errorf("%s: %v", locale, err)
		}
	}
}

// TestTerraformReadsPostgres replays what the vendor's Terraform provider asks of a dedicated
// PostgreSQL: it orders with a locale, reads the detail, and asks the database itself, over TLS,
// for its collation. A second read tells the same, after a change too.
func TestTerraformReadsPostgres(t *testing.T) {
	t.Parallel()
	needs(t, "initdb", "psql", "localedef")
	if _, err := os.Stat("/usr/share/i18n/locales/en_GB"); err != nil {
		t.Skip("there is no source of locales: apt-get install locales")
	}
	s := begin(t, folder(t), "")
	a, err := s.client.Create(t.Context(), s.owner(), clever.CreateRequest{Name: "tf-db", ProviderID: "postgresql-addon",
		Plan: s.plan(t, "postgresql-addon", "xxs_sml"), Region: "par", Options: map[string]string{"do-backup": "true", "locale": "en_GB", "encryption": "true"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	type state struct {
		name, plan, version, locale, collation string
		backup, encryption                     string
		uri                                    string
	}
	read := func() state {
		t.Helper()
		addons, err := s.client.Refresh(t.Context(), s.owner())
		if err != nil || len(addons) != 1 {
			t.Fatalf("%d add-ons, %v", len(addons), err)
		}
		d, err := s.client.Detail(t.Context(), addons[0])
		if err != nil {
			t.Fatal(err)
		}
		now := state{name: addons[0].Name, plan: addons[0].Plan.Slug, version: d.Version, locale: d.Locale, uri: s.env(t, a.ID)["POSTGRESQL_ADDON_URI"]}
		now.backup, _ = d.Option("do-backup")
		now.encryption, _ = d.Option("encryption")
		now.collation, _ = sql(t, now.uri+"?sslmode=require", "select datcollate from pg_database where datname = current_database()")
		return now
	}
	first := read()
	if second := read(); first != second {
		t.Errorf("a second read differs: %+v, %+v", first, second)
	}
	if first.locale != "en_GB" || first.collation != "en_GB" || first.backup != "true" || first.encryption != "true" || first.plan != "xxs_sml" {
		t.Errorf("it is %+v", first)
	}
	if err := s.client.Rename(t.Context(), s.owner(), a.ID, "tf-renamed"); err != nil {
		t.Fatal(err)
	}
	s.migrate(t, a, "xs_tny")
	moved := read()
	if again := read(); again != moved {
		t.Errorf("after a change a second read differs: %+v, %+v", moved, again)
	}
	if moved.name != "tf-renamed" || moved.plan != "xs_tny" || moved.locale != "en_GB" || moved.collation != "en_GB" || moved.encryption != "true" || moved.version != first.version {
		t.Errorf("after a change it is %+v", moved)
	}
	s.remove(t, a.ID)
	if addons, err := s.client.Refresh(t.Context(), s.owner()); err != nil || len(addons) != 0 {
		t.Errorf("left %v, %v", addons, err)
	}
}
