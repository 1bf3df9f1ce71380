package cmd_test

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"runner/clever/emulator"
	"runner/clever/emulator/market"
	"runner/cmd"
)

var update = flag.Bool("update", false, "write what the scripts compare with anew")

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"runner": func() { os.Exit(cmd.Main()) }})
}

// overlap lets more tests go side by side than there are processors, unless -parallel says
// how many: most of them wait, for other programs, timers and sockets.
func overlap() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	}
}

// TestScripts runs testdata/*.txtar: the program as its user meets it. Beside
// testscript's own words the scripts know
//
//	emulator [--strict] [--latency D] [--vendor MANIFEST] [--fault SPEC]…
//	                                    an emulator on a socket; the environment points at it
//	backend MANIFEST [open]             a vendor's back-end on a socket, and its manifest
//	requests METHOD PATH N              it was requested N times; PATH is a regular expression, METHOD one too
//	addons NAME…                        it holds add-ons of just these names
//	exit N COMMAND…                     the command ends with this code
//	matches FILE                        the last standard output is FILE, ids and secrets aside
func TestScripts(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Vars = append(env.Vars, "HOME="+home, "ROOT="+root, "EXAMPLES="+filepath.Join(root, "examples"))
			return os.Mkdir(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"emulator": startEmulator,
			"backend":  startBackend,
			"requests": countRequests,
			"addons":   checkAddons,
			"exit":     checkExit,
			"matches":  checkMatches,
		},
	})
}

func startEmulator(ts *testscript.TestScript, _ bool, args []string) {
	var o emulator.Options
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.BoolVar(&o.Strict, "strict", false, "")
	flags.DurationVar(&o.Latency, "latency", 0, "")
	flags.Func("fault", "", func(spec string) error {
		f, err := emulator.ParseFault(spec)
		o.Faults = append(o.Faults, f)
		return err
	})
	flags.Func("vendor", "", func(name string) error {
		o.Vendors = append(o.Vendors, market.Vendor{Manifest: []byte(ts.ReadFile(name))})
		return nil
	})
	ts.Check(flags.Parse(args))
	e, err := emulator.New(o)
	ts.Check(err)
	server := httptest.NewServer(e)
	ts.Defer(server.Close)
	key, keySecret, token, secret := e.Credentials()
	for name, value := range map[string]string{"API_HOST": server.URL, "CLEVER_TOKEN": token, "CLEVER_SECRET": secret,
		"OAUTH_CONSUMER_KEY": key, "OAUTH_CONSUMER_SECRET": keySecret} {
		ts.Setenv(name, value)
	}
	running.Store(ts, e)
	ts.Defer(func() { running.Delete(ts) })
}

func countRequests(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: requests METHOD PATH N")
	}
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	method, path := regexp.MustCompile("^(?:"+args[0]+")$"), regexp.MustCompile("^(?:"+args[1]+")$")
	var all []string
	n := 0
	for _, r := range current(ts).Journal() {
		all = append(all, fmt.Sprintf("%s %s → %d", r.Method, r.Path, r.Status))
		if method.MatchString(r.Method) && path.MatchString(r.Path) {
			n++
		}
	}
	if n != want {
		ts.Fatalf("%d requests, want %d, among\n%s", n, want, strings.Join(all, "\n"))
	}
}

func checkAddons(ts *testscript.TestScript, _ bool, args []string) {
	e := current(ts)
	var names []string
	for _, owner := range append(e.Organisations(), e.User()) {
		for _, a := range e.Addons(owner) {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	slices.Sort(args)
	if !slices.Equal(names, args) {
		ts.Fatalf("there are the add-ons %v, want %v", names, args)
	}
}

func checkExit(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if err != nil {
		if _, e := fmt.Sscanf(err.Error(), "exit status %d", &code); e != nil {
			ts.Fatalf("%v", err)
		}
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func checkMatches(ts *testscript.TestScript, _ bool, args []string) {
	got, want := normalized(ts.ReadFile("stdout")), ts.ReadFile(args[0])
	if got != want {
		ts.Fatalf("standard output is\n%s\nwant\n%s", got, want)
	}
}
