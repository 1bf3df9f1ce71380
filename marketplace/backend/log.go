package backend

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"runner/marketplace/manifest"
)

// masking returns a log that shows no secrets: neither those named here nor the
// values of attributes whose names say that they are secrets.
func masking(log *slog.Logger, secrets []string) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(&maskingHandler{log.Handler(), secrets})
}

// A maskingHandler masks records on their way to a log.
type maskingHandler struct {
	slog.Handler
	secrets []string
}

// secretNames are parts of names whose values are secrets.
var secretNames = [...]string{"password", "secret", "salt", "token", "signature", "authorization", "cookie", "config", "grant"}

// Handle implements slog.Handler.
func (g *maskingHandler) Handle(ctx context.Context, r slog.Record) error {
	masked := slog.NewRecord(r.Time, r.Level, manifest.Mask(r.Message, g.secrets...), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		masked.AddAttrs(g.mask(a))
		return true
	})
	return g.Handler.Handle(ctx, masked)
}

// WithAttrs implements slog.Handler.
func (g *maskingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var masked []slog.Attr
	for _, a := range attrs {
		masked = append(masked, g.mask(a))
	}
	return &maskingHandler{g.Handler.WithAttrs(masked), g.secrets}
}

// WithGroup implements slog.Handler.
func (g *maskingHandler) WithGroup(name string) slog.Handler {
	return &maskingHandler{g.Handler.WithGroup(name), g.secrets}
}

func (g *maskingHandler) mask(a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	if slices.ContainsFunc(secretNames[:], func(part string) bool { return strings.Contains(name, part) }) {
		return slog.String(a.Key, "********")
	}
	if a.Value.Kind() == slog.KindString {
		return slog.String(a.Key, manifest.Mask(a.Value.String(), g.secrets...))
	}
	return a
}

// secretsOf returns the variables of a customer.
func secretsOf(a Addon) []string { return slices.Collect(maps.Values(a.Result.Config)) }
