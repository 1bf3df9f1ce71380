package main

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"runner/marketplace/backend"
)

//go:embed page.html
var pageText string

// A page is what a customer sees of a database.
type page struct {
	Name, Title, Owner, Plan, Size, Region string
	Used, Allowed, Share                   int
	Variables                              []variable // empty until they are asked for
}

// A variable is one of the customer's.
type variable struct{ Name, Value string }

// Dashboard shows the page. The variables, with the password, are on it only when
// the customer asks for them, by a form that other sites cannot send.
func (s *seller) Dashboard(w http.ResponseWriter, r *http.Request, a backend.Addon, _ backend.Visitor) {
	switch {
	case r.URL.Path != "/":
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "the method is not known here", http.StatusMethodNotAllowed)
		return
	}
	p, err := s.look(r.Context(), a)
	if err != nil {
		http.Error(w, "The database does not answer: try again.", http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodPost {
		for _, name := range s.manifest.ConfigVars {
			p.Variables = append(p.Variables, variable{name, a.Result.Config[name]})
		}
	}
	text, err := template.New("page").Parse(pageText)
	if err != nil {
		http.Error(w, "The page is broken.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = text.Execute(w, p) // the customer may have gone
}

// look asks the server how a database is.
func (s *seller) look(ctx context.Context, a backend.Addon) (page, error) {
	conn, done, err := s.connect(ctx)
	if err != nil {
		return page{}, err
	}
	defer done()
	p := page{Name: name(a), Title: s.manifest.Name, Owner: a.Order.OwnerName, Plan: a.Plan, Region: a.Order.Region, Allowed: s.plans.connections(a.Plan)}
	var bytes int64
	err = conn.QueryRow(ctx, "SELECT pg_database_size(oid), (SELECT count(*) FROM pg_stat_activity WHERE datid = d.oid) FROM pg_database d WHERE datname = $1", p.Name).Scan(&bytes, &p.Used)
	p.Size, p.Share = size(bytes), min(100, p.Used*100/max(p.Allowed, 1))
	return p, plain(err)
}

// size says how much that is.
func size(bytes int64) string {
	n, units := float64(bytes), []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	for n >= 1024 && len(units) > 1 {
		n, units = n/1024, units[1:]
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0") + " " + units[0]
}
