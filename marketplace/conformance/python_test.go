package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// An edit changes lines of testdata/shop.py: what stands there once becomes something
// else. A second pair is changed with it.
type edit struct {
	required string // letters of the dialects that require it to be otherwise; "good": it is as good
	in       string // letters of the dialects that it is tried in
	from, to string
	more     []string // pairs
}

var pythonDefects = []edit{
	{every, every, `return user == USER and hmac.compare_digest(password.encode(), PASSWORD.encode())`, `return password == PASSWORD`, nil},
	{every, every, `return user == USER and hmac.compare_digest(password.encode(), PASSWORD.encode())`, `return user == USER`, nil},
	{every, every, `return user == USER and hmac.compare_digest(password.encode(), PASSWORD.encode())`, `return user == USER and password.lower() == PASSWORD.lower()`, nil},
	{every, every, `return user == USER and hmac.compare_digest(password.encode(), PASSWORD.encode())`, `return user == USER and PASSWORD.startswith(password)`, nil},
	{every, every, `return user == USER and hmac.compare_digest(password.encode(), PASSWORD.encode())`, `return user == USER and password in PASSWORD`, nil},
	{every, every, `            return False
        try:`, `            return True
        try:`, nil},
	{every, every, `        self.body()
        if not self.authorized():`, `        self.body()
        if False:`, nil},
	{every, every, `        if not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        if self.path != "/r":`, `        if self.path == "/r" and not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        if self.path not in ("/r", "/r/"):`, nil},
	{every, every, `return self.answer(405, {"message": "no"})`, `return self.answer(200, find(self.name()) or {})`, []string{`        if self.path.startswith("/r"):
            if not self.authorized():`, `        if self.path.startswith("/r"):
            if False:`}},
	{every, every, `    return addons.get(name)`, `    return next((a for i, a in addons.items() if i.startswith(name or "-")), None)`, nil},
	{"ca1", "ca1", `    return addons.get(name)`, `    return next((a for i, a in addons.items() if i.lower() == (name or "-").lower()), None)`, nil},
	{every, every, `        addon["gone"] = True
        self.answer(200, {})`, `        self.answer(200, {})`, nil},
	{every, every, `        addon["gone"] = True
        self.answer(200, {})`, `        for other in addons.values():
            if other["plan"] == addon["plan"]:
                other["gone"] = True
        self.answer(200, {})`, nil},
	{"a13", "a13", `        addon["plan"] = order["plan"]
`, ``, nil},
	{"a13", "a13", `        addon["plan"] = order["plan"]
`, `        addon["plan"] = order["plan"]
        addon["password"] = secrets.token_hex(16)
`, nil},
	{"13", every, `        known = by_key(order[KEY])`, `        known = None`, []string{`addon["id"] = order[KEY]`, `addon["id"] = secrets.token_hex(12)`, `    return addons.get(name)`, `    return addons.get(name) or by_key(name)`}},
	{every, every, `        addons[addon["id"]] = addon
`, `        if len(addons) % 5:
            addons[addon["id"]] = addon
        else:
            addons["lost" + addon["id"]] = addon
`, nil},
	{every, every, `"password": secrets.token_hex(16)`, `"password": "the-same-for-all"`, nil},
	{every, every, `if not hmac.compare_digest(want.encode(), got.encode()):`, `if want[:16] != got[:16]:`, nil},
	{every, every, `if not hmac.compare_digest(want.encode(), got.encode()):`, `if not want.startswith(got):`, nil},
	{every, every, `if not hmac.compare_digest(want.encode(), got.encode()):`, `if len(want) != len(got):`, nil},
	{every, every, `if not -60 <= time.time() - at <= 300:`, `if False:`, nil},
	{every, every, `session = secrets.token_urlsafe(24)`, `session = addon["id"]`, nil},
	{every, every, `session = secrets.token_urlsafe(24)`, `session = hashlib.md5(addon["id"].encode()).hexdigest()`, nil},
	{none, every, `        if addon is None or addon["gone"]:
            return self.page(403, "<h1>no</h1>")
        self.page(200`, `        if addon is None:
            return self.page(403, "<h1>no</h1>")
        self.page(200`, nil},
	{every, every, `        if addon is None or addon["gone"]:
            return self.page(403, "<h1>no</h1>")
        session`, `        if addon is None:
            return self.page(403, "<h1>no</h1>")
        session`, []string{`        if addon is None or addon["gone"]:
            return self.page(403, "<h1>no</h1>")
        self.page(200`, `        if addon is None:
            return self.page(403, "<h1>no</h1>")
        self.page(200`}},
	{every, every, `if self.path == "/sso":`, `if self.path.startswith("/sso"):`, []string{`if form else None
        if`, `if form else None
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        addon = find(query.get("resource_id" if DIALECT == "heroku-v3" else "id", [None])[0]) or addon if form else None
        if`}},
	{every, every, `[("Location", "/dashboard")`, `[("Location", "/dashboard?session=" + session)`, []string{`if self.path != "/dashboard":`, `if not self.path.startswith("/dashboard"):`, `cookies.get("session")))`, `cookies.get("session") or self.path.partition("=")[2]))`}},
	{every, every, `return self.answer(401, {"message": "who are you?"})
        if self.path != "/r":`, `return self.answer(401, {"message": "not " + PASSWORD})
        if self.path != "/r":`, nil},
	{every, every, `            return self.page(403, "<h1>no</h1>")
        session`, `            return self.page(403, "<h1>no: %s</h1>" % SALT)
        session`, nil},
	{"c", "c", `            return "signature", hashlib`, `            if form.get("token") == hashlib.sha1(":".join([form["id"], SALT, form["timestamp"]]).encode()).hexdigest():
                return "token", form["token"]
            return "signature", hashlib`, nil},
	{"c3", "c3", `form["email"], form["nav-data"], SALT`, `"conformance@example.test", form["nav-data"], SALT`, []string{`form["user_id"], form["email"]]`, `form["user_id"], "conformance@example.test"]`}},
	{every, every, `self.answer(200, {"id": addon["id"], "config"`, `self.answer(204, {"id": addon["id"], "config"`, nil},
	{every, every, `self.answer(200, {"id": addon["id"], "config"`, `self.answer(200, {"addon": addon["id"], "config"`, []string{`return self.answer(200, {"id": known["id"], "config"`, `return self.answer(200, {"addon": known["id"], "config"`}},
	{"c13", "c13", `"TINYKV_TOKEN": addon["password"]}`, `"TINYKV_TOKEN": 7}`, nil},
	{none, every, `if order.get("plan") not in PLANS:
            return self.answer(422, {"message": "there is no such plan"})
        known`, `if False:
            return self.answer(422, {"message": "there is no such plan"})
        known`, nil},
	{none, every, `        used.add(got)
`, ``, nil},
	{none, every, `HttpOnly; `, ``, nil},
	{none, every, `Max-Age=3600`, `Max-Age=864000`, nil},
	{none, every, `        if addon is None:
            return self.answer(404, {"message": "no such add-on"})
        if addon["gone"]:
            return self.answer(410, {"message": "it was removed"})
        addon["gone"] = True`, `        addon["gone"] = True`, nil},
}

var pythonVariations = []edit{
	{"good", every, `return self.page(403, "<h1>no</h1>")
        session`, `return self.page(401, "<h1>no</h1>")
        session`, nil},
	{"good", every, `return self.page(403, "<h1>no</h1>")
        session`, `return self.page(302, "", [("Location", "/login")])
        session`, nil},
	{"good", every, `return self.page(403, "<h1>no</h1>")
        session`, `return self.page(200, "<h1>You are not signed in</h1>")
        session`, nil},
	{"good", every, `return self.page(403, "<h1>no</h1>")
        session`, `return self.send_error(403)
        session`, nil},
	{"good", every, `self.page(302, "", [("Location", "/dashboard"), ("Set-Cookie", cookie)])`, `self.page(200, "<h1>%s</h1><p>Plan: %s</p>" % (addon["id"], addon["plan"]), [("Set-Cookie", cookie)])`, nil},
	{"good", every, `[("Location", "/dashboard")`, `[("Location", "http://localhost:%d/dashboard" % server.server_port)`, []string{`Path=/; Max`, `Path=/; Domain=localhost; Max`, `HttpOnly; Secure; SameSite=Lax`, `HttpOnly; Secure; SameSite=Lax`}},
	{"good", every, `self.answer(200, {})`, `self.send_response(204)
        self.end_headers()`, nil},
	{"good", every, `server = HTTPServer`, `Shop.protocol_version = "HTTP/1.1"
server = HTTPServer`, nil},
	{"good", every, `from http.server import BaseHTTPRequestHandler, HTTPServer`, `from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer as HTTPServer`, nil},
	{"good", every, `return self.answer(401, {"message": "who are you?"})
        if self.path != "/r":`, `return self.send_error(401)
        if self.path != "/r":`, nil},
	{"good", every, `        text = self.body()
        if self.path == "/sso":
            return self.sso(text)
        if not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        if self.path`, `        if self.path == "/sso":
            return self.sso(self.body())
        if not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        text = self.body()
        if self.path`, nil},
	{"good", every, `self.answer(200, {"id": addon["id"], "config": config(addon), "message": "Here it is."})`, `self.answer(201, {"id": addon["id"], "config": config(addon)})`, nil},
	{"good", every, `    return {"TINYKV_URL"`, `    return {} and {"TINYKV_URL"`, nil},
	{"good", "ca", `        known = by_key(order[KEY])`, `        known = None`, nil},
	{"good", "c", `    def do_PUT(self):`, `    def no_PUT(self):`, nil},
	{"good", every, `SameSite=Lax`, `SameSite=None; Partitioned`, nil},
}

// python tests shop.py after an edit.
func python(t *testing.T, d manifest.Dialect, e edit) *conformance.Report {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "shop.py"))
	if err != nil {
		t.Fatal(err)
	}
	source, pairs := string(text), append([]string{e.from, e.to}, e.more...)
	for i := 0; i < len(pairs) && pairs[i] != ""; i += 2 {
		if n := strings.Count(source, pairs[i]); n != 1 {
			t.Fatalf("it stands there %d times: %s", n, pairs[i])
		}
		source = strings.Replace(source, pairs[i], pairs[i+1], 1)
	}
	m := newShop(t, d, nil)
	run := exec.Command("python3", "-c", source)
	run.Env = append(os.Environ(), "DIALECT="+string(d), "SHOP_ID="+m.m.ID, "SHOP_PASSWORD="+m.m.Password, "SHOP_SALT="+m.m.SSOSalt)
	stderr := &strings.Builder{}
	run.Stderr = stderr
	out, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Process.Kill(); _ = run.Wait() }()
	line, _ := bufio.NewReader(out).ReadString('\n')
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if strings.TrimSpace(line) == "" {
		_ = run.Wait()
		t.Fatalf("it does not start: %s", stderr)
	}
	report, err := over(t, m.reachedAt("http://127.0.0.1:"+strings.TrimSpace(line)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestPython does the same with a back-end of http.server, which answers one request
// at a time, each over a connection of its own.
func TestPython(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs python3")
	}
	t.Parallel()
	clean := edit{"good", every, "", "", nil}
	n := 0
	for _, list := range [][]edit{{clean}, pythonDefects, pythonVariations} {
		for i, e := range list {
			for _, d := range manifest.Dialects() {
				if n++; !strings.Contains(e.in, letterOf(d)) || !whole() && n%53 != 1 {
					continue
				}
				what := map[bool]string{true: "as good", false: "defect"}[e.required == "good"]
				t.Run(fmt.Sprintf("%s, %s %d: %.40s", d, what, i, e.to), func(t *testing.T) {
					report := python(t, d, e)
					failed, advised := breaches(report)
					switch required := strings.Contains(e.required, letterOf(d)); {
					case e.required == "good" && len(failed) > 0, e.from == "" && len(advised) > 0:
						for _, r := range report.Breaches() {
							t.Errorf("%s %s %s: want %s, came %s, sent %v", r.Status, r.ID, r.Title, r.Expected, r.Came, r.Sent)
						}
					case e.required != "good" && (required && len(failed) == 0 || len(failed)+len(advised) == 0):
						t.Errorf("not found: failed %v, advised %v", failed, advised)
					}
				})
			}
		}
	}
}
