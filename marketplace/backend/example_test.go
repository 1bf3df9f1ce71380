package backend_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// Notes sells folders for notes.
type Notes struct{ root string }

// Order makes the folder. If it is there already, an earlier order made it whose
// answer got lost.
func (n Notes) Order(_ context.Context, a backend.Addon) (backend.Result, error) {
	if err := os.MkdirAll(n.root+"/"+a.ID, 0o700); err != nil {
		return backend.Result{}, err
	}
	return backend.Result{Config: map[string]string{"NOTES_URL": "https://notes.example.com/" + a.ID}}, nil
}

// ChangePlan has nothing to do: all plans are alike.
func (n Notes) ChangePlan(context.Context, backend.Addon, string) (backend.Result, error) {
	return backend.Result{}, nil
}

// Remove removes the folder, or what is left of it.
func (n Notes) Remove(_ context.Context, a backend.Addon) error {
	return os.RemoveAll(n.root + "/" + a.ID)
}

// Dashboard shows who has which plan.
func (n Notes) Dashboard(w http.ResponseWriter, _ *http.Request, a backend.Addon, _ backend.Visitor) {
	fmt.Fprintf(w, "Your notes are in the plan %s.\n", a.Plan)
}

// A vendor's whole program, but for what it sells.
func Example() {
	text, err := os.ReadFile("addon-manifest.json") // runner vendor init writes one
	if err != nil {
		log.Fatal(err)
	}
	m, problems := manifest.Read(text, manifest.Options{})
	if len(manifest.Errors(problems)) > 0 {
		log.Fatal(problems[0].Error())
	}
	store, err := backend.OpenFile("notes.data")
	if err != nil {
		log.Fatal(err)
	}
	b, err := backend.New(backend.Config{
		Manifest: m, Site: m.Production, Plans: []string{"free", "large"},
		Service: Notes{root: "/srv/notes"}, Store: store, Log: slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:9000", b))
}
