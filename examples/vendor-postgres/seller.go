package main

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

const (
	// oldest is PostgreSQL 13, which can drop a database that is in use.
	oldest = 130000
	// atOnce is how many connections the seller itself has.
	atOnce = 8
)

// A seller makes roles and databases. Each of its statements does nothing where
// what it asks for is so already: after a crash they are all said again.
type seller struct {
	manifest *manifest.Manifest
	plans    plans
	admin    *pgx.ConnConfig
	host     string // where customers connect
	port     string
	sslmode  string         // of the administrator's URL, for customers too; "" leaves it to them
	open     []string       // databases of others, to which every role may connect
	slots    chan struct{}  // one taken for each connection in use
	idle     chan *pgx.Conn // as many as there are slots fit in
}

// newSeller looks whether the server can be used.
func newSeller(ctx context.Context, m *manifest.Manifest, p plans, address, public string) (*seller, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgresql" && u.Scheme != "postgres" {
		return nil, errors.New("the server is given as a URL: postgresql://admin:password@localhost:5432/postgres")
	}
	s := &seller{manifest: m, plans: p, sslmode: u.Query().Get("sslmode"), slots: make(chan struct{}, atOnce), idle: make(chan *pgx.Conn, atOnce)}
	if s.admin, err = pgx.ParseConfig(address); err != nil {
		return nil, fmt.Errorf("the server's URL: %w", err)
	}
	s.host, s.port = s.admin.Host, strconv.Itoa(int(s.admin.Port))
	if public != "" {
		if s.host, s.port, err = net.SplitHostPort(public); err != nil {
			return nil, fmt.Errorf("--public: %w", err)
		}
	}
	if strings.HasPrefix(s.host, "/") {
		return nil, errors.New("the server is reached by a socket of this machine: say with --public where customers reach it")
	}
	if _, err := s.variables("", ""); err != nil {
		return nil, err
	}
	return s, s.probe(ctx)
}

// probe asks the server what the administrator may do.
func (s *seller) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.admin)
	if err != nil {
		return fmt.Errorf("the server cannot be used: %w", plain(err))
	}
	defer func() { _ = conn.Close(ctx) }()
	var version int
	var allowed bool
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, rolsuper OR rolcreaterole AND rolcreatedb,
		ARRAY(SELECT datname::text FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
			WHERE datallowconn AND grantee = 0 AND privilege_type = 'CONNECT' AND datname !~ '^addon_' ORDER BY 1)
		FROM pg_roles WHERE rolname = current_user`).Scan(&version, &allowed, &s.open)
	switch {
	case err != nil:
		return fmt.Errorf("the server cannot be used: %w", plain(err))
	case version < oldest:
		return fmt.Errorf("the server is PostgreSQL %d: 13 is the oldest that can be used", version/10000)
	case !allowed:
		return fmt.Errorf("the role %s may not make roles and databases: ALTER ROLE %[1]s CREATEROLE CREATEDB", s.admin.User)
	}
	return nil
}

// name is that of an add-on's role and of its database.
func name(a backend.Addon) string { return "addon_" + a.ID }

// Order makes role and database. A password is new each time: nobody has seen the
// one of an order that was not ended.
func (s *seller) Order(ctx context.Context, a backend.Addon) (backend.Result, error) {
	password := rand.Text()
	verifier, err := scram(password)
	if err != nil {
		return backend.Result{}, err
	}
	err = s.with(ctx, a, func(conn *pgx.Conn) error {
		there, err := exists(ctx, conn, "SELECT FROM pg_roles WHERE rolname = $1", name(a))
		if err == nil && !there {
			err = said(ctx, conn, "CREATE ROLE {name}", a)
		}
		if err == nil {
			err = said(ctx, conn, "ALTER ROLE {name} LOGIN PASSWORD '"+verifier+"' CONNECTION LIMIT "+s.limit(a.Plan), a)
		}
		if err == nil { // or an administrator who is no superuser could not give the database to it
			err = said(ctx, conn, "GRANT {name} TO CURRENT_USER", a)
		}
		if err == nil {
			err = s.database(ctx, conn, a)
		}
		return err
	})
	if err != nil {
		return backend.Result{}, err
	}
	config, err := s.variables(name(a), password)
	return backend.Result{Config: config, Message: "The database is ready."}, err
}

// database makes an add-on's. Nobody can connect before everybody else's right to
// do so is gone. Its template is the one to which nobody connects: what somebody
// left in the other is no customer's, and who is there is in nobody's way.
func (s *seller) database(ctx context.Context, conn *pgx.Conn, a backend.Addon) error {
	there, err := exists(ctx, conn, "SELECT FROM pg_database WHERE datname = $1", name(a))
	if err == nil && !there {
		err = said(ctx, conn, "CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ALLOW_CONNECTIONS false", a)
	}
	if err == nil {
		err = said(ctx, conn, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", a)
	}
	if err == nil {
		err = said(ctx, conn, "ALTER DATABASE {name} ALLOW_CONNECTIONS true CONNECTION LIMIT "+s.limit(a.Plan), a)
	}
	return err
}

// ChangePlan changes how many connections are allowed. Those that are open stay.
func (s *seller) ChangePlan(ctx context.Context, a backend.Addon, plan string) (backend.Result, error) {
	err := s.with(ctx, a, func(conn *pgx.Conn) error {
		return errors.Join(
			said(ctx, conn, "ALTER ROLE {name} CONNECTION LIMIT "+s.limit(plan), a),
			said(ctx, conn, "ALTER DATABASE {name} CONNECTION LIMIT "+s.limit(plan), a))
	})
	return backend.Result{Message: "Now " + s.limit(plan) + " connections are allowed."}, err
}

// Remove drops the database, whoever is connected, and the role. The role is
// locked first, so that nobody comes back between the two.
func (s *seller) Remove(ctx context.Context, a backend.Addon) error {
	return s.with(ctx, a, func(conn *pgx.Conn) error {
		role, err := exists(ctx, conn, "SELECT FROM pg_roles WHERE rolname = $1", name(a))
		if err == nil && role {
			err = said(ctx, conn, "ALTER ROLE {name} NOLOGIN; GRANT {name} TO CURRENT_USER", a)
		}
		database := false
		if err == nil {
			database, err = exists(ctx, conn, "SELECT FROM pg_database WHERE datname = $1", name(a))
		}
		if err == nil && database { // its owner may have made a template of it, which could not be dropped
			err = said(ctx, conn, "ALTER DATABASE {name} IS_TEMPLATE false", a)
		}
		if err == nil && database {
			err = said(ctx, conn, "DROP DATABASE {name} WITH (FORCE)", a)
		}
		if err == nil && role {
			err = s.disown(ctx, conn, a)
		}
		return err
	})
}

// disown drops a role with what it has outside its own database: of others, those
// that are open to all know it, too.
func (s *seller) disown(ctx context.Context, conn *pgx.Conn, a backend.Addon) error {
	if _, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", name(a)); err != nil {
		return err
	}
	rows, _ := conn.Query(ctx, `SELECT DISTINCT datname::text FROM pg_shdepend JOIN pg_database d ON d.oid = dbid JOIN pg_roles r ON r.oid = refobjid
		WHERE refclassid = 'pg_authid'::regclass AND rolname = $1 AND datallowconn`, name(a)) // its error comes again with the rows
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, other := range others {
		if err := s.clear(ctx, other, a); err != nil {
			return err
		}
	}
	return said(ctx, conn, "DROP OWNED BY {name}; DROP ROLE {name}", a)
}

// clear drops what a role has in another database.
func (s *seller) clear(ctx context.Context, database string, a backend.Addon) error {
	there := s.admin.Copy()
	there.Database = database
	conn, err := pgx.ConnectConfig(ctx, there)
	if err != nil {
		return err
	}
	return errors.Join(said(ctx, conn, "DROP OWNED BY {name}", a), conn.Close(ctx))
}

// limit returns the connections of a plan, for a statement.
func (s *seller) limit(plan string) string { return strconv.Itoa(s.plans.connections(plan)) }

// with lends a connection for the work on one add-on. The server itself keeps a
// second process from it: one that was killed may have a statement under way
// there, and a removal must not overtake the creation.
func (s *seller) with(ctx context.Context, a backend.Addon, work func(*pgx.Conn) error) error {
	conn, done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	h := fnv.New64a()
	_, _ = h.Write([]byte(name(a)))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(h.Sum64())); err != nil { // until it is given back, or ends
		return plain(err)
	}
	return plain(work(conn))
}

// connect lends a connection: an idle one that still answers, or a new one.
func (s *seller) connect(ctx context.Context) (*pgx.Conn, func(), error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	for {
		select {
		case conn := <-s.idle:
			if conn.Ping(ctx) == nil {
				return conn, func() { s.giveBack(conn) }, nil
			}
			_ = conn.Close(ctx)
			continue
		default:
		}
		conn, err := pgx.ConnectConfig(ctx, s.admin)
		if err != nil {
			<-s.slots
			return nil, nil, plain(err)
		}
		return conn, func() { s.giveBack(conn) }, nil
	}
}

// giveBack takes a connection back, without the locks that it has.
func (s *seller) giveBack(conn *pgx.Conn) {
	defer func() { <-s.slots }()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock_all()"); err != nil {
		_ = conn.Close(ctx)
		return
	}
	s.idle <- conn
}

// close ends the connections that nobody uses.
func (s *seller) close() {
	for {
		select {
		case conn := <-s.idle:
			_ = conn.Close(context.Background())
		default:
			return
		}
	}
}

// plain says on one line what went wrong. It leaves out what a server's error has
// of statements: there may be a password's verifier in it.
func plain(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("PostgreSQL: %s (%s)", e.Message, e.Code)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e
	}
	return err
}

func exists(ctx context.Context, conn *pgx.Conn, query, name string) (bool, error) {
	var there bool
	err := conn.QueryRow(ctx, "SELECT EXISTS ("+query+")", name).Scan(&there)
	return there, err
}

// said says a statement about an add-on.
func said(ctx context.Context, conn *pgx.Conn, statement string, a backend.Addon) error {
	_, err := conn.Exec(ctx, strings.ReplaceAll(statement, "{name}", pgx.Identifier{name(a)}.Sanitize()))
	return err
}

// scram returns what a server keeps of a password (RFC 5803), so that the password
// itself is in no statement and no log of the server.
func scram(password string) (string, error) {
	const rounds = 4096
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", err
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}

// variables returns a customer's, as the manifest names them.
func (s *seller) variables(user, password string) (map[string]string, error) {
	u := url.URL{Scheme: "postgresql", User: url.UserPassword(user, password), Host: net.JoinHostPort(s.host, s.port), Path: "/" + user}
	if s.sslmode != "" {
		u.RawQuery = url.Values{"sslmode": {s.sslmode}}.Encode()
	}
	known := map[string]string{
		"URL": u.String(), "URI": u.String(), "HOST": s.host, "PORT": s.port,
		"USER": user, "PASSWORD": password, "DATABASE": user, "DB": user,
	}
	config := map[string]string{}
	for _, variable := range s.manifest.ConfigVars {
		value, ok := known[variable[strings.LastIndex(variable, "_")+1:]]
		if !ok {
			return nil, fmt.Errorf("the manifest declares %s, and nobody knows what to put there: names end in _URL, _HOST, _PORT, _USER, _PASSWORD or _DATABASE", variable)
		}
		config[variable] = value
	}
	if !slices.ContainsFunc(s.manifest.ConfigVars, connects) {
		return nil, errors.New("the manifest declares no variable with which customers could connect, such as " + s.manifest.Prefix + "_URL")
	}
	return config, nil
}

// connects reports whether a variable has the password in it.
func connects(variable string) bool {
	return strings.HasSuffix(variable, "_URL") || strings.HasSuffix(variable, "_URI") || strings.HasSuffix(variable, "_PASSWORD")
}
