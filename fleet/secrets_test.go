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

// TestSecretsAreNowhere: neither the server's database, nor logs, nor what workers leave,
// nor what commands print has a credential, a vault password, a vaulted value, or a
// password of an add-on; what is not sealed names them only.
func TestSecretsAreNowhere(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		t.Run(fmt.Sprintf("sealed %v", sealed), func(t *testing.T) {
			on := newServer(t)
			s := newStageOn(t, on)
			secrets := map[string]string{
				"token": secretText("token"), "token's secret": secretText("secret"), "consumer's secret": secretText("consumer"),
				"vault password": secretText("vault"), "vaulted value": secretText("value"), "extra variable": secretText("extra"),
			}
			s.secrets["shop.env"] = fmt.Sprintf("CLEVER_TOKEN=%s\nCLEVER_SECRET=%s\nOAUTH_CONSUMER_KEY=emulator-consumer\nOAUTH_CONSUMER_SECRET=%s\n",
				secrets["token"], secrets["token's secret"], secrets["consumer's secret"])
			s.secrets["shop.vault"] = secrets["vault password"] + "\n"
			if sealed {
				keys := filepath.Join(s.dir, "secrets", "codec.keys")
				secrets["codec key"] = secretText("")[1:] + strings.Repeat("0", 64-24)
				s.write(keys, "k1 "+secrets["codec key"]+"\n")
				s.more = fmt.Sprintf(", codec_key_file: %q", keys)
			} else {
				delete(secrets, "extra variable") // which are data of the fleet, and in clear without a codec
			}
			s.declare("  - {project: shop, files: site.yml, every: 6h, approve: [migrate, replace, delete]}\n")
			s.commit(map[string]string{
				"site.yml":  secretBook(s, secrets, "xxs_sml"),
				"fails.yml": "- fail: {msg: \"the password is {{ password }}\"}\n  vars: {password: " + vaulted(s, secrets) + "}\n",
			})
			var printed bytes.Buffer
			run := func(args ...string) {
				_, out := s.run(args...)
				printed.WriteString(out)
			}
			m := s.worker("one", 2)
			fleet := s.fleet()
			run("apply")
			run("run", "shop/site.yml")
			j := job("site.yml")
			if extra := secrets["extra variable"]; extra != "" {
				j.ExtraVars = []string{"token=" + extra}
			}
			id := s.play(fleet, j)
			if o := s.outcome(fleet.Client, id); o.Exit != 0 {
				t.Errorf("%+v", o)
			}
			for i, a := range s.platform.World().Addons {
				for _, v := range s.platform.Variables(a) {
					if strings.Contains(v.Name, "PASSWORD") || strings.HasSuffix(v.Name, "_URI") {
						secrets[fmt.Sprintf("add-on %d's %s", i, v.Name)] = v.Value
					}
				}
			}
			run("run", "shop/fails.yml")
			s.commit(map[string]string{"site.yml": secretBook(s, secrets, "xs_sml")})
			j.Approve = []string{"migrate", "replace", "delete"}
			id = s.play(fleet, j)
			s.awaitConsent(fleet, id, `"db"`)
			run("status")
			run("approve", id)
			if o := s.outcome(fleet.Client, id); o.Exit != 0 {
				t.Errorf("%+v", o)
			}
			run("status", "--format", "json")
			run("logs", id)
			_ = fleet.Client.TerminateWorkflow(t.Context(), flow.LaneID(platformURL+" "+organisation(0)), "", "a test")
			_ = m.Process.Signal(os.Interrupt)
			_ = m.Wait()
			on.kill()
			dirs := []string{s.dir}
			for i, word := range on.store {
				if word == "-state" {
					dirs = append(dirs, filepath.Dir(on.store[i+1]))
				}
			}
			if len(secrets) < 6 || printed.Len() < 500 {
				t.Fatalf("too little to look for, or in: %d secrets, %s", len(secrets), printed.String())
			}
			for _, hit := range append(found(t, secrets, dirs...), in(printed.Bytes(), secrets)...) {
				t.Error(hit)
			}
			for _, hit := range in(on.said.Bytes(), secrets) {
				t.Errorf("the server's log has the %s", hit)
			}
			// The search finds what is there.
			names := map[string]string{"name of a playbook": "site.yml"}
			if inClear := len(found(t, names, dirs[len(dirs)-1])) > 0; len(dirs) > 1 && !inClear {
				t.Error("the database does not name the playbook: the search does not find what is in clear")
			}
		})
	}
}

// secretBook is a playbook that uses a vaulted value, and what the platform made secret.
func secretBook(s *stage, secrets map[string]string, plan string) string {
	return fmt.Sprintf(`- hosts: localhost
  vars: {password: %s}
  tasks:
    - addon_register: {name: db, provider: pg, details: {plan: %s}, organisation: %q}
      register: db
    - assert: {that: "password | length > 8"}
    - assert: {that: "db.env.POSTGRESQL_ADDON_PASSWORD | length > 3"}
    - set_fact: {copy: "{{ password }}"}
`, vaulted(s, secrets), plan, organisation(0))
}

// vaulted returns the vaulted value as ansible-vault writes it.
func vaulted(s *stage, secrets map[string]string) string {
	s.t.Helper()
	program := filepath.Join(built.dir, "runner")
	if _, err := os.Stat(program); err != nil {
		c := exec.Command("go", "build", "-o", program, "..")
		c.Dir = ".."
		c.Args[len(c.Args)-1] = "."
		if out, err := c.CombinedOutput(); err != nil {
			s.t.Fatalf("%v: %s", err, out)
		}
	}
	file := filepath.Join(s.dir, "secrets", "password")
	s.write(file, secrets["vault password"])
	c := exec.Command(program, "vault", "encrypt_string", "--vault-password-file", file, secrets["vaulted value"])
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
