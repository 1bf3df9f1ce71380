package backend

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"runner/marketplace/manifest"
)

// guarded gives a log that shows no secrets: neither those that it is given nor
// what attributes of certain names hold.
func guarded(log *slog.Logger, secrets []string) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(&guard{log.Handler(), secrets})
}

// A guard masks what a log is told.
type guard struct {
	slog.Handler
	secrets []string
}

// telling are parts of names whose values are secrets.
var telling = [...]string{"password", "secret", "salt", "token", "signature", "authorization", "cookie", "config", "grant"}

// Handle implements slog.Handler.
func (g *guard) Handle(ctx context.Context, r slog.Record) error {
	masked := slog.NewRecord(r.Time, r.Level, manifest.Mask(r.Message, g.secrets...), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		masked.AddAttrs(g.mask(a))
		return true
	})
	return g.Handler.Handle(ctx, masked)
}

// WithAttrs implements slog.Handler.
func (g *guard) WithAttrs(attrs []slog.Attr) slog.Handler {
	var masked []slog.Attr
	for _, a := range attrs {
		masked = append(masked, g.mask(a))
	}
	return &guard{g.Handler.WithAttrs(masked), g.secrets}
}

// WithGroup implements slog.Handler.
func (g *guard) WithGroup(name string) slog.Handler {
	return &guard{g.Handler.WithGroup(name), g.secrets}
}

func (g *guard) mask(a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	if slices.ContainsFunc(telling[:], func(part string) bool { return strings.Contains(name, part) }) {
		return slog.String(a.Key, "********")
	}
	if a.Value.Kind() == slog.KindString {
		return slog.String(a.Key, manifest.Mask(a.Value.String(), g.secrets...))
	}
	return a
}

// secretsOf gives what a customer was given.
func secretsOf(a Addon) []string { return slices.Collect(maps.Values(a.Answer.Config)) }
