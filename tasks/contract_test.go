package tasks_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/tasks"
)

// args makes a mapping of alternating names and values; a value is a text or
// another mapping.
func args(pairs ...any) *expr.Node {
	place := diagnostic.Place{Source: &diagnostic.Source{Name: "test.yml"}, Line: 1, Col: 1}
	n := &expr.Node{Shape: expr.Mapping, Place: place}
	for i := 0; i < len(pairs); i += 2 {
		key := pairs[i].(string)
		val, ok := pairs[i+1].(*expr.Node)
		if !ok {
			text := fmt.Sprint(pairs[i+1])
			val = &expr.Node{Place: place, Text: text, Value: text}
			if syntax.HasTemplate(text) {
				val.Tmpl, _ = expr.Parse(builtin.Table(), text, diagnostic.At(place, text))
			}
		}
		n.Entries = append(n.Entries, expr.Entry{Key: &expr.Node{Text: key, Value: key, Place: place}, Value: val})
	}
	return n
}

// A platform is one emulator; each run against it has a client of its own.
type platform struct {
	jobs int // 0: the default
	*emulator.Emulator
	dir    string        // of the playbook
	allow  []string      // risks that are consented to
	scope  string        // of the play; "": none
	file   string        // of the playbook; "": site.yml
	extra  []engine.Var  // that are given from outside
	memory clever.Memory // of the machine; nil: none
	// progress is what the tasks of the last play reported while they were at work.
	progress *[]string
	// transport stands between a play and the emulator; nil: nothing does.
	transport http.RoundTripper
}

func newPlatform(t *testing.T) platform {
	t.Helper()
	return platformWith(t, emulator.Options{Strict: true})
}

func platformWith(t *testing.T, o emulator.Options) platform {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return platform{Emulator: e, dir: t.TempDir(), progress: &[]string{}}
}

func (p platform) cloud() *tasks.Cloud {
	return &tasks.Cloud{Config: clever.Config{Endpoint: "http://emulator.invalid"}, Memory: p.remembered(), Default: func() (clever.Credentials, error) {
		key, keySecret, token, secret := p.Credentials()
		return clever.Credentials{ConsumerKey: key, ConsumerSecret: keySecret, Token: token, Secret: secret, Source: "test"}, nil
	}}
}

func (p platform) remembered() func(string, clever.Credentials) clever.Memory {
	if p.memory == nil {
		return nil
	}
	return func(string, clever.Credentials) clever.Memory { return p.memory }
}

// A step is a kind with arguments.
type step struct {
	kind     string
	args     *expr.Node
	register string
	name     string
	ignore   bool // ignore_errors
}

// ends keeps how steps ended, and their progress.
type ends struct {
	all      []engine.TaskEnd
	progress []string
}

func (e *ends) Tell(event engine.Event) {
	switch event := event.(type) {
	case engine.TaskEnd:
		e.all = append(e.all, event)
	case engine.TaskProgress:
		e.progress = append(e.progress, event.Text)
	}
}

// play runs steps in a run of their own and returns how they ended.
func (p platform) play(t *testing.T, check bool, steps ...step) []engine.TaskEnd {
	t.Helper()
	kinds := tasks.Kinds(p.cloud())
	play := &engine.Play{Hosts: "localhost", File: filepath.Join(p.dir, cmp.Or(p.file, "site.yml"))}
	if p.scope != "" {
		play.Prune = &engine.Prune{Scope: &expr.Node{Text: p.scope, Value: p.scope}}
	}
	for i, s := range steps {
		k := slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == s.kind })
		if problems := engine.CheckArgs(&kinds[k], s.args, diagnostic.Place{}); len(problems) > 0 {
			t.Fatal(problems[0])
		}
		st := &engine.Step{ID: fmt.Sprint(i + 1), Kind: &kinds[k], As: s.kind, Args: s.args, Register: s.register}
		if s.name != "" {
			st.Name = args("name", s.name).Get("name")
		}
		if s.ignore {
			st.IgnoreErrors = &expr.Node{Text: "true", Value: true}
		}
		play.Tasks = append(play.Tasks, st)
	}
	transport := p.transport
	if transport == nil {
		transport = p.Transport()
	}
	var seen ends
	_, err := engine.Run(t.Context(), &engine.Program{Plays: []*engine.Play{play}},
		engine.Options{Check: check, Jobs: p.jobs, Transport: transport, Reporter: &seen, Allow: p.allow, ExtraVars: p.extra})
	if err != nil {
		t.Fatal(err)
	}
	*p.progress = seen.progress
	return seen.all
}

// names lists the add-ons of the personal space.
func (p platform) names() []string {
	var list []string
	for _, a := range p.Addons(p.User()) {
		list = append(list, a.Name)
	}
	return list
}

func (p platform) writes() int {
	n := 0
	for _, r := range p.Journal() {
		if r.Method != "GET" && r.Method != "HEAD" {
			n++
		}
	}
	return n
}

// A contract says how to see a kind at work: what must be there first, the step,
// and what its diff names. A kind that changes nothing has no diff.
type contract struct {
	apps  []string // applications of the personal space that are there first
	given []step
	step  step
	allow string // the consent that the change needs; "": none
	scope string // of the play
	diff  []string
	after []string // the add-ons that are there in the end, in the order of their names
	// elsewhere says why a contract cannot show it, and what sees it at work; "": it can.
	elsewhere string
}

// contracts has a method for each kind, called as the struct of its parameters is, that
// returns how to see it at work. It stands here or in the test of the kind.
type contracts struct{}

func (contracts) AddonRegister() contract {
	return contract{
		step:  step{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev", "region", "Paris"))},
		diff:  []string{"name", "plan", "provider", "region"},
		after: []string{"db"},
	}
}

func (contracts) AddonRemove() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_remove", args: args("addon", "db")},
		diff:  []string{"name", "plan", "provider", "region"},
	}
}

func (contracts) AddonInfo() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_info", args: args("addon", "db", "env", true)},
		after: []string{"db"},
	}
}

func (contracts) AddonPrune() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_prune", args: args("scope", "shop")},
		scope: "shop",
		allow: "delete",
		diff:  []string{"db"},
	}
}

func (contracts) ProviderRegister() contract {
	return contract{
		step: step{kind: "provider_register", args: tinykv("features", connections(), "plans", maps(smallPlan("5")))},
		diff: []string{"api.config_vars", "api.password", "api.production.base_url", "api.regions", "api.sso_salt", "features.connections",
			"id", "name", "plans.small.features.connections", "plans.small.name", "plans.small.price"},
	}
}

func (contracts) ProviderRemove() contract {
	return contract{
		given: []step{{kind: "provider_register", args: tinykv("features", connections(), "plans", maps(smallPlan("5")))}},
		step:  step{kind: "provider_remove", args: args("provider", "tinykv", "organisation", "Example Organisation")},
		diff:  []string{"name", "plans.small", "status"},
	}
}

func (contracts) AddonLink() contract {
	return contract{
		apps:  []string{"shop"},
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_link", args: args("addon", "db", "application", "shop")},
		diff:  []string{"addon", "variables"},
		after: []string{"db"},
	}
}

func (contracts) AddonConfig() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "settings", "provider", "config", "details", args("plan", "std"))},
			{kind: "addon_config", args: args("addon", "settings", "vars", args("OLD", "1", "LEVEL", "debug"))}},
		step:  step{kind: "addon_config", args: args("addon", "settings", "exact", "true", "vars", args("LEVEL", "info", "API_TOKEN", "s3cr3t-value"))},
		allow: "delete",
		diff:  []string{"API_TOKEN", "LEVEL", "OLD"},
		after: []string{"settings"},
	}
}

func (contracts) AppEnv() contract {
	return contract{
		apps:  []string{"shop"},
		given: []step{{kind: "app_env", args: args("application", "shop", "vars", args("OLD", "1", "LEVEL", "debug", "KEPT", "x"))}},
		step:  step{kind: "app_env", args: args("application", "shop", "absent", list("OLD"), "vars", args("LEVEL", "info", "NEW", "1.10"))},
		diff:  []string{"LEVEL", "NEW", "OLD"},
	}
}

func (contracts) NetworkGroup() contract {
	return contract{
		apps:  []string{"shop", "other"},
		given: []step{{kind: "network_group", args: args("name", "backbone", "members", list("other"))}},
		step:  step{kind: "network_group", args: args("name", "backbone", "members", list("shop"), "exact", "true", "description", "d", "tags", list("a"))},
		allow: "delete",
		diff:  []string{"description", "members", "tags"},
	}
}

func (contracts) EnvFile() contract {
	return contract{
		step: step{kind: "env_file", args: args("dest", ".env", "from", args("A", "1", "B", "x y"))},
		diff: []string{"A", "B", "mode"},
	}
}

func (contracts) Debug() contract {
	return contract{step: step{kind: "debug", args: args("msg", "hello")}}
}

func (contracts) SetFact() contract {
	return contract{step: step{kind: "set_fact", args: args("greeting", "hello")}}
}

func (contracts) Assert() contract {
	return contract{step: step{kind: "assert", args: args("that", "1 == 1")}}
}

func (contracts) Pause() contract {
	return contract{step: step{kind: "pause", args: args("prompt", "Go on?")}}
}

func (contracts) Setup() contract {
	return contract{step: step{kind: "setup", args: args("filter", "ansible_date_time")}}
}

func (contracts) Meta() contract {
	return contract{step: step{kind: "meta", args: args("free_form", "noop")}}
}

func (contracts) Fail() contract { return contract{elsewhere: "it always fails: see TestControl"} }

func (contracts) IncludeTasks() contract {
	return contract{elsewhere: "it needs files: see the scripts of cmd"}
}

func (contracts) IncludeVars() contract {
	return contract{elsewhere: "it needs files: see the scripts of cmd"}
}

func (contracts) IncludeRole() contract {
	return contract{elsewhere: "it needs files: see the scripts of cmd"}
}

func TestContract(t *testing.T) {
	kinds := tasks.Kinds(nil)
	for i := range kinds {
		k := &kinds[i]
		t.Run(k.Name, func(t *testing.T) {
			method := reflect.ValueOf(contracts{}).MethodByName(reflect.TypeOf(k.New()).Elem().Name())
			if !method.IsValid() {
				t.Fatalf("no contract: write func (contracts) %s() contract in the test of the kind", reflect.TypeOf(k.New()).Elem().Name())
			}
			if c := method.Call(nil)[0].Interface().(contract); c.elsewhere == "" {
				c.hold(t)
				c.holdResult(t, k)
			}
			for _, r := range k.Returns {
				if r.Type == "" || r.Doc == "" {
					t.Errorf("the result's %s has no type, or nothing that says what it is", r.Name)
				}
			}
		})
	}
}

// begin returns a platform with what must be there first.
func (c contract) begin(t *testing.T) platform {
	t.Helper()
	p := newPlatform(t)
	p.scope = c.scope
	for _, name := range c.apps {
		p.application(t, "", name)
	}
	for _, s := range c.given {
		p.play(t, false, s)
	}
	return p
}

// costs reports whether a kind says that a part of its result costs a request.
func costs(k *engine.Kind, name string) bool {
	return slices.ContainsFunc(k.Returns, func(r engine.Return) bool { return r.Name == name && r.Costs })
}

// holdResult sees to it that what is registered is what the kind says: by whoever changes
// something, by whoever finds nothing to do, and by a check.
func (c contract) holdResult(t *testing.T, k *engine.Kind) {
	t.Helper()
	p := c.begin(t)
	p.allow = []string{c.allow}
	s := c.step
	s.register = "r"
	for _, at := range []struct {
		name  string
		check bool
	}{{"checked before", true}, {"applied", false}, {"again", false}, {"checked after", true}} {
		ends := p.play(t, at.check, s, step{kind: "debug", args: args("msg", "{{ r }}")})
		shown, _ := ends[1].Result.(*value.Map).Get("msg")
		used, ok := shown.(*value.Map) // what costs a request is read by now
		if !ok {
			continue
		}
		for _, wrong := range engine.CheckResult(k.Returns, used) {
			t.Errorf("%s: %s", at.name, wrong)
		}
		for name := range used.All() { // what it was before it was used
			if _, read := ends[0].Result.(*value.Map).Get(name); !read && !costs(k, value.Text(name)) {
				t.Errorf("%s: %s costs a request, and the kind does not say so", at.name, value.Text(name))
			}
		}
	}
}

// hold sees to it that a check says what would be done and does nothing; that
// nothing is done without the consent that is needed; and that a second client
// finds nothing left to do.
func (c contract) hold(t *testing.T) platform {
	t.Helper()
	p := c.begin(t)
	before := p.world(t)
	p.ResetJournal()

	want := engine.OK
	if c.diff != nil {
		want = engine.Changed
	}
	for range 2 { // a check changes nothing, so it can be repeated
		checked := p.play(t, true, c.step)[0]
		if checked.Outcome != want || p.writes() != 0 {
			t.Fatalf("check: %v (%v), %d writes", checked.Outcome, checked.Problem, p.writes())
		}
		if diff := gocmp.Diff(c.diff, paths(checked.Change)); diff != "" {
			t.Errorf("the diff names other things: %s", diff)
		}
	}
	if c.allow != "" {
		c.holdBack(t, p)
	}
	if diff := gocmp.Diff(before, p.world(t)); diff != "" {
		t.Fatalf("something changed: %s", diff)
	}
	p.allow = []string{c.allow}
	if end := p.play(t, false, c.step)[0]; end.Outcome != want {
		t.Fatalf("apply: %v (%v)", end.Outcome, end.Problem)
	}
	if again := p.play(t, false, c.step)[0]; again.Outcome != engine.OK || again.Change.Action != engine.None {
		t.Errorf("again: %v (%v), %v %v", again.Outcome, again.Problem, again.Change.Action, again.Change.Attrs)
	}
	names := p.names()
	slices.Sort(names)
	if !slices.Equal(names, c.after) {
		t.Errorf("there are %v, want %v", names, c.after)
	}
	return p
}

// holdBack plays without consent.
func (c contract) holdBack(t *testing.T, p platform) {
	t.Helper()
	end := p.play(t, false, c.step)[0]
	if end.Outcome != engine.Failed || !strings.Contains(end.Problem.Hint, "--allow "+c.allow) || p.writes() != 0 {
		t.Fatalf("without consent: %v (%v), %d writes", end.Outcome, end.Problem, p.writes())
	}
}

// world lists all that there is, as a client of its own sees it.
func (p platform) world(t *testing.T) []string {
	t.Helper()
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, owner := range append([]string{""}, p.Organisations()...) {
		addons, err := client.Addons(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addons {
			tags, err := client.Tags(t.Context(), owner, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprint(a.Name, " ", a.ID, " ", a.Provider.ID, " ", a.Plan.Slug, " ", a.Region, " ", tags))
		}
	}
	lines = append(lines, p.appsAndGroups(t, client)...)
	for _, offered := range p.Providers() {
		lines = append(lines, fmt.Sprint(offered))
	}
	files, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		lines = append(lines, f.Name())
	}
	return lines
}

func paths(c *engine.Change) []string {
	var list []string
	for _, a := range c.Attrs {
		list = append(list, a.Path)
	}
	slices.Sort(list)
	return list
}

func field(t *testing.T, end engine.TaskEnd, name string) string {
	t.Helper()
	m, ok := end.Result.(*value.Map)
	if !ok {
		t.Fatalf("the result is %T", end.Result)
	}
	v, ok := m.Get(name)
	if !ok {
		t.Fatalf("no %s in %s", name, format.JSON(m, format.JSONStyle{}))
	}
	return value.OpenText(v)
}

func TestRegisteredResult(t *testing.T) {
	p := newPlatform(t)
	steps := []step{
		{kind: "addon_register", name: "Order a Postgres Database", register: "r",
			args: args("provider", "PostgreSQL", "details", args("plan", "XXS Small Space", "version", "15", "zone", "France/Paris"))},
		{kind: "debug", args: args("msg", "{{ r.env | length }}")},
	}
	for range 2 {
		end := p.play(t, false, steps...)[0]
		for name, want := range map[string]string{"name": "order-a-postgres-database", "provider": "postgresql-addon",
			"organisation": "None", "version": "15", "region": "par", "failed": "False"} {
			if got := field(t, end, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		a := p.Addons(p.User())[0]
		if field(t, end, "addon_id") != a.ID || field(t, end, "real_id") != a.RealID {
			t.Errorf("the ids are not those of %s", a.ID)
		}
		plan := fmt.Sprintf("{'slug': 'xxs_sml', 'id': '%s', 'name': 'XXS Small Space'}", a.Plan.ID)
		if got := field(t, end, "plan"); got != plan {
			t.Errorf("plan is %s, want %s", got, plan)
		}
		if env := field(t, end, "env"); !strings.Contains(env, "'POSTGRESQL_ADDON_URI': 'postgresql://") {
			t.Errorf("env is %s", env)
		}
	}
	if names := p.names(); len(names) != 1 {
		t.Errorf("there are %v", names)
	}
}

func TestUnknownWordsFailBeforeAnyOrder(t *testing.T) {
	p := newPlatform(t)
	for name, test := range map[string]struct {
		args *expr.Node
		path string
		want string
	}{
		"provider": {args("name", "x", "provider", "postgresq", "details", args("plan", "dev")), "provider",
			`unknown provider "postgresq"; did you mean "postgresql-addon"?`},
		"plan": {args("name", "x", "provider", "pg", "details", args("plan", "xxs_sm")), "details.plan",
			`unknown plan "xxs_sm" of postgresql-addon; did you mean "xxs_sml"?`},
		"version": {args("name", "x", "provider", "pg", "details", args("plan", "xxs_sml", "version", "15.10")), "details.version",
			`unknown version "15.10" of postgresql-addon; did you mean "15"?`},
		"region": {args("name", "x", "provider", "kv", "details", args("plan", "base", "region", "mtl")), "details.region",
			`region "mtl" is not offered for plan base of kv; available: par`},
		"organisation": {args("name", "x", "provider", "pg", "organisation", "nobody", "details", args("plan", "dev")), "organisation",
			`unknown organisation "nobody"`},
		"no plan":    {args("name", "x", "provider", "pg"), "details", `there is no add-on "x" yet, and to order it details.plan is needed`},
		"no name":    {args("provider", "pg", "details", args("plan", "dev")), "", "an add-on needs a name: give name, or give the task one"},
		"no such id": {args("addon", "addon_x", "provider", "pg"), "addon", "there is no add-on addon_x of the personal space"},
	} {
		t.Run(name, func(t *testing.T) {
			end := p.play(t, false, step{kind: "addon_register", args: test.args})[0]
			if end.Problem == nil {
				t.Fatalf("%v", end.Outcome)
			}
			if got := strings.TrimPrefix(end.Problem.Error(), "test.yml:1:1: "); !strings.HasPrefix(got, test.want) {
				t.Errorf("says %q, want %q", got, test.want)
			}
		})
	}
	if p.writes() != 0 {
		t.Errorf("%d writes", p.writes())
	}
}

func TestTwoOfOneName(t *testing.T) {
	p := newPlatform(t)
	order := func(name string) step {
		return step{kind: "addon_register", args: args("name", name, "provider", "pg", "details", args("plan", "dev"))}
	}
	first := field(t, p.play(t, false, order("a"))[0], "addon_id")
	second := field(t, p.play(t, false, order("b"))[0], "addon_id")
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Rename(t.Context(), "", second, "a"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []step{order("a"), {kind: "addon_remove", args: args("addon", "a")}} {
		end := p.play(t, false, s)[0]
		if end.Problem == nil || !strings.Contains(end.Problem.Msg, first) || !strings.Contains(end.Problem.Msg, second) {
			t.Errorf("%s: %v, %v", s.kind, end.Outcome, end.Problem)
		}
	}
	// An id says which.
	adopt := step{kind: "addon_register", args: args("addon", second, "name", "a", "provider", "pg", "details", args("plan", "dev"))}
	if end := p.play(t, false, adopt)[0]; end.Outcome != engine.OK || field(t, end, "addon_id") != second {
		t.Errorf("adopted: %v, %v", end.Outcome, end.Problem)
	}
	p.play(t, false, step{kind: "addon_remove", args: args("addon", first)})
	if list := p.Addons(p.User()); len(list) != 1 || list[0].ID != second {
		t.Errorf("left: %v", list)
	}
}

func (p platform) credentials(t *testing.T) clever.Credentials {
	t.Helper()
	c, err := p.cloud().Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRemovalFindsTheOwner(t *testing.T) {
	p := newPlatform(t)
	organisation := p.Organisations()[0]
	order := step{kind: "addon_register", register: "r",
		args: args("name", "db", "provider", "pg", "organisation", organisation, "details", args("plan", "dev"))}
	for name, remove := range map[string]*expr.Node{
		"by name":                 args("addon", "db"),
		"by name and provider":    args("addon", "db", "provider", "postgresql-addon"),
		"in its organisation":     args("addon", "db", "organisation", organisation),
		"by id of the same run":   nil,
		"by real id of a new run": nil,
	} {
		t.Run(name, func(t *testing.T) {
			ordered := p.play(t, false, order)[0]
			switch name {
			case "by id of the same run":
				p.play(t, false, order, step{kind: "addon_remove", args: args("addon", "{{ r.addon_id }}")})
			case "by real id of a new run":
				p.play(t, false, step{kind: "addon_remove", args: args("addon", field(t, ordered, "real_id"))})
			default:
				p.play(t, false, step{kind: "addon_remove", args: remove})
			}
			if list := p.Addons(organisation); len(list) != 0 {
				t.Errorf("left: %v", list)
			}
		})
	}
	t.Run("of another provider", func(t *testing.T) {
		p.play(t, false, order)
		end := p.play(t, false, step{kind: "addon_remove", args: args("addon", "db", "provider", "redis")})[0]
		if list := p.Addons(organisation); end.Outcome != engine.OK || len(list) != 1 {
			t.Errorf("%v, left %v", end.Outcome, list)
		}
	})
}

// What a task signs its requests with is known as a secret, so that it is masked
// wherever it appears.
func TestCredentialsAreSecrets(t *testing.T) {
	p := newPlatform(t)
	kinds := tasks.Kinds(p.cloud())
	k := slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == "addon_info" })
	var secrets engine.Secrets
	play := &engine.Play{Hosts: "localhost", File: filepath.Join(p.dir, "site.yml"), Tasks: []engine.Item{&engine.Step{ID: "1", Kind: &kinds[k], As: "addon_info"}}}
	if _, err := engine.Run(t.Context(), &engine.Program{Plays: []*engine.Play{play}},
		engine.Options{Transport: p.Transport(), Reporter: &ends{}, Secrets: &secrets}); err != nil {
		t.Fatal(err)
	}
	_, consumerSecret, token, secret := p.Credentials()
	for name, text := range map[string]string{"consumer's secret": consumerSecret, "token": token, "token's secret": secret} {
		if masked := secrets.Mask("<" + text + ">"); masked != "<"+engine.Masked+">" {
			t.Errorf("the %s is shown: %q", name, masked)
		}
	}
}
