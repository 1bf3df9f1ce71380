package emulator

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/marketplace/manifest"
)

// calling makes a call of a vendor's, and gives status and body.
func (f *fair) calling(method, address, user, password, body string) (int, string) {
	f.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestVendorsCall: a vendor reads and changes its own add-ons, and nobody else's.
func TestVendorsCall(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s, other := newShop(t, d, nil), newShopOf(t, manifest.Clever, "otherkv", nil)
			f := newFair(t, Options{}, s, other)
			_, a := f.kv("db", "small")
			w := f.e.store.World()
			mine, foreign := w.Registration("tinykv").Parsed, w.Registration("otherkv").Parsed
			at := w.VendorAddon(a.ID).Vendor.Callback
			base, key := at[:strings.LastIndex(at, "/")], at[strings.LastIndex(at, "/")+1:]
			before := f.env(a.ID)

			if status, said := f.calling("GET", at, mine.ID, mine.Password, ""); status != 200 || !strings.Contains(said, before["TINYKV_URL"]) {
				t.Errorf("it reads %d %s", status, said)
			}
			for name, c := range map[string]struct{ user, password string }{
				"nobody": {"", ""}, "a wrong password": {mine.ID, foreign.Password}, "an unknown vendor": {"nokv", mine.Password},
			} {
				if status, said := f.calling("GET", at, c.user, c.password, ""); status != 401 || strings.Contains(said, "kv://") {
					t.Errorf("%s reads %d %s", name, status, said)
				}
			}
			set, body := "PUT", `{"config":{"TINYKV_PORT":6543}}`
			path := at
			if d == manifest.HerokuV3 {
				set, path, body = "PATCH", at+"/config", `{"config":[{"name":"TINYKV_PORT","value":"6543"}]}`
			} else {
				if status, said := f.calling("GET", base, mine.ID, mine.Password, ""); status != 200 || !strings.Contains(said, key) {
					t.Errorf("it lists %d %s", status, said)
				}
				if status, said := f.calling("GET", base, foreign.ID, foreign.Password, ""); status != 200 || said != "[]\n" {
					t.Errorf("the other one lists %d %s", status, said)
				}
			}
			if status, _ := f.calling(set, path, foreign.ID, foreign.Password, strings.Replace(body, "TINYKV", "OTHERKV", 1)); status != 404 {
				t.Errorf("the other one changes it: %d", status)
			}
			if diff := cmp.Diff(before, f.env(a.ID)); diff != "" {
				t.Error(diff)
			}
			if status, said := f.calling(set, path, mine.ID, mine.Password, body); status != 200 {
				t.Errorf("it changes it: %d %s", status, said)
			}
			before["TINYKV_PORT"] = "6543"
			if diff := cmp.Diff(before, f.env(a.ID)); diff != "" {
				t.Error(diff)
			}
			if status, said := f.calling(set, path, mine.ID, mine.Password, strings.Replace(body, "TINYKV_PORT", "PATH", 1)); status != 422 {
				t.Errorf("a variable that it never declared: %d %s", status, said)
			}
		})
	}
}

// TestGivenUp: a vendor that took an order on may say that it came to nothing; what
// is there it cannot take away so.
func TestGivenUp(t *testing.T) {
	s := newShop(t, manifest.HerokuV3, nil)
	f := newFair(t, Options{}, s)
	_, a := f.kv("db", "small")
	s.set("", once("POST", 1, accept("slow-1")))
	_, late := f.kv("late", "small")
	m := f.e.store.World().Registration("tinykv").Parsed
	for id, want := range map[string]int{a.ID: 404, late.ID: 200} {
		at := f.e.store.World().VendorAddon(id).Vendor.Callback + "/actions/deprovision"
		if status, said := f.calling("POST", at, m.ID, m.Password, ""); status != want {
			t.Errorf("%d %s, want %d", status, said, want)
		}
	}
	if list := f.e.Addons(f.e.User()); len(list) != 1 || list[0].ID != a.ID {
		t.Errorf("there is %+v", list)
	}
}

// TestDashboard: the form that the platform gives opens the vendor's page, once.
func TestDashboard(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := newShop(t, d, nil)
			f := newFair(t, Options{}, s)
			_, a := f.kv("db", "small")
			id := f.e.store.World().VendorAddon(a.ID).Vendor.ID
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			browser := &http.Client{Jar: jar}
			for range 2 { // a form each
				in, err := f.e.SignIn(a.ID)
				if err != nil {
					t.Fatal(err)
				}
				for _, want := range []int{200, 403} {
					res, err := browser.PostForm(in.URL, in.Form)
					if err != nil {
						t.Fatal(err)
					}
					page, _ := io.ReadAll(res.Body)
					res.Body.Close()
					if res.StatusCode != want || want == 200 && !strings.HasPrefix(string(page), id+" of ") {
						t.Errorf("%d %s, want %d", res.StatusCode, page, want)
					}
				}
				f.now.move(1100 * time.Millisecond) // Heroku's proofs are the same within a second
			}
			var fields map[string]string
			f.must("GET", "/v2/self/addons/"+a.ID+"/sso", nil, &fields)
			if fields["url"] != s.address+"/marketplace/sso" || fields["id"] != id || fields[string(d.Scheme())] == "" {
				t.Errorf("the platform gives %v", fields)
			}
		})
	}
}

// TestTwoVendors: each gets its own orders, many at once.
func TestTwoVendors(t *testing.T) {
	s, other := newShop(t, manifest.Clever, nil), newShopOf(t, manifest.HerokuV1, "otherkv", nil)
	f := newFair(t, Options{}, s, other)
	otherPlan := f.slugs("/v2/products/addonproviders/otherkv")["large"]
	const many = 8
	done := make(chan int, 2*many)
	for range many {
		go func() {
			status, _ := f.kv("db", "small")
			done <- status
		}()
		go func() {
			done <- f.ask("POST", "/v2/self/addons", clever.CreateRequest{Name: "o", ProviderID: "otherkv", Plan: otherPlan, Region: "par"}, nil)
		}()
	}
	for range 2 * many {
		if status := <-done; status != 200 {
			t.Errorf("an order: %d", status)
		}
	}
	if len(s.plans()) != many || len(other.plans()) != many || len(f.e.Addons(f.e.User())) != 2*many {
		t.Errorf("%d and %d were ordered, %d are there", len(s.plans()), len(other.plans()), len(f.e.Addons(f.e.User())))
	}
}
