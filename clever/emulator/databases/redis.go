package databases

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"runner/clever/emulator"
)

// A redis runs a server for each add-on.
type redis struct {
	dir     string
	program string
	account *account

	mu      sync.Mutex
	servers map[string]*redisServer // by add-on
	closed  bool
}

// A redisServer is one add-on's.
type redisServer struct {
	*child
	port        string
	password    string
	connections int
	room        int64
}

// barred are the commands with which an add-on would reach its server's files,
// its processes, or other servers.
const barred = "-acl -bgrewriteaof -cluster -config -debug -failover -migrate -module -psync -replconf -replicaof -shutdown -slaveof -sync"

func findRedis(dir string, a *account, warn func(string)) *redis {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		warn("redis-server is not on this machine, so the variables of redis-addon lead nowhere: apt-get install redis-server")
		return nil
	}
	return &redis{dir: dir, program: program, account: a, servers: map[string]*redisServer{}}
}

// Ensure starts the add-on's server, unless it runs as it should.
func (r *redis) Ensure(ctx context.Context, i emulator.Instance) (map[string]string, error) {
	if err := plain(i.Addon, i.Facts["password"]); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	s := r.servers[i.Addon]
	if s == nil || !s.running() || s.connections != i.Connections || s.room != i.Room || s.password != i.Facts["password"] {
		port := earlierPort(i.Facts)
		if s != nil {
			port = s.port
			if err := s.end(); err != nil {
				return nil, err
			}
		}
		var err error
		if s, err = r.start(ctx, i, port); err != nil {
			return nil, fmt.Errorf("redis-server: %w", err)
		}
		r.servers[i.Addon] = s
	}
	return map[string]string{"host": loopback, "port": s.port}, nil
}

// start takes another port if somebody takes the free one meanwhile.
func (r *redis) start(ctx context.Context, i emulator.Instance, wanted string) (*redisServer, error) {
	data := r.data(i.Addon)
	if err := errors.Join(os.MkdirAll(data, 0o700), r.account.own(data)); err != nil {
		return nil, err
	}
	var err error
	for range 3 {
		var s *redisServer
		if s, err = r.try(ctx, i, wanted); err == nil {
			return s, nil
		}
		wanted = anyPort
	}
	return nil, err
}

func (r *redis) try(ctx context.Context, i emulator.Instance, wanted string) (*redisServer, error) {
	port, err := freePort(wanted)
	if err != nil {
		return nil, err
	}
	c := exec.Command(r.program, "-") // not of ctx: it outlives the order
	c.Dir = r.data(i.Addon)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	c.Stdin = strings.NewReader(configOf(i, port, c.Dir))
	process, err := start(c, r.account, r.data(i.Addon)+pidSuffix, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	if err := process.await(ctx, func() bool { return pings(port, i.Facts["password"]) }); err != nil {
		return nil, errors.Join(err, process.end())
	}
	return &redisServer{child: process, port: port, password: i.Facts["password"], connections: i.Connections, room: i.Room}, nil
}

// leastMemory is what an empty server needs by itself.
const leastMemory = 16 << 20

// configOf writes the configuration, which the server reads from its standard input.
// It holds no password, only its hash.
func configOf(i emulator.Instance, port, dir string) string {
	hash := sha256.Sum256([]byte(i.Facts["password"]))
	rights := " on #" + hex.EncodeToString(hash[:]) + " ~* &* +@all " + barred
	lines := []string{
		"bind " + loopback, "port " + port, fmt.Sprintf("dir %q", dir), "daemonize no", "databases 16",
		"appendonly yes", `save ""`, "user default" + rights,
		`user ""` + rights, // whom redis-cli takes from a URL that names nobody before the password
	}
	if i.Connections > 0 {
		lines = append(lines, fmt.Sprint("maxclients ", i.Connections))
	}
	if i.Room > 0 {
		lines = append(lines, fmt.Sprint("maxmemory ", max(i.Room, leastMemory)), "maxmemory-policy noeviction")
	}
	return strings.Join(lines, "\n") + "\n"
}

// pings reports whether the server on a port knows the password, and has its data.
func pings(port, password string) bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(loopback, port), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, "AUTH %s\r\nPING\r\n", password); err != nil {
		return false
	}
	answers := bufio.NewReader(conn)
	known, _ := answers.ReadString('\n')
	pong, _ := answers.ReadString('\n')
	return known == "+OK\r\n" && pong == "+PONG\r\n"
}

// Size returns how much memory the data takes.
func (r *redis) Size(_ context.Context, i emulator.Instance) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.servers[i.Addon]
	if s == nil {
		return 0, nil
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(loopback, s.port), time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, "AUTH %s\r\nINFO memory\r\nQUIT\r\n", s.password); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "used_memory_dataset:"); ok {
			return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		}
	}
	return 0, errors.Join(errors.New("the server does not say how much it keeps"), lines.Err())
}

// Remove ends the add-on's server, and deletes its data.
func (r *redis) Remove(_ context.Context, i emulator.Instance) error {
	if err := plain(i.Addon); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if s := r.servers[i.Addon]; s != nil {
		err = s.end()
	}
	delete(r.servers, i.Addon)
	data := r.data(i.Addon)
	if gone := os.Remove(logOf(data + pidSuffix)); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return errors.Join(err, os.RemoveAll(data))
}

func (r *redis) data(addon string) string { return filepath.Join(r.dir, "redis-"+addon) }

// close ends all servers at the same time.
func (r *redis) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, s := range r.servers {
		_ = s.process.Signal(s.stop)
	}
	var problems []error
	for _, s := range r.servers {
		problems = append(problems, s.end())
	}
	r.servers = map[string]*redisServer{}
	return errors.Join(problems...)
}

// plain refuses what the emulator would not have drawn: a state file may have been
// written by hand, and these words become paths and commands.
func plain(words ...string) error {
	for _, w := range words {
		if !regexp.MustCompile(`^[0-9A-Za-z_-]{1,100}$`).MatchString(w) {
			return errors.New("a name or password in the state file has characters that no database takes: order the add-on anew")
		}
	}
	return nil
}
