package cmd_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"runner/clever/emulator"
)

// TestCollection plays with Ansible's own programs, and with the modules of the
// collection that runner built, packed and installed by them.
//
// ANSIBLE_TREE names the root of another system whose Ansible is to be used, too.
func TestCollection(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Ansible takes a second to start")
	}
	if tree := os.Getenv("ANSIBLE_TREE"); tree != "" {
		t.Run("in "+filepath.Base(tree), func(t *testing.T) {
			t.Parallel()
			plays(t, tree)
		})
	}
	if _, err := exec.LookPath("ansible-galaxy"); err != nil {
		t.Skip("ansible-galaxy is not there: install ansible-core")
	}
	plays(t, "")
}

// plays uses the collection with the Ansible of a system: of this one, if tree is "".
func plays(t *testing.T, tree string) {
	t.Helper()
	a := newAnsibleUser(t, tree)
	a.installs(t)
	a.documents(t)
	a.playsTheArticle(t)
	a.playsFullNames(t)
	a.reportsMistakes(t)
	a.consents(t)
	a.playsSideBySide(t)
}

// An ansibleUser has Ansible, runner in PATH, and an emulator.
type ansibleUser struct {
	tree, dir string // the folder at hand is dir, as Ansible sees it
	env       []string
	e         *emulator.Emulator
}

func newAnsibleUser(t *testing.T, tree string) *ansibleUser {
	t.Helper()
	s := newShell(t)
	a := &ansibleUser{tree: tree, e: s.on(t, emulator.Options{Owners: []string{"orga_trial"}})}
	at, err := os.MkdirTemp(filepath.Join(tree, os.TempDir()), "runner-collection-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(at) })
	a.dir = "/" + strings.TrimLeft(strings.TrimPrefix(at, tree), "/")
	books, err := filepath.Glob("testdata/collection/*.yml")
	if err != nil || len(books) < 5 {
		t.Fatalf("%d playbooks, %v", len(books), err)
	}
	for _, book := range books {
		copyFile(t, book, filepath.Join(at, filepath.Base(book)), 0o600)
	}
	copyFile(t, "../examples/article.yml", filepath.Join(at, "short.yml"), 0o600)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, self, filepath.Join(at, "runner"), 0o700)
	a.env = []string{"PATH=" + a.dir + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + a.dir, "ANSIBLE_HOME=" + a.dir, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1",
		"ANSIBLE_LOCAL_TEMP=" + a.dir + "/tmp", "ANSIBLE_REMOTE_TEMP=" + a.dir + "/tmp", "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3",
		"ANSIBLE_COLLECTIONS_PATH=" + a.dir + "/collections", "ANSIBLE_COLLECTIONS_PATHS=" + a.dir + "/collections", "ANSIBLE_DEPRECATION_WARNINGS=0"}
	for _, name := range []string{"API_HOST", "CLEVER_TOKEN", "CLEVER_SECRET", "OAUTH_CONSUMER_KEY", "OAUTH_CONSUMER_SECRET"} {
		a.env = append(a.env, name+"="+s.env[name])
	}
	return a
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a program of Ansible's, or runner. With -v and the like warnings and
// deprecations of Ansible's own are on standard error, which is in out, too.
func (a *ansibleUser) run(t *testing.T, want int, args ...string) (out string) {
	t.Helper()
	words := append([]string{"env", "-i", "-C", a.dir}, slices.Concat(a.env, args)...)
	if a.tree != "" {
		words = append([]string{"chroot", a.tree}, words...)
	}
	c := exec.CommandContext(t.Context(), words[0], words[1:]...)
	text, _ := c.CombinedOutput()
	if code := c.ProcessState.ExitCode(); code != want {
		t.Fatalf("%s: exit %d, want %d\n%s", strings.Join(args, " "), code, want, text)
	}
	return string(text)
}

func (a *ansibleUser) play(t *testing.T, want int, args ...string) (out string) {
	t.Helper()
	return a.run(t, want, append([]string{"ansible-playbook", "-i", "localhost,", "-c", "local"}, args...)...)
}

// wants fails unless all texts are in an output.
func wants(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("there is no %q in\n%s", text, out)
		}
	}
}

// installs builds the collection twice, packs it, and installs the package.
func (a *ansibleUser) installs(t *testing.T) {
	t.Helper()
	for range 2 {
		wants(t, a.run(t, 0, "runner", "collection", "build", "--out", "built"), "built: noa.clevercloud with ")
	}
	a.run(t, 0, "ansible-galaxy", "collection", "build", "./built", "--output-path", "packed")
	packed, err := filepath.Glob(filepath.Join(a.tree, a.dir, "packed", "noa-clevercloud-*.tar.gz"))
	if err != nil || len(packed) != 1 {
		t.Fatalf("ansible-galaxy packed %v, %v", packed, err)
	}
	a.run(t, 0, "ansible-galaxy", "collection", "install", "packed/"+filepath.Base(packed[0]), "-p", "collections")
}

// documents lets ansible-doc show a page of each module.
func (a *ansibleUser) documents(t *testing.T) {
	t.Helper()
	wants(t, a.run(t, 0, "ansible-doc", "-t", "module", "noa.clevercloud.addon_register"),
		"resource_key", "aliases: [ressource_key, token]", "lock_timeout", "xxs_sml", "real_id")
	listed := a.run(t, 0, "ansible-doc", "-t", "module", "-l", "noa.clevercloud")
	modules := a.modules(t)
	command := []string{"ansible-doc", "-t", "module"}
	for _, module := range modules {
		wants(t, listed, "noa.clevercloud."+module+" ")
		command = append(command, "noa.clevercloud."+module)
	}
	pages := a.run(t, 0, command...)
	for _, module := range modules { // each page begins so, in capitals before Ansible 2.17
		if !regexp.MustCompile(`(?im)^> (MODULE )?noa\.clevercloud\.` + module + `\s`).MatchString(pages) {
			t.Errorf("there is no page of %s in\n%s", module, pages)
		}
	}
}

func (a *ansibleUser) modules(t *testing.T) (names []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(a.tree, a.dir, "built/plugins/modules/*.sh"))
	if err != nil || len(all) < 6 {
		t.Fatalf("%d modules, %v", len(all), err)
	}
	for _, path := range all {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".sh"))
	}
	return names
}

// writes returns the writing requests since the last call.
func (a *ansibleUser) writes() (all []string) {
	for _, r := range a.e.Journal() {
		if !isRead(r.Method) {
			all = append(all, r.Method+" "+r.Path)
		}
	}
	a.e.ResetJournal()
	return all
}

func (a *ansibleUser) playsTheArticle(t *testing.T) {
	t.Helper()
	out := a.play(t, 0, "--check", "--diff", "article.yml")
	wants(t, out, `+++ after: add-on "order-a-trial-database"`, `+    "plan": "xxs_sml"`, "changed=2 ", "failed=0 ")
	if all := a.writes(); all != nil {
		t.Errorf("a check wrote: %q", all)
	}
	out = a.play(t, 0, "article.yml")
	wants(t, out, "changed=2 ", "failed=0 ", "single braces")
	if all := a.writes(); len(all) != 2 || !strings.HasPrefix(all[0], "POST /v2/organisations/orga_trial/addons") || !strings.HasPrefix(all[1], "DELETE /v2/organisations/orga_trial/addons/addon_") {
		t.Errorf("the article wrote %q", all)
	}
}

func (a *ansibleUser) playsFullNames(t *testing.T) {
	t.Helper()
	// The secrets of the play are no one else's, so that they are in no output by chance.
	a.env = append(a.env, "RUNNER_TEST_TOKEN=token-of-the-play", "RUNNER_TEST_SECRET=secret-of-the-play")
	a.play(t, 0, "--check", "full.yml", "--tags", "all")
	a.writes()
	out := a.play(t, 0, "full.yml", "-vvv")
	wants(t, out, `"order-the-database in par, tags [], version 15, 7 variables"`, "[\n        \"order-the-database\"\n    ]", "changed=2 ")
	addons := a.e.Addons(a.e.User())
	if len(addons) != 1 || addons[0].Name != "order-the-database" {
		t.Fatalf("there are %+v", addons)
	}
	text, err := os.ReadFile(filepath.Join(a.tree, a.dir, "database.env"))
	if err != nil || strings.Count(string(text), "\n") != 7 {
		t.Errorf("database.env: %v\n%s", err, text)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if value = strings.Trim(value, "'"); strings.HasSuffix(name, "PASSWORD") && strings.Contains(out, value) {
			t.Errorf("the output shows %s", name)
		}
	}
	if strings.Contains(out, "secret-of-the-play") {
		t.Error("the output shows a secret among the arguments")
	}
	wants(t, a.play(t, 0, "full.yml"), "changed=0 ", "version 15, 7 variables")
	if all := a.writes(); len(all) != 1 {
		t.Errorf("two runs wrote %q", all)
	}
}

func (a *ansibleUser) reportsMistakes(t *testing.T) {
	t.Helper()
	out := a.play(t, 0, "mistakes.yml", "-vvv")
	wants(t, out, `unknown plan \"xxs_sm\" of postgresql-addon; did you mean \"xxs_sml\"?`,
		`unknown parameter \"versoin\" of details of addon_register; did you mean \"version\"?`,
		`unknown parameter \"resource_secrt\" of auth of addon_register; did you mean \"resource_secret\"?`,
		"an add-on needs a name", `lock_timeout takes seconds, or a duration such as 30m, not \"soon\"`, "everything", "ignored=5 ")
	if strings.Contains(out, "misplaced-secret") {
		t.Error("the output shows a secret of a misspelt name")
	}
	wants(t, out, `"addons": []`)
	if all := a.writes(); all != nil {
		t.Errorf("mistakes wrote: %q", all)
	}
}

func (a *ansibleUser) consents(t *testing.T) {
	t.Helper()
	out := a.play(t, 0, "change.yml")
	wants(t, out, "consent is needed", "`allow: [migrate]` among the module's parameters consents", "changed=2 ", "ignored=1 ")
	if all := a.e.Addons(a.e.User()); len(all) != 0 {
		t.Errorf("there are %+v", all)
	}
}

// playsSideBySide orders on five hosts at once, which all are this machine: modules wait
// for each other's lock.
func (a *ansibleUser) playsSideBySide(t *testing.T) {
	t.Helper()
	out := a.run(t, 0, "ansible-playbook", "-i", "a,b,c,d,e", "-c", "local", "--forks", "5", "five.yml")
	if n := strings.Count(out, "changed=1 "); n != 5 || len(a.e.Addons(a.e.User())) != 5 {
		t.Errorf("%d of 5 were ordered:\n%s", n, out)
	}
	wants(t, a.run(t, 0, "runner", "history"), "noa.clevercloud.addon_register")
}

// TestModulesSideBySide: three processes order the same, and wait for each other.
func TestModulesSideBySide(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	call := `{"name": "db", "provider": "postgres", "details": {"plan": "dev"}, "_ansible_verbosity": 0}`
	var all []*exec.Cmd
	for range 3 {
		c := s.process(t, "module", "addon_register", "-")
		c.Stdin = strings.NewReader(call)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		all = append(all, c)
	}
	for _, c := range all {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	if n := len(e.Addons(e.User())); n != 1 {
		t.Errorf("there are %d add-ons, want 1", n)
	}
}
