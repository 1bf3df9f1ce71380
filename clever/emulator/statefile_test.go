package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func contents(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func put(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func catalogueOf(t testing.TB) *catalogue {
	t.Helper()
	c, err := loadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A written state is a file with the names of its add-ons after each writing.
type written struct {
	text   []byte
	worlds map[int64]map[string]string // by the size of the file
}

func write(t testing.TB) written {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	e, c := open(t, path)
	defer shut(t, e)
	s := written{worlds: map[int64]map[string]string{}}
	note := func() { s.worlds[e.store.file.size] = names(e) }
	note()
	a := c.order("/v2/self", order("one"))
	note()
	b := c.order("/v2/self", order("two"))
	note()
	for _, name := range []string{"new", "with \"quotes\"\nand é"} {
		c.must("PUT", "/v2/self/addons/"+a.ID, map[string]string{"name": name}, nil)
		note()
	}
	c.order("/v2/organisations/orga_new", order("of another")) // after an organisation
	note()
	c.must("DELETE", "/v2/self/addons/"+b.ID, nil, nil)
	note()
	s.text = contents(t, path)
	return s
}

// TestStateCutShort: wherever a file ends, its whole lines count.
func TestStateCutShort(t *testing.T) {
	t.Parallel()
	s := write(t)
	c, f := catalogueOf(t), &stateFile{path: "state.json"}
	first := bytes.IndexByte(s.text, '\n')
	var want map[string]string
	for end := range len(s.text) + 1 {
		if kept := s.worlds[int64(end)]; kept != nil {
			want = kept
		}
		w, _, err := f.parse(s.text[:end], c)
		switch {
		case end <= first:
			if err == nil || !strings.Contains(err.Error(), "line 1") {
				t.Fatalf("%d bytes: %v", end, err)
			}
		case err != nil:
			t.Fatalf("%d bytes: %v", end, err)
		case !cmp.Equal(namesOf(w), want):
			t.Fatalf("%d bytes: %v, want %v", end, namesOf(w), want)
		}
	}
}

// TestStateGoesOnAfterTornLine: what was being written is passed over, and written over.
func TestStateGoesOnAfterTornLine(t *testing.T) {
	t.Parallel()
	s := write(t)
	path := filepath.Join(t.TempDir(), "state.json")
	for _, torn := range []string{`{"sum":"0`, strings.Repeat("\x00", 5000), string(s.text[bytes.LastIndexByte(s.text[:len(s.text)-1], '\n')+1 : len(s.text)-1])} {
		put(t, path, append(bytes.Clone(s.text), torn...))
		e, c := open(t, path)
		want := names(e)
		if diff := cmp.Diff(s.worlds[int64(len(s.text))], want); diff != "" {
			t.Error(diff)
		}
		a := c.order("/v2/self", order("x"))
		want[a.ID] = a.Name
		shut(t, e)
		e, _ = open(t, path)
		if diff := cmp.Diff(want, names(e)); diff != "" {
			t.Error(diff)
		}
		shut(t, e)
	}
}

// TestStateDamagedAnywhere: no changed byte goes unnoticed, and its line is told.
func TestStateDamagedAnywhere(t *testing.T) {
	t.Parallel()
	s := write(t)
	c, f := catalogueOf(t), &stateFile{path: "state.json"}
	for i := range len(s.text) - 1 { // without its end the last line was never whole
		text := bytes.Clone(s.text)
		text[i] ^= 1
		line := fmt.Sprintf("line %d: ", 1+bytes.Count(s.text[:i], []byte("\n")))
		_, _, err := f.parse(text, c)
		if err == nil || !strings.Contains(err.Error(), "state.json") || !strings.Contains(err.Error(), line) && !strings.Contains(err.Error(), "of version 3") {
			t.Errorf("byte %d: %v, want %s", i, err, line)
		}
	}
}

// TestStateOfVersion1 stays as it is until something changes.
func TestStateOfVersion1(t *testing.T) {
	t.Parallel()
	const text = `{"version":1,"user":{"id":"user_1","name":"x","created":1},"organisations":null,"addons":[
{"id":"addon_1","realId":"kv_1","owner":"user_1","name":"old","provider":"kv","plan":"plan_310a853e-ec9a-42f2-8ea9-877af376bc25","region":"par","created":1}
]}
`
	path := filepath.Join(t.TempDir(), "state.json")
	put(t, path, []byte(text))
	e, _ := open(t, path)
	shut(t, e)
	if got := contents(t, path); string(got) != text {
		t.Errorf("reading made it\n%s", got)
	}
	e, c := open(t, path)
	a := c.order("/v2/self", order("new"))
	shut(t, e)
	e, _ = open(t, path)
	defer shut(t, e)
	if diff := cmp.Diff(map[string]string{"addon_1": "old", a.ID: "new"}, names(e)); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(contents(t, path), []byte(`"version":2`)) {
		t.Error("it is of version 1 still")
	}
}

// TestStateThatOthersChange: an emulator's next change puts the file right.
func TestStateThatOthersChange(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"removed":   os.Remove,
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"cut short": func(path string) error { return os.Truncate(path, 300) },
		"put back": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, bytes.Repeat([]byte("x"), 1<<16), 0o600))
		},
		"appended to": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("{}\n")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			e, c := open(t, path)
			c.order("/v2/self", order("before"))
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			c.order("/v2/self", order("after"))
			shut(t, e)
			again, _ := open(t, path)
			defer shut(t, again)
			if diff := cmp.Diff(names(e), names(again)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStateStaysSmall: the past does not pile up, and nothing is lost while a fresh
// file is drawn.
func TestStateStaysSmall(t *testing.T) {
	t.Parallel()
	const slack = 20_000
	path := filepath.Join(t.TempDir(), "state.json")
	e, c := open(t, path)
	e.store.file.slack = slack
	first := e.store.file.info
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			a := c.order("/v2/self", order(fmt.Sprint(i)))
			for n := range 60 {
				c.must("PUT", "/v2/self/addons/"+a.ID, map[string]string{"name": fmt.Sprintf("%d-%d", i, n)}, nil)
			}
		})
	}
	all.Wait()
	shut(t, e)
	f := e.store.file
	if f.info == first || f.size > 3*slack {
		t.Errorf("it has %d bytes, and %d when it was fresh", f.size, f.fresh)
	}
	if left, _ := filepath.Glob(path + ".new-*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	again, _ := open(t, path)
	defer shut(t, again)
	if diff := cmp.Diff(names(e), names(again)); diff != "" {
		t.Error(diff)
	}
	for id, name := range names(again) {
		if !strings.HasSuffix(name, "-59") {
			t.Errorf("%s is %s", id, name)
		}
	}
}

// TestChangesWhileDrawing: what is kept between the drawing of a fresh file and its
// taking the place of the old one is in it.
func TestChangesWhileDrawing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	e, c := open(t, path)
	a, b := c.order("/v2/self", order("a")), c.order("/v2/self", order("b"))
	f := e.store.file
	since, w := f.size, e.store.world()
	drawn, err := f.draw(w)
	if err != nil {
		t.Fatal(err)
	}
	c.must("DELETE", "/v2/self/addons/"+a.ID, nil, nil)
	c.must("PUT", "/v2/self/addons/"+b.ID, map[string]string{"name": "renamed"}, nil)
	c.order("/v2/self", order("c"))
	if err := f.compact(drawn, since); err != nil {
		t.Fatal(err)
	}
	c.order("/v2/self", order("d"))
	shut(t, e)
	again, _ := open(t, path)
	defer shut(t, again)
	if diff := cmp.Diff(names(e), names(again)); diff != "" {
		t.Error(diff)
	}
}
