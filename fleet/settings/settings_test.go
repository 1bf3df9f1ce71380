package settings_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"runner/diagnostic"
	"runner/fleet/settings"
)

const whole = `
server: {address: "temporal:7233", namespace: acme, codec_key_file: /etc/fleet/keys}
projects:
  shop: {git: "https://git.example/shop.git", credentials: shop-prod, vault: [shop], hook: shop}
  blog:
    git: /srv/git/blog.git
    ref: v1
    queue: web
playbooks:
  - {project: shop, files: "playbooks/*.yml", every: 15m, jitter: 5m, drift: 5m, allow: migrate, approve: [replace, delete]}
  - {project: blog, files: site.yml, cron: "0 3 * * *"}
  - {project: shop, files: site.yml, on_push: true, changed: [roles, "vars/*.yml"]}
worker: {secrets: /etc/fleet/secrets}
serve: {ui: "https://temporal.example", user_header: X-User}
`

// TestExample: the settings that people begin with have no mistake.
func TestExample(t *testing.T) {
	f, err := settings.Read("../../examples/fleet/fleet.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Projects) != 1 || len(f.Playbooks) != 2 {
		t.Errorf("it declares %d projects and %d playbooks", len(f.Projects), len(f.Playbooks))
	}
}

func TestParse(t *testing.T) {
	got, err := settings.Parse("fleet.yml", whole)
	if err != nil {
		t.Fatal(err)
	}
	want := &settings.File{
		Server: settings.Server{Address: "temporal:7233", Namespace: "acme", CodecKeys: "/etc/fleet/keys"},
		Projects: map[string]settings.Project{
			"shop": {Git: "https://git.example/shop.git", Ref: "main", Queue: "shop", Credentials: "shop-prod", Vault: []string{"shop"}, Hook: "shop"},
			"blog": {Git: "/srv/git/blog.git", Ref: "v1", Queue: "web"},
		},
		Playbooks: []settings.Playbook{
			{Project: "shop", Files: "playbooks/*.yml", Every: 15 * time.Minute, Jitter: 5 * time.Minute, Drift: 5 * time.Minute,
				Ref: "main", Allow: []string{"migrate"}, Approve: []string{"replace", "delete"}},
			{Project: "blog", Files: "site.yml", Cron: "0 3 * * *", Ref: "v1"},
			{Project: "shop", Files: "site.yml", Ref: "main", OnPush: true, Changed: []string{"roles", "vars/*.yml"}},
		},
		Worker: settings.Worker{KeepLog: 30 * 24 * time.Hour, Secrets: "/etc/fleet/secrets"},
		Serve: settings.Serve{Listen: "127.0.0.1:8480", UI: "https://temporal.example", UserHeader: "X-User", Secrets: "/etc/fleet/secrets",
			Proxies: []string{"127.0.0.0/8", "::1/128"}},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreTypes(diagnostic.Place{})); d != "" {
		t.Error(d)
	}
}

// TestMistakes: all of them at once, each at its place.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":   "fleet.yml:1:1: the file is empty; it needs projects and playbooks",
		"{}": "fleet.yml:1:1: the file lacks projects",
		"projects:\n  shop: {gti: x}\nplaybooks:\n  - {project: shp, files: a, evry: 5m}\n": `fleet.yml:2:9: "shop" of projects lacks git
fleet.yml:2:10: unknown key "gti" of "shop" of projects; did you mean "git"?
fleet.yml:4:15: there is no project "shp"; did you mean "shop"?
fleet.yml:4:30: unknown key "evry" of an entry of playbooks; did you mean "every"?`,
		"projects: {a: {git: x, vault: {b: c}}}\nplaybooks: [{project: a, files: '[', every: 5, allow: [migrat]}]": `fleet.yml:1:31: vault takes a list
fleet.yml:2:33: "[" is no pattern: syntax error in pattern
fleet.yml:2:45: every takes a duration with a unit, such as 30s, 15m or 6h
fleet.yml:2:56: unknown risk "migrat"; did you mean "migrate"?`,
		"projects: {a: {git: x}}\nplaybooks: [{project: a, files: b, every: 5m, cron: '1 2', jitter: 5m, allow: delete, approve: delete}]": `fleet.yml:2:53: every and cron both say when it is played; leave one of them out
fleet.yml:2:53: "1 2" is no time: it has 2 fields; five fields, "0 3 * * mon-fri", or a word such as @daily
fleet.yml:2:68: jitter has to be less than every
fleet.yml:2:96: "delete" is allowed in advance and to be approved; leave it out of one of them`,
		"projects: {a: {git: x}}\nplaybooks: [{project: a, files: b, on_push: true, changed: ['[']}, {project: a, files: b, changed: c}]": `fleet.yml:2:45: on_push needs the secret of a web hook, and project "a" has none; say hook: NAME there
fleet.yml:2:61: "[" is no pattern: syntax error in pattern
fleet.yml:2:100: changed says which pushes play; add on_push: true`,
		"projects: {}\nserve: {listen: '80', ui: a, cert_file: c, users_file: u, user_header: h, proxies: [1.2.3]}\n": `fleet.yml:2:17: "80" is no address to listen at; HOST:PORT, such as 127.0.0.1:8480
fleet.yml:2:27: ui takes the address of a page: https://temporal.example.com
fleet.yml:2:41: cert_file and key_file go together
fleet.yml:2:72: users_file and user_header both say who a user is; leave one of them out
fleet.yml:2:85: "1.2.3" is no address or network; such as 10.0.0.0/8`,
		"projects: {}\nlogs: {bucket: b}": `fleet.yml:2:16: a bucket needs credentials; add credentials: NAME`,
		"projects: {}\nlogs: {prefix: p, buckt: b}": `fleet.yml:2:16: logs stay on the workers' disks without a bucket; add bucket: NAME
fleet.yml:2:19: unknown key "buckt" of logs; did you mean "bucket"?`,
		"projects: {a: {git: x}}\nprojects: {}": `fleet.yml:2:1: "projects" is there twice in the file`,
		"projects: {a: {git: x}, b: {git: x}}\nplaybooks:\n- {project: a, files: b, every: 5m}\n- {project: b, files: b, every: 5m}\n- {project: a, files: b, drift: 5m}\n- {project: a, files: b, on_push: false}\n- {project: a, files: b, cron: '@daily'}\n- {project: a, files: b, drift: 1h}": `fleet.yml:7:23: "b" of project a is scheduled at line 3 already; leave one of them out
fleet.yml:8:23: "b" of project a is scheduled at line 5 already; leave one of them out`,
		"projects: {a/b: {git: x}, '': {git: ''}, ü.1: {git: ~}}\nplaybooks: [{project: ü.1, files: ''}]": `fleet.yml:1:12: "a/b" cannot be a name of projects; letters, digits and . _ - behind the first
fleet.yml:1:27: "" cannot be a name of projects; letters, digits and . _ - behind the first
fleet.yml:1:37: git is empty
fleet.yml:1:53: git takes text
fleet.yml:2:35: files is empty`,
		"projects: {a: {git: x}}\nplaybooks: [{project: a, files: ../b}, {project: a, files: /b}, {project: a, files: ./b}, {project: a, files: b/*/, every: 999ms, drift: 1ms}]": `fleet.yml:2:33: "../b" matches no file of a repository; a path in the repository, such as playbooks/*.yml
fleet.yml:2:60: "/b" matches no file of a repository; a path in the repository, such as playbooks/*.yml
fleet.yml:2:85: "./b" matches no file of a repository; a path in the repository, such as playbooks/*.yml
fleet.yml:2:111: "b/*/" matches no file of a repository; a path in the repository, such as playbooks/*.yml
fleet.yml:2:124: every takes a second or more
fleet.yml:2:138: drift takes a second or more`,
		"server: {address: '7233'}\nprojects: {}":            `fleet.yml:1:19: "7233" is no address of a server; HOST:PORT, such as temporal.example.com:7233`,
		"server: {address: '127.0.0.1:70000'}\nprojects: {}": `fleet.yml:1:19: "127.0.0.1:70000" is no address of a server; HOST:PORT, such as temporal.example.com:7233`,
		"projects: {}\n---\nprojects: {}":                    `fleet.yml:2:1: a second YAML document begins in the file; put all into one`,
		"projects: {}\n...\n]":                               `fleet.yml:1:1: a second YAML document begins in the file; put all into one`,
		"a: [":                                               "fleet.yml:1:1: did not find expected node content",
	} {
		_, err := settings.Parse("fleet.yml", text)
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		if d := cmp.Diff(want, err.Error()); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

// TestCron: what is wrong is said with the field. That the server takes just what is taken
// here is a test beside the server's.
func TestCron(t *testing.T) {
	for text, want := range map[string]string{
		"0 3 * * *": "", " 0 3 * * mon-Fri ": "", "*/5 0-6/2,12 1,15 JAN-march sunday": "", "@daily": "", "@every 1d12h/1h": "", "TZ=Europe/Paris 0 3 * * 7": "",
		"0 3 * * * 2030": "", "30 0 3 * * * *": "", "0 3 * * * # at night": "", "CRON_TZ=UTC @weekly # why": "",
		"":                      "it has 0 fields",
		"99 * * * *":            `minute takes 0 to 59, not "99"`,
		"0 24 * * *":            `hour takes 0 to 23, not "24"`,
		"0 0 0 * *":             `day takes 1 to 31, not "0"`,
		"0 0 * 13 *":            `month takes 1 to 12, or a name such as feb, not "13"`,
		"0 0 * * mondy":         `weekday takes 0 to 7, or a name such as mon, not "mondy"`,
		"0 0 * * fri-mon":       `weekday "fri-mon" ends before it begins`,
		"*/0 * * * *":           `minute "*/0" takes a number from 1 on behind /`,
		"1-2-3 * * * *":         `minute takes 0 to 59, not "2-3"`,
		"1,,2 * * * *":          `minute takes 0 to 59, not ""`,
		"0 3 * * * 1999":        `year takes 2000 to 2100, not "1999"`,
		"60 0 3 * * * *":        `second takes 0 to 59, not "60"`,
		"@noon":                 "of words with @ there are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @every",
		"@every 10ms":           `@every takes a duration of a second or more, such as 12h or 1d, not "10ms"`,
		"@every 1h/1h":          `@every 1h takes a phase behind / that is shorter, not "1h"`,
		"TZ=Europe/Pari @daily": `there is no time zone "Europe/Pari"`,
		"TZ=UTC":                "it has 0 fields",
	} {
		_, err := settings.Parse("fleet.yml", fmt.Sprintf("projects: {a: {git: x}}\nplaybooks: [{project: a, files: b, cron: %q}]", text))
		if want != "" {
			want = fmt.Sprintf(`fleet.yml:2:42: %q is no time: %s; five fields, "0 3 * * mon-fri", or a word such as @daily`, text, want)
		}
		if got := fmt.Sprint(err); err == nil && want != "" || err != nil && got != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
