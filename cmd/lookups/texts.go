package lookups

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// text returns an option that is text; "" where it is null.
func text(options *value.Map, name string) string {
	v, _ := options.Get(name)
	if v == nil {
		return ""
	}
	return value.Text(v)
}

// unvault returns a file's text as it is, opened where it is vaulted.
func (s *Source) unvault(c *expr.Context, name string, _ *value.Map) (value.Value, error) {
	path, err := s.find(c, "files", name)
	if err != nil {
		return nil, err
	}
	return s.read(path)
}

// fileGlob returns the files that match patterns: of a name alone those in
// the "files" of a folder of the search path, or else in the folder itself.
func (s *Source) fileGlob(c *expr.Context, terms []value.Value, _ *value.Map) ([]value.Value, error) {
	var places []string
	if v, ok, err := c.Scope.Lookup(c, "ansible_search_path"); err == nil && ok {
		dirs, _ := v.([]value.Value)
		for _, dir := range dirs {
			places = append(places, filepath.Join(value.Text(dir), "files"), value.Text(dir))
		}
	}
	var out []value.Value
	for _, t := range terms {
		pattern := value.Text(t)
		folders := places
		if folder := filepath.Dir(pattern); folder != "." || strings.HasPrefix(pattern, "./") {
			found, err := s.find(c, "files", folder)
			if _, missing := errors.AsType[notFound](err); missing {
				continue // nothing matches, which is no mistake
			} else if err != nil {
				return nil, err
			}
			folders = []string{found}
		}
		for _, folder := range folders {
			if err := c.BeforeFile(folder); err != nil {
				return nil, err
			}
			found, err := filepath.Glob(filepath.Join(folder, filepath.Base(pattern)))
			if err != nil {
				return nil, fmt.Errorf("%q is no pattern of files", pattern)
			}
			found = slices.DeleteFunc(found, func(f string) bool {
				info, err := os.Stat(f)
				return err != nil || !info.Mode().IsRegular()
			})
			for _, f := range found {
				out = append(out, f)
			}
			if len(found) > 0 {
				break
			}
		}
	}
	return out, nil
}

// lines returns the lines that commands print.
func (s *Source) lines(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	var out []value.Value
	for _, t := range terms {
		v, err := s.run(c, "lines", value.Text(t))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(v) {
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
	}
	return out, nil
}

// run runs a shell's command and returns what it prints.
func (s *Source) run(c *expr.Context, lookup, command string) (string, error) {
	if !s.Pipes {
		return "", fmt.Errorf("lookup('%s') runs a program: give --allow pipe if that is meant", lookup)
	}
	c.BeforeProgram()
	ctx, cancel := context.WithTimeout(s.Context, time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	program.WaitDelay, program.Env = time.Second, s.Environ()
	var out bytes.Buffer
	program.Stdout = &bounded{w: &out, left: lookupLimit}
	if err := program.Run(); err != nil {
		return "", fmt.Errorf("the command of lookup('%s') failed: %w", lookup, err)
	}
	return out.String(), nil
}

// csvFile returns cells of a CSV file: of the row whose key column is the term.
func (s *Source) csvFile(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	var out []value.Value
	for _, t := range terms {
		key, settings, err := termSettings(value.Text(t), options, "csvfile")
		if err != nil {
			return nil, err
		}
		cell, err := s.cell(c, key, settings)
		if err != nil {
			return nil, fmt.Errorf("lookup('csvfile'): %w", err)
		}
		switch l := cell.(type) {
		case nil:
		case []value.Value:
			out = append(out, l...)
		default:
			out = append(out, cell)
		}
	}
	return out, nil
}

// termSettings reads "key name=value …": what a term says comes before the options.
func termSettings(term string, options *value.Map, lookup string) (key string, settings *value.Map, err error) {
	settings = options.Clone()
	var words []string
	for _, word := range strings.Fields(term) {
		name, v, ok := strings.Cut(word, "=")
		if !ok {
			words = append(words, word)
			continue
		}
		if _, known := options.Get(name); !known {
			return "", nil, fmt.Errorf("lookup('%s') has no parameter %q", lookup, name)
		}
		settings.Set(name, strings.Trim(v, `'"`))
	}
	if len(words) == 0 {
		return "", nil, fmt.Errorf("lookup('%s') needs the key to look for", lookup)
	}
	return strings.Join(words, " "), settings, nil
}

func (s *Source) cell(c *expr.Context, key string, settings *value.Map) (value.Value, error) {
	path, err := s.find(c, "files", text(settings, "file"))
	if err != nil {
		return nil, err
	}
	body, err := s.readAs(path, text(settings, "encoding"))
	if err != nil {
		return nil, err
	}
	delimiter := text(settings, "delimiter")
	if delimiter == "TAB" || delimiter == `\t` {
		delimiter = "\t"
	}
	if len([]rune(delimiter)) != 1 {
		return nil, fmt.Errorf("a delimiter is one character, not %q", delimiter)
	}
	col, keycol, err := columns(settings)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(body))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = []rune(delimiter)[0], -1, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			otherwise, _ := settings.Get("default")
			return otherwise, nil
		}
		if err != nil {
			return nil, err
		}
		if keycol < len(row) && row[keycol] == key {
			if col >= len(row) {
				return nil, fmt.Errorf("the row of %q has no column %d", key, col)
			}
			return row[col], nil
		}
	}
}

func columns(settings *value.Map) (col, keycol int, err error) {
	for name, p := range map[string]*int{"col": &col, "keycol": &keycol} {
		n, ok := value.ReadInt(text(settings, name), 10)
		if *p, _ = value.ToInt(n); !ok || *p < 0 {
			return 0, 0, fmt.Errorf("%s is the number of a column, from 0 on, not %q", name, text(settings, name))
		}
	}
	return col, keycol, nil
}

// url returns what is at addresses, line by line unless split_lines is false.
func (s *Source) url(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	c.BeforeProgram()
	client, err := httpClient(options)
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, t := range terms {
		body, err := s.fetch(client, value.Text(t), options)
		if err != nil {
			return nil, fmt.Errorf("lookup('url') of %s failed: %w", value.Text(t), err)
		}
		if !option(options, "split_lines", true) {
			out = append(out, body)
			continue
		}
		for line := range strings.Lines(body) {
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
	}
	return out, nil
}

func httpClient(options *value.Map) (*http.Client, error) {
	for _, name := range []string{"use_gssapi", "ciphers"} {
		if v, _ := options.Get(name); v != nil && v != false {
			return nil, fmt.Errorf("lookup('url') has no %s here", name)
		}
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{InsecureSkipVerify: !option(options, "validate_certs", true)}}
	if !option(options, "use_proxy", true) {
		transport.Proxy = nil
	}
	if path := text(options, "ca_path"); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	if socket := text(options, "unix_socket"); socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
	}
	client, err := &http.Client{Transport: transport, Timeout: 10 * time.Second}, error(nil)
	if v, _ := options.Get("timeout"); value.IsNumber(v) {
		if client.Timeout, err = engine.Seconds(value.ToFloat(v)); err != nil {
			return nil, fmt.Errorf("timeout: %w", err)
		}
	}
	if hidden, _ := options.Get("unredirected_headers"); hidden != nil {
		client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
			for name := range strings.SplitSeq(strings.Trim(value.Text(hidden), "[]"), ",") {
				r.Header.Del(strings.Trim(name, " '"))
			}
			if len(via) >= 10 {
				return errors.New("stopped after 10 redirects")
			}
			return nil
		}
	}
	if follow := text(options, "follow_redirects"); follow == "no" || follow == "none" || follow == "False" {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return client, nil
}

// netrc lets a request have the login that the user's .netrc says for its host, or for all.
func (s *Source) netrc(req *http.Request) {
	body, err := os.ReadFile(cmp.Or(s.Getenv("NETRC"), filepath.Join(s.Getenv("HOME"), ".netrc")))
	if err != nil {
		return
	}
	var machine, login, password string
	use := func() bool {
		fits := login != "" && (machine == req.URL.Hostname() || machine == "*")
		if fits {
			s.Secrets.Add(password)
			req.SetBasicAuth(login, password)
		}
		return fits
	}
	words := strings.Fields(string(body))
	for i, word := range words {
		following := words[min(i+1, len(words)-1)]
		switch word {
		case "machine", "default":
			if use() {
				return
			}
			if machine, login, password = following, "", ""; word == "default" {
				machine = "*"
			}
		case "login":
			login = following
		case "password":
			password = following
		}
	}
	use()
}

func (s *Source) fetch(client *http.Client, address string, options *value.Map) (string, error) {
	req, err := http.NewRequestWithContext(s.Context, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", text(options, "http_agent"))
	if option(options, "force", false) {
		req.Header.Set("Cache-Control", "no-cache")
	}
	if headers, _ := options.Get("headers"); headers != nil {
		m, ok := headers.(*value.Map)
		if !ok {
			return "", fmt.Errorf("headers are a map, not %s", value.TypeName(headers))
		}
		for k, v := range m.All() {
			req.Header.Set(value.Text(k), value.Text(v))
		}
	}
	if user := text(options, "username"); user != "" {
		req.SetBasicAuth(user, text(options, "password"))
	} else if option(options, "use_netrc", true) {
		s.netrc(req)
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		return "", errors.New(res.Status)
	}
	var out bytes.Buffer
	_, err = io.Copy(&bounded{w: &out, left: lookupLimit}, res.Body)
	return out.String(), err
}
