package settings

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"runner/diagnostic"
	"runner/suggest"
)

// A reader fills structs from YAML nodes by the tags of their fields, and collects
// what is wrong.
type reader struct {
	source   *diagnostic.Source
	problems diagnostic.Problems
	places   map[any]diagnostic.Place // of fields, by pointer
}

func (r *reader) at(n *yaml.Node) diagnostic.Place {
	return diagnostic.Place{Source: r.source, Line: n.Line, Col: n.Column}
}

func (r *reader) wrong(n *yaml.Node, hint, format string, args ...any) {
	p := diagnostic.Problemf(r.at(n), format, args...)
	p.Hint = hint
	r.problems.Add(p)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func (r *reader) document(f *File) {
	r.places = map[any]diagnostic.Place{}
	var doc, more yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(r.source.Text))
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		m := yamlLine.FindStringSubmatch(err.Error())
		if m == nil {
			m = []string{"", "1", err.Error()}
		}
		line, _ := strconv.Atoi(m[1])
		r.problems.Add(&diagnostic.Problem{Place: diagnostic.Place{Source: r.source, Line: max(1, line), Col: 1}, Msg: m[2]})
		return
	}
	if len(doc.Content) == 0 {
		r.problems.Add(&diagnostic.Problem{Place: diagnostic.Place{Source: r.source, Line: 1, Col: 1}, Msg: "the file is empty", Hint: "it needs projects and playbooks"})
		return
	}
	r.fill(reflect.ValueOf(f).Elem(), resolved(doc.Content[0]), "the file")
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		r.wrong(&yaml.Node{Line: max(1, more.Line), Column: max(1, more.Column)}, "put all into one", "a second YAML document begins in the file")
	}
}

// resolved follows an alias to what it stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

var durationType = reflect.TypeFor[time.Duration]()

// fill sets a value from a node; what names it in messages.
func (r *reader) fill(v reflect.Value, n *yaml.Node, what string) {
	n = resolved(n)
	r.places[v.Addr().Interface()] = r.at(n)
	switch {
	case v.Type() == durationType:
		r.duration(v, n, what)
	case v.Kind() == reflect.String:
		if r.scalar(n, what, "text") {
			v.SetString(n.Value)
		}
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			r.wrong(n, "", "%s takes true or false", what)
		}
		v.SetBool(b)
	case v.Kind() == reflect.Struct:
		r.object(v, n, what)
	case v.Kind() == reflect.Map:
		r.mapping(v, n, what)
	case v.Kind() == reflect.Slice:
		r.list(v, n, what)
	}
}

func (r *reader) scalar(n *yaml.Node, what, kind string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.wrong(n, "", "%s takes %s", what, kind)
		return false
	}
	return true
}

func (r *reader) duration(v reflect.Value, n *yaml.Node, what string) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
		r.wrong(n, "", "%s takes a duration with a unit, such as 30s, 15m or 6h", what)
		return
	}
	v.SetInt(int64(d))
}

func (r *reader) object(v reflect.Value, n *yaml.Node, what string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "", "%s takes a map", what)
		return
	}
	fields := map[string]int{}
	var required []string
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "-" {
			if place, ok := v.Field(i).Addr().Interface().(*diagnostic.Place); ok {
				*place = r.at(n)
			}
			continue
		}
		fields[name] = i
		if option == "required" {
			required = append(required, name)
		}
	}
	given := r.pairs(n, what, func(key, value *yaml.Node) {
		i, ok := fields[key.Value]
		if !ok {
			known := slices.Sorted(maps.Keys(fields))
			hint := suggest.DidYouMean(key.Value, known)
			if hint == "" {
				hint = "available: " + strings.Join(known, ", ")
			}
			r.wrong(key, hint, "unknown key %q of %s", key.Value, what)
			return
		}
		r.fill(v.Field(i), value, key.Value)
		if slices.Contains(required, key.Value) && resolved(value).Kind == yaml.ScalarNode && resolved(value).Tag != "!!null" && v.Field(i).IsZero() {
			r.wrong(value, "", "%s is empty", key.Value)
		}
	})
	for _, name := range required {
		if !slices.Contains(given, name) {
			r.wrong(n, "", "%s lacks %s", what, name)
		}
	}
}

// pairs visits the keys of a map, each once, and returns them.
func (r *reader) pairs(n *yaml.Node, what string, visit func(key, value *yaml.Node)) (given []string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if slices.Contains(given, key.Value) {
			r.wrong(key, "", "%q is there twice in %s", key.Value, what)
			continue
		}
		given = append(given, key.Value)
		visit(key, n.Content[i+1])
	}
	return given
}

// name matches what a project can be called: it stands before / in the names of its
// playbooks, and in the address of its web hook.
var name = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]*$`)

func (r *reader) mapping(v reflect.Value, n *yaml.Node, what string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "", "%s takes a map", what)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	r.pairs(n, what, func(key, value *yaml.Node) {
		if !name.MatchString(key.Value) {
			r.wrong(key, "letters, digits and . _ - behind the first", "%q cannot be a name of %s", key.Value, what)
		}
		one := reflect.New(v.Type().Elem()).Elem()
		r.fill(one, value, fmt.Sprintf("%q of %s", key.Value, what))
		v.SetMapIndex(reflect.ValueOf(key.Value), one)
	})
}

// list fills a list; one text stands for a list of one.
func (r *reader) list(v reflect.Value, n *yaml.Node, what string) {
	items := n.Content
	switch {
	case n.Kind == yaml.ScalarNode && v.Type().Elem().Kind() == reflect.String:
		items = []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		r.wrong(n, "", "%s takes a list", what)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		r.fill(v.Index(i), item, "an entry of "+what)
	}
}

// place returns where a field was set; where the file begins if it was not.
func (r *reader) place(field any) diagnostic.Place {
	if p, ok := r.places[field]; ok {
		return p
	}
	return diagnostic.Place{Source: r.source, Line: 1, Col: 1}
}

// check reports what is wrong beyond types.
func (r *reader) check(f *File) {
	r.server(&f.Server)
	r.serve(&f.Serve)
	r.logs(&f.Logs)
	names := slices.Sorted(maps.Keys(f.Projects))
	for i := range f.Playbooks {
		p := &f.Playbooks[i]
		r.repeated(p, f.Playbooks[:i])
		if p.Project != "" && !slices.Contains(names, p.Project) {
			r.mistake(&p.Project, suggest.DidYouMean(p.Project, names), "there is no project %q", p.Project)
		}
		r.files(p)
		if p.Every > 0 && p.Cron != "" {
			r.mistake(&p.Cron, "leave one of them out", "every and cron both say when it is played")
		}
		if _, given := r.places[&p.Cron]; given {
			if err := checkCron(p.Cron); err != nil {
				r.mistake(&p.Cron, `five fields, "0 3 * * mon-fri", or a word such as @daily`, "%q is no time: %v", p.Cron, err)
			}
		}
		for name, period := range map[string]*time.Duration{"every": &p.Every, "drift": &p.Drift} {
			if *period > 0 && *period < time.Second {
				r.mistake(period, "", "%s takes a second or more", name)
			}
		}
		if p.Every > 0 && p.Jitter >= p.Every {
			r.mistake(&p.Jitter, "", "jitter has to be less than every")
		}
		r.push(p, f.Projects[p.Project])
		r.risks(p.Allow)
		r.risks(p.Approve)
		for j, risk := range p.Approve {
			if slices.Contains(p.Allow, risk) {
				r.mistake(&p.Approve[j], "leave it out of one of them", "%q is allowed in advance and to be approved", risk)
			}
		}
	}
}

// files reports what is wrong with the pattern of an entry: it is of files in the
// repository, as git calls them.
func (r *reader) files(p *Playbook) {
	if _, err := path.Match(p.Files, ""); err != nil {
		r.mistake(&p.Files, "", "%q is no pattern: %v", p.Files, err)
	} else if p.Files != "" && (!filepath.IsLocal(p.Files) || path.Clean(p.Files) != p.Files) {
		r.mistake(&p.Files, "a path in the repository, such as playbooks/*.yml", "%q matches no file of a repository", p.Files)
	}
}

// server reports what is wrong with where the server is.
func (r *reader) server(s *Server) {
	if _, port, err := net.SplitHostPort(s.Address); s.Address != "" && (err != nil || !isPort(port)) {
		r.mistake(&s.Address, "HOST:PORT, such as temporal.example.com:7233", "%q is no address of a server", s.Address)
	}
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// repeated reports an entry whose files an entry before it schedules, too. Of different
// patterns that match one file the first counts.
func (r *reader) repeated(p *Playbook, before []Playbook) {
	for i := range before {
		b := &before[i]
		plays := (p.Every > 0 || p.Cron != "") && (b.Every > 0 || b.Cron != "")
		if p.Project == b.Project && p.Files == b.Files && p.Files != "" && (plays || p.Drift > 0 && b.Drift > 0) {
			r.mistake(&p.Files, "leave one of them out", "%q of project %s is scheduled at line %d already", p.Files, p.Project, r.place(&b.Files).Line)
			return
		}
	}
}

// logs reports what is wrong with keeping logs in a bucket.
func (r *reader) logs(l *Logs) {
	switch {
	case l.Bucket != "" && l.Credentials == "":
		r.mistake(&l.Bucket, "add credentials: NAME", "a bucket needs credentials")
	case l.Bucket == "" && *l != (Logs{}):
		for _, field := range []*string{&l.Credentials, &l.Endpoint, &l.Region, &l.Prefix} {
			if *field != "" {
				r.mistake(field, "add bucket: NAME", "logs stay on the workers' disks without a bucket")
			}
		}
	}
}

// push reports what is wrong with playing on a push.
func (r *reader) push(p *Playbook, of Project) {
	if p.OnPush && p.Project != "" && of.Git != "" && of.Hook == "" {
		r.mistake(&p.OnPush, "say hook: NAME there", "on_push needs the secret of a web hook, and project %q has none", p.Project)
	}
	if len(p.Changed) > 0 && !p.OnPush {
		r.mistake(&p.Changed, "add on_push: true", "changed says which pushes play")
	}
	for i, pattern := range p.Changed {
		if _, err := path.Match(pattern, ""); err != nil {
			r.mistake(&p.Changed[i], "", "%q is no pattern: %v", pattern, err)
		}
	}
}

// serve reports what is wrong with how it listens.
func (r *reader) serve(s *Serve) {
	if _, port, err := net.SplitHostPort(s.Listen); s.Listen != "" && (err != nil || port == "") {
		r.mistake(&s.Listen, "HOST:PORT, such as 127.0.0.1:8480", "%q is no address to listen at", s.Listen)
	}
	if u, err := url.Parse(s.UI); s.UI != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		r.mistake(&s.UI, "", "ui takes the address of a page: https://temporal.example.com")
	}
	if (s.Cert == "") != (s.Key == "") {
		given := &s.Cert
		if s.Key != "" {
			given = &s.Key
		}
		r.mistake(given, "", "cert_file and key_file go together")
	}
	if s.Users != "" && s.UserHeader != "" {
		r.mistake(&s.UserHeader, "leave one of them out", "users_file and user_header both say who a user is")
	}
	if len(s.Proxies) > 0 && s.UserHeader == "" {
		r.mistake(&s.Proxies, "add user_header", "proxies says whose user_header is believed")
	}
	for i, text := range s.Proxies {
		if _, err := Network(text); err != nil {
			r.mistake(&s.Proxies[i], "such as 10.0.0.0/8", "%q is no address or network", text)
		}
	}
}

// Network returns the network that a text names: 10.0.0.0/8, or an address alone.
func Network(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(text)
}

func (r *reader) mistake(field any, hint, format string, args ...any) {
	p := diagnostic.Problemf(r.place(field), format, args...)
	p.Hint = hint
	r.problems.Add(p)
}

func (r *reader) risks(list []string) {
	for i, risk := range list {
		if !slices.Contains(Risks, risk) {
			hint := suggest.DidYouMean(risk, Risks)
			if hint == "" {
				hint = "available: " + strings.Join(Risks, ", ")
			}
			r.mistake(&list[i], hint, "unknown risk %q", risk)
		}
	}
}
