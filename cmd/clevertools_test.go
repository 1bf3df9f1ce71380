package cmd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"runner/clever/emulator"
)

// TestCleverToolsAndRunnerSeeEachOther works on one application with the vendor's command line
// and with playbooks in turn: what one of them did, the other finds done, and undoes.
func TestCleverToolsAndRunnerSeeEachOther(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("clever")
	if err != nil {
		t.Skip("there is no clever-tools: npm install -g clever-tools@4.11")
	}
	s := newShell(t)
	s.on(t, emulator.Options{Strict: true})
	clever := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, append([]string{"--no-update-notifier", "--no-color"}, args...)...)
		c.Dir = s.dir
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir}
		for name, value := range s.env {
			if name != "HOME" {
				c.Env = append(c.Env, name+"="+value)
			}
		}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("clever %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	read := func(into any, args ...string) {
		t.Helper()
		if out := clever(append(args, "-F", "json")...); json.Unmarshal([]byte(out), into) != nil {
			t.Fatalf("clever %v: %s", args, out)
		}
	}
	play := func(text, want string) {
		t.Helper()
		code, out, stderr := s.run("play", s.file(t, "site.yml", text))
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("exit %d, want %q\n%s\n%s%s", code, want, text, out, stderr)
		}
	}

	clever("create", "shop", "--type", "node")
	clever("addon", "create", "postgresql-addon", "shop-db", "--plan", "dev", "--link", "shop")
	play("- addon_register: {name: shop-db, provider: pg, details: {plan: dev}, link: [shop]}\n- addon_link: {addon: shop-db, application: shop}\n", "changed=0 ")
	play("- addon_link: {addon: shop-db, application: shop, state: absent}\n", "changed=1 ")
	var services struct{ Addons []struct{ Name string } }
	if read(&services, "service"); len(services.Addons) != 0 {
		t.Errorf("the services are %+v", services)
	}
	play("- addon_link: {addon: shop-db, application: shop}\n", "changed=1 ")
	clever("service", "unlink-addon", "shop-db")
	play("- addon_link: {addon: shop-db, application: shop, state: absent}\n", "changed=0 ")

	clever("env", "set", "GREETING", "hello")
	play("- app_env: {application: shop, vars: {GREETING: hello}}\n", "changed=0 ")
	play("- app_env: {application: shop, vars: {LEVEL: 0755}, absent: [GREETING]}\n", "changed=1 ")
	var env struct {
		Env []struct{ Name, Value string }
	}
	read(&env, "env")
	if len(env.Env) != 1 || env.Env[0].Name != "LEVEL" || env.Env[0].Value != "0755" {
		t.Errorf("the variables are %+v", env)
	}

	play("- addon_register: {name: settings, provider: config, details: {plan: std}}\n  register: s\n- addon_config: {addon: settings, vars: {MODE: fast}}\n", "changed=2 ")
	var config []struct{ Name, Value string }
	read(&config, "config-provider", "get", "settings")
	if len(config) != 1 || config[0].Name != "MODE" || config[0].Value != "fast" {
		t.Errorf("the settings are %+v", config)
	}
	clever("config-provider", "set", "settings", "MODE", "slow")
	play("- addon_config: {addon: settings, vars: {MODE: slow}, exact: true}\n", "changed=0 ")

	clever("features", "enable", "ng")
	play("- network_group: {name: backbone, members: [shop-db, shop], tags: [a]}\n", "changed=1 ")
	var group struct {
		Label   string
		Members []struct{ Kind string }
	}
	read(&group, "ng", "get", "backbone")
	kinds := []string{}
	for _, m := range group.Members {
		kinds = append(kinds, m.Kind)
	}
	if slices.Sort(kinds); !slices.Equal(kinds, []string{"ADDON", "APPLICATION"}) {
		t.Errorf("the group is %+v", group)
	}
	clever("ng", "delete", "backbone")
	play("- network_group: {name: backbone, state: absent}\n", "changed=0 ")
	clever("ng", "create", "backbone")
	play("- network_group: {name: backbone}\n", "changed=0 ")
	play("- network_group: {name: backbone, state: absent}\n", "changed=1 ")
	if out := clever("ng"); strings.Contains(out, "backbone") {
		t.Errorf("there is %s", out)
	}
}
