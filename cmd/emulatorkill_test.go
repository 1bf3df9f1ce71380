package cmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/clever/emulator"
)

// TestKilledEmulator kills an emulator while many order from it: what it has
// answered is in its state file.
func TestKilledEmulator(t *testing.T) {
	const clients, enough = 8, 60
	s := newShell(t)
	state := filepath.Join(s.dir, "state.json")
	c := s.process(t, "emulator", "--listen", "127.0.0.1:0", "--state", state)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	_, base, ok := strings.Cut(lines.Text(), "export API_HOST=")
	if !ok {
		t.Fatalf("it says %q", lines.Text())
	}
	answered := make(chan string, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for n := 0; ; n++ {
				id, err := orderAt(base, fmt.Sprintf("a-%d-%d", i, n))
				if err != nil { // killed
					return
				}
				answered <- id
			}
		})
	}
	go func() {
		all.Wait()
		close(answered)
	}()
	var ids []string
	for id := range answered {
		if ids = append(ids, id); len(ids) == enough {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // killed
	e, err := emulator.New(emulator.Options{State: state, LockWait: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	kept := map[string]bool{}
	for _, a := range e.Addons(e.User()) {
		kept[a.ID] = true
	}
	for _, id := range ids {
		if !kept[id] {
			t.Errorf("%s was answered and is lost", id)
		}
	}
	if len(ids) < enough || len(kept) > len(ids)+clients {
		t.Errorf("%d were answered, %d are kept", len(ids), len(kept))
	}
}

// orderAt orders over the network; the error is of a connection that broke.
func orderAt(base, name string) (string, error) {
	body := fmt.Sprintf(`{"name":%q,"providerId":"kv","plan":"plan_310a853e-ec9a-42f2-8ea9-877af376bc25","region":"par"}`, name)
	r, err := http.NewRequest(http.MethodPost, base+"/v2/self/addons", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer anything")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var made struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil {
		return "", err
	}
	return made.ID, nil
}
