package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	toolsschema "go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
	"google.golang.org/protobuf/types/known/durationpb"
)

// stores are where the server keeps its state, and an index of it.
type stores struct {
	main, visibility *config.SQL
}

// storesOf returns those that the options name.
func storesOf(o *options) (*stores, error) {
	if o.postgres == "" {
		// The file outlives a killed process; what was written in the second before the
		// power failed may be lost, and waiting for the disk each time costs half the speed.
		store := sqliteStore(o.state)
		store.ConnectAttributes["_journal_mode"], store.ConnectAttributes["_synchronous"] = "wal", "1"
		return &stores{store, store}, nil
	}
	u, err := url.Parse(o.postgres)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" {
		return nil, errors.New("-postgres takes postgres://USER:PASSWORD@HOST:PORT/NAME") // without the password that it may hold
	}
	name := cmp.Or(strings.TrimPrefix(u.Path, "/"), "temporal")
	if !regexp.MustCompile(`^[a-z_][a-z0-9_]*$`).MatchString(name) {
		return nil, fmt.Errorf("the name of the database, %q, takes small letters, digits and _", name)
	}
	return &stores{postgresStore(u, name), postgresStore(u, name+"_visibility")}, nil
}

func sqliteStore(file string) *config.SQL {
	return &config.SQL{PluginName: sqliteplugin.PluginName, DatabaseName: file, ConnectAttributes: map[string]string{"mode": "rwc"}}
}

func postgresStore(u *url.URL, database string) *config.SQL {
	password, given := u.User.Password()
	if !given {
		password = os.Getenv("PGPASSWORD")
	}
	attributes := map[string]string{}
	for key, values := range u.Query() {
		attributes[key] = values[0]
	}
	return &config.SQL{
		PluginName: postgresql.PluginNamePGX, DatabaseName: database, ConnectProtocol: "tcp",
		ConnectAddr: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "5432")), User: u.User.Username(), Password: password,
		ConnectAttributes: attributes, MaxConns: 10, MaxIdleConns: 10, MaxConnLifetime: time.Hour,
	}
}

// prepare makes what is missing: databases, tables and namespaces.
func (s *stores) prepare(namespaces []string, retention time.Duration) error {
	var err error
	if s.main.PluginName == sqliteplugin.PluginName {
		err = prepareFile(s.main.DatabaseName)
	} else {
		err = s.prepareDatabases()
	}
	if err != nil {
		return fmt.Errorf("the state cannot be made: %w", err)
	}
	var all []*sqlite.NamespaceConfig
	for _, name := range namespaces {
		ns, err := sqlite.NewNamespaceConfig(current, name, false, nil)
		if err != nil {
			return err
		}
		ns.Detail.Config.Retention = durationpb.New(retention)
		all = append(all, ns)
	}
	if err := sqlite.CreateNamespaces(s.main, all...); err != nil { // whatever its name: it writes with the store's own plug-in
		return fmt.Errorf("the namespaces cannot be made: %w", err)
	}
	return nil
}

func (s *stores) prepareDatabases() error {
	if err := prepareDatabase(s.main, "postgresql/v12/temporal"); err != nil {
		return err
	}
	return prepareDatabase(s.visibility, "postgresql/v12/visibility")
}

// prepareFile makes the file where there is none: whole, or not at all. Only its owner
// may read what plays were started with.
func prepareFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	begun, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(begun.Name())
	if err := begun.Close(); err != nil {
		return err
	}
	if err := sqlite.SetupSchema(sqliteStore(begun.Name())); err != nil {
		return err
	}
	return os.Rename(begun.Name(), path)
}

// prepareDatabase makes a database where there is none, and brings its tables up to this
// server's version, as the server's own tool does.
func prepareDatabase(store *config.SQL, tables string) error {
	if err := createDatabase(store); err != nil {
		return err
	}
	logger := log.NewNoopLogger()
	conn, err := sql.NewConnection(store, logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ReadSchemaVersion(); err != nil {
		setup := &toolsschema.SetupConfig{InitialVersion: "0.0"}
		if err := toolsschema.NewSetupSchemaTask(conn, setup, logger).Run(); err != nil {
			return err
		}
	}
	return toolsschema.NewUpdateSchemaTask(conn, &toolsschema.UpdateConfig{DBName: store.DatabaseName, SchemaName: tables}, logger).Run()
}

// noDatabase is PostgreSQL's code for a database that is not there.
const noDatabase = "3D000"

// createDatabase makes a database where there is none. Its errors say why a database
// cannot be reached, which those of the server's own tool do not.
func createDatabase(store *config.SQL) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, connectionURL(store, store.DatabaseName))
	if err == nil {
		return conn.Close(ctx)
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != noDatabase {
		return err
	}
	if conn, err = pgx.Connect(ctx, connectionURL(store, "postgres")); err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{store.DatabaseName}.Sanitize())
	return err
}

func connectionURL(store *config.SQL, database string) string {
	query := url.Values{}
	for key, value := range store.ConnectAttributes {
		query.Set(key, value)
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(store.User, store.Password), Host: store.ConnectAddr, Path: database, RawQuery: query.Encode()}
	return u.String()
}
