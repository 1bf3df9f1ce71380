// Package serve is a fleet's side that others reach by HTTP: web hooks that start plays,
// a page that shows the playbooks and takes consent, and metrics. It knows requests,
// secrets and users; what is started and listed it leaves to package control.
package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"runner/fleet/checkout"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/metrics"
	"runner/fleet/settings"
)

// Options are what a server needs from around it.
type Options struct {
	Settings *settings.File
	Fleet    *control.Fleet
	Sources  *checkout.Repositories // where the files of a pushed commit are looked up
	Getenv   func(string) string    // for secrets that are named env:NAME
	Logger   *slog.Logger
}

// A Server serves. Make it with New.
type Server struct {
	Options
	secrets map[string][]byte // of web hooks, by project
	decoy   []byte            // stands for the secret of a project that has none
	start   func(ctx context.Context, id string, job flow.Job) (already bool, err error)
	busy    chan struct{} // holds one for each delivery that has no response yet
	users   *users
	counts  *counts
	look    func(context.Context) (*control.Overview, error)
	say     func(ctx context.Context, id string, c control.Consent) ([]flow.Change, error)
	notes   sync.Map        // what was said of plays just now
	pending sync.WaitGroup  // deliveries that are being carried out
	life    context.Context //nolint:containedctx // of what is carried out: it goes on when a request has ended
	end     context.CancelFunc
}

// New returns a server. Its error holds all that is wrong with secrets and users.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, start: o.Fleet.StartOnce, busy: make(chan struct{}, 32), decoy: []byte(rand.Text())}
	s.life, s.end = context.WithCancel(context.Background())
	s.counts = newCounts()
	s.look, s.say = control.NewWatch(o.Fleet, s.counts.count).Look, o.Fleet.Consent
	s.counts.registry.MustRegister(fleetCollector{func(ctx context.Context) (*control.Overview, error) { return s.look(ctx) }})
	var wrongSecret, wrongUser error
	s.secrets, wrongSecret = hookSecrets(o.Settings, o.Getenv)
	s.users, wrongUser = newUsers(o.Settings.Serve)
	return s, errors.Join(wrongSecret, wrongUser)
}

// Handler returns what responds to requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hook/{project}", s.hook)
	mux.HandleFunc("GET /healthz", s.healthy)
	mux.HandleFunc("GET /{$}", s.users.guard(s.overview))
	mux.Handle("POST /consent", http.NewCrossOriginProtection().Handler(s.users.guard(s.consent)))
	count := metrics.Handler(s.counts.registry, s.Logger)
	mux.HandleFunc("GET /metrics", s.users.guard(func(w http.ResponseWriter, r *http.Request, _ string) { count.ServeHTTP(w, r) }))
	return mux
}

// healthy reports whether the server of the workflows responds.
func (s *Server) healthy(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	if err := s.Fleet.Healthy(ctx); err != nil {
		http.Error(w, "the server of the workflows does not respond", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// stopTime is how long what has begun may take once the server is to stop.
const stopTime = 20 * time.Second

// Run serves until the context ends, and ends what has begun. Listening is called with
// the address once there is one.
func (s *Server) Run(ctx context.Context, listening func(address string)) error {
	c := s.Settings.Serve
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("serve cannot listen at %s: %w", c.Listen, err)
	}
	h := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 16, ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),
	}
	scheme, serve := "http://", func() error { return h.Serve(listener) }
	if c.Cert != "" {
		scheme, serve = "https://", func() error { return h.ServeTLS(listener, c.Cert, c.Key) }
	}
	ended := make(chan error, 1)
	go func() { ended <- serve() }()
	listening(scheme + listener.Addr().String())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	deadline := time.Now().Add(stopTime)
	within, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	err = h.Shutdown(within)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	defer time.AfterFunc(time.Until(deadline), s.end).Stop()
	s.pending.Wait()
	return err
}
