package cmd_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/clever/emulator"
)

// TestMetricsOfTwoPlaybooks: node_exporter serves what each of them reported, be they
// of one name in two folders.
func TestMetricsOfTwoPlaybooks(t *testing.T) {
	t.Parallel()
	exporter, err := exec.LookPath("prometheus-node-exporter")
	if err != nil {
		t.Skip("there is no prometheus-node-exporter")
	}
	s, metrics := newShell(t), t.TempDir()
	s.on(t, emulator.Options{})
	for name, playbook := range map[string]string{"one": orders(2), "two": orders(1) + "- assert: {that: false}\n"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		s.run("play", s.file(t, name+"/site.yml", playbook), "--report", "prometheus="+filepath.Join(metrics, name+".prom"))
	}
	served := scraped(t, exporter, metrics)
	for _, want := range []string{
		fmt.Sprintf("runner_last_run_success{playbook=%q} 1\n", s.dir+"/one/site.yml"),
		fmt.Sprintf("runner_last_run_success{playbook=%q} 0\n", s.dir+"/two/site.yml"),
		fmt.Sprintf("runner_last_run_exit_code{playbook=%q} 2\n", s.dir+"/two/site.yml"),
		"node_textfile_scrape_error 0\n",
	} {
		if !strings.Contains(served, want) {
			t.Errorf("%snot in\n%s", want, served)
		}
	}
	if n := strings.Count(served, "\nrunner_drift{"); n != 3 {
		t.Errorf("there are %d add-ons, want 3:\n%s", n, served)
	}
}

// scraped returns what the exporter serves of a folder of metrics.
func scraped(t *testing.T, exporter, folder string) string {
	t.Helper()
	for range 5 { // a port that is free may be taken before the exporter has it
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		c := exec.CommandContext(t.Context(), exporter, "--collector.disable-defaults", "--collector.textfile",
			"--collector.textfile.directory="+folder, "--web.listen-address="+address)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = c.Wait()
			close(ended)
		}()
		text, ok := scrape("http://"+address+"/metrics", ended)
		_ = c.Process.Kill()
		<-ended
		if ok {
			return text
		}
	}
	t.Skip("the exporter does not start here")
	return ""
}

// scrape asks until there is a response, or nobody who could give one.
func scrape(url string, ended <-chan struct{}) (text string, ok bool) {
	for {
		resp, err := http.Get(url)
		if err == nil {
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			return string(text), err == nil && resp.StatusCode == http.StatusOK
		}
		select {
		case <-ended:
			return "", false
		case <-time.After(20 * time.Millisecond):
		}
	}
}
