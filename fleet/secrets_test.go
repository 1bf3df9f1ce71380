//go:build unix

package fleet_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/fleet/flow"
)

// secretText returns a secret that nothing else contains.
func secretText(what string) string {
	text := make([]byte, 12)
	_, _ = rand.Read(text)
	return what + "-" + hex.EncodeToString(text)
}

// found returns the files below a folder that contain a secret, in any of the forms in
// which it might be written, except those that are there to hold it.
func found(t *testing.T, secrets map[string]string, dirs ...string) (all []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.Contains(path, "/secrets/") || strings.Contains(path, "shop.git") || strings.Contains(path, "/worktrees/") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, what := range in(text, secrets) {
				all = append(all, fmt.Sprintf("%s has the %s", path, what))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	return all
}

func in(text []byte, secrets map[string]string) (all []string) {
	for what, secret := range secrets {
		raw := []byte(secret)
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString(raw)[:len(secret)], hex.EncodeToString(raw)} {
			if bytes.Contains(text, []byte(form)) {
				all = append(all, what)
			}
		}
	}
	return all
}

// A hiding is a fleet that has secrets of all kinds, and what it printed.
type hiding struct {
	*stage
	secrets map[string]string // by what they are
	printed bytes.Buffer
}

// newHiding returns a fleet on a server, whose payloads are sealed or not.
func newHiding(t *testing.T, on *server, sealed bool) *hiding {
	t.Helper()
	s := &hiding{stage: newStageOn(t, on), secrets: map[string]string{
		"token": secretText("token"), "token's secret": secretText("secret"), "consumer's secret": secretText("consumer"),
		"vault password": secretText("vault"), "vaulted value": secretText("value"),
	}}
	s.stage.secrets["shop.env"] = fmt.Sprintf("CLEVER_TOKEN=%s\nCLEVER_SECRET=%s\nOAUTH_CONSUMER_KEY=emulator-consumer\nOAUTH_CONSUMER_SECRET=%s\n",
		s.secrets["token"], s.secrets["token's secret"], s.secrets["consumer's secret"])
	s.stage.secrets["shop.vault"] = s.secrets["vault password"] + "\n"
	if sealed {
		keys := filepath.Join(s.dir, "secrets", "codec.keys")
		s.secrets["extra variable"] = secretText("extra") // which is data of the fleet, and in clear without a codec
		s.secrets["codec key"] = secretText("")[1:] + strings.Repeat("0", 64-24)
		s.write(keys, "k1 "+s.secrets["codec key"]+"\n")
		s.more = fmt.Sprintf(", codec_key_file: %q", keys)
	}
	s.declare("  - {project: shop, files: site.yml, every: 6h, approve: [migrate, replace, delete]}\n")
	return s
}

// command runs a command, and keeps what it prints.
func (s *hiding) command(args ...string) {
	_, out := s.run(args...)
	s.printed.WriteString(out)
}

// TestSecretsAreNowhere: neither the server's database, nor logs, nor what workers leave,
// nor what commands print has a credential, a vault password, a vaulted value, or a
// password of an add-on; what is not sealed names them only.
func TestSecretsAreNowhere(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		t.Run(fmt.Sprintf("sealed %v", sealed), func(t *testing.T) {
			on := newServer(t)
			s := newHiding(t, on, sealed)
			m := s.worker("one", 2)
			s.playAll()
			_ = m.Process.Signal(os.Interrupt)
			_ = m.Wait()
			on.kill()
			s.search(on)
		})
	}
}

// playAll plays what succeeds, what fails, and what needs consent, and looks at each.
func (s *hiding) playAll() {
	s.t.Helper()
	s.commit(map[string]string{
		"site.yml":  s.playbook("xxs_sml"),
		"fails.yml": "- fail: {msg: \"the password is {{ password }}\"}\n  vars: {password: " + s.vaulted() + "}\n",
	})
	fleet := s.fleet()
	s.command("apply")
	s.command("run", "shop/site.yml")
	j := job("site.yml")
	if extra := s.secrets["extra variable"]; extra != "" {
		j.ExtraVars = []string{"token=" + extra}
	}
	id := s.play(fleet, j)
	if o := s.outcome(fleet.Client, id); o.Exit != 0 {
		s.t.Errorf("%+v", o)
	}
	s.learn()
	s.command("run", "shop/fails.yml")
	s.commit(map[string]string{"site.yml": s.playbook("xs_sml")})
	j.Approve = []string{"migrate", "replace", "delete"}
	id = s.play(fleet, j)
	s.awaitConsent(fleet, id, `"db"`)
	s.command("status")
	s.command("approve", id)
	if o := s.outcome(fleet.Client, id); o.Exit != 0 {
		s.t.Errorf("%+v", o)
	}
	s.command("status", "--format", "json")
	s.command("logs", id)
	_ = fleet.Client.TerminateWorkflow(s.t.Context(), flow.LaneID(platformURL+" "+organisation(0)), "", "a test")
}

// learn adds what the platform made secret.
func (s *hiding) learn() {
	for i, a := range s.platform.World().Addons {
		for _, v := range s.platform.Variables(a) {
			if strings.Contains(v.Name, "PASSWORD") || strings.HasSuffix(v.Name, "_URI") {
				s.secrets[fmt.Sprintf("add-on %d's %s", i, v.Name)] = v.Value
			}
		}
	}
}

// search looks for all secrets in all files, in what was printed and in the server's log.
func (s *hiding) search(on *server) {
	s.t.Helper()
	dirs := []string{s.dir}
	for i, word := range on.store {
		if word == "-state" {
			dirs = append(dirs, filepath.Dir(on.store[i+1]))
		}
	}
	if len(s.secrets) < 6 || s.printed.Len() < 500 {
		s.t.Fatalf("too little to look for, or in: %d secrets, %s", len(s.secrets), s.printed.String())
	}
	for _, hit := range append(found(s.t, s.secrets, dirs...), in(s.printed.Bytes(), s.secrets)...) {
		s.t.Error(hit)
	}
	for _, hit := range in(on.said.Bytes(), s.secrets) {
		s.t.Errorf("the server's log has the %s", hit)
	}
	// The search finds what is there.
	names := map[string]string{"name of a playbook": "site.yml"}
	if inClear := len(found(s.t, names, dirs[len(dirs)-1])) > 0; len(dirs) > 1 && !inClear {
		s.t.Error("the database does not name the playbook: the search does not find what is in clear")
	}
}

// playbook returns one that uses a vaulted value, and what the platform made secret.
func (s *hiding) playbook(plan string) string {
	return fmt.Sprintf(`- hosts: localhost
  vars: {password: %s}
  tasks:
    - addon_register: {name: db, provider: pg, details: {plan: %s}, organisation: %q}
      register: db
    - assert: {that: "password | length > 8"}
    - assert: {that: "db.env.POSTGRESQL_ADDON_PASSWORD | length > 3"}
    - set_fact: {copy: "{{ password }}"}
`, s.vaulted(), plan, organisation(0))
}

// vaulted returns the vaulted value as ansible-vault writes it.
func (s *hiding) vaulted() string {
	s.t.Helper()
	program := filepath.Join(built.dir, "runner")
	if _, err := os.Stat(program); err != nil {
		c := exec.Command("go", "build", "-o", program, ".")
		c.Dir = ".."
		if out, err := c.CombinedOutput(); err != nil {
			s.t.Fatalf("%v: %s", err, out)
		}
	}
	file := filepath.Join(s.dir, "secrets", "password")
	s.write(file, s.secrets["vault password"])
	c := exec.Command(program, "vault", "encrypt_string", "--vault-password-file", file, s.secrets["vaulted value"])
	out, err := c.Output()
	if err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var text []string
	for _, line := range lines[1:] {
		text = append(text, strings.TrimSpace(line))
	}
	return `!vault "` + strings.Join(text, `\n`) + `"`
}
