package databases

import "testing"

// The outputs are the programs' own.
func TestCause(t *testing.T) {
	for _, tt := range []struct{ name, output, want string }{
		{"initdb, no room", `The files belonging to this database system will be owned by user "postgres".
This user must also own the server process.

The database cluster will be initialized with locale "C".
creating directory /tmp/x/data ... ok
creating subdirectories ... ok
running bootstrap script ... 2026-11-28 10:00:00.000 UTC [17] FATAL:  could not write to file "pg_wal/xlogtemp.17": No space left on device
child process exited with exit code 1
initdb: removing contents of data directory "/tmp/x/data"`,
			`running bootstrap script ... 2026-11-28 10:00:00.000 UTC [17] FATAL:  could not write to file "pg_wal/xlogtemp.17": No space left on device`},
		{"initdb, its own", "initdb: error: invalid locale name \"xx_YY\"\ninitdb: hint: If the locale name is specific to ICU, use --icu-locale.",
			`initdb: error: invalid locale name "xx_YY"; initdb: hint: If the locale name is specific to ICU, use --icu-locale.`},
		{"postgres", `2026 LOG:  starting PostgreSQL 15
2026 LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
2026 HINT:  Is another postmaster already running on port 5432?
2026 FATAL:  could not create any TCP/IP sockets
2026 LOG:  database system is shut down`, `2026 LOG:  could not bind IPv4 address "127.0.0.1": Address already in use; ` +
			`2026 HINT:  Is another postmaster already running on port 5432?; 2026 FATAL:  could not create any TCP/IP sockets`},
		{"nothing known", "one\ntwo\n", "two"},
		{"nothing", "", ""},
	} {
		if got := cause(tt.output); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
