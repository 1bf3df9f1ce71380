//go:build bench

// Package bench measures the whole program as its users run it: a process that
// plays a playbook against an emulator in another process, which answers every
// request after 20 ms.
//
//	go test -tags bench -run '^$' -bench . -benchtime 3x ./bench
//
// Each line holds the requests of a play (as -vvv shows them, in a play that is
// not timed), the seconds of one play, from
// the start of the process to its end, the ratio to the critical path (what the
// same requests take with the same number under way and no time between them),
// and the most memory the process held.
package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	latency = 20 * time.Millisecond
	jobs    = 64 // in flight at most
)

func BenchmarkPlay(b *testing.B) {
	runner := build(b)
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprintf("create/%d", n), func(b *testing.B) {
			// A list, the catalogue, an order and its variables for each, and
			// the list once more, to see that nobody else ordered the same.
			measure(b, runner, n, false, func([]string) time.Duration {
				return 3*latency + time.Duration(2*n/jobs)*latency
			})
		})
		b.Run(fmt.Sprintf("no-change/%d", n), func(b *testing.B) {
			measure(b, runner, n, true, func(env []string) time.Duration { return list(b, env) })
		})
	}
}

func build(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "runner")
	c := exec.Command("go", "build", "-o", path, "..")
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		b.Fatal(err)
	}
	return path
}

// list returns how long the one request of a play without changes takes when
// nothing is made of its answer.
func list(b *testing.B, env []string) time.Duration {
	b.Helper()
	host := ""
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "API_HOST="); ok {
			host = value
		}
	}
	r, err := http.NewRequest(http.MethodGet, host+"/v2/self/addons", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer emulator-token")
	start := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK || n < 1000 {
		b.Fatalf("%s, %d bytes: %v", answer.Status, n, err)
	}
	return time.Since(start)
}

// measure plays n orders; when again is set, it measures a second play.
func measure(b *testing.B, runner string, n int, again bool, critical func(env []string) time.Duration) {
	book := filepath.Join(b.TempDir(), "site.yml")
	if err := os.WriteFile(book, []byte(orderBook(n)), 0o600); err != nil {
		b.Fatal(err)
	}
	env, stop := emulator(b, runner)
	if again {
		play(b, runner, book, env)
	}
	requests := count(b, runner, book, env)
	stop()
	b.ResetTimer()
	var total, least time.Duration
	var memory int64
	for range b.N {
		b.StopTimer()
		env, stop := emulator(b, runner)
		if again {
			play(b, runner, book, env)
		}
		b.StartTimer()
		took, peak := play(b, runner, book, env)
		b.StopTimer()
		least += critical(env)
		stop()
		total += took
		memory = max(memory, peak)
	}
	b.ReportMetric(float64(requests), "requests")
	b.ReportMetric(total.Seconds()/float64(b.N), "s/play")
	b.ReportMetric(float64(total)/float64(least), "×critical")
	b.ReportMetric(float64(memory)/(1<<20), "MiB")
	b.ReportMetric(0, "ns/op")
}

// orderBook is a playbook of n orders.
func orderBook(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "- addon_register: {name: db-%d, provider: pg, details: {plan: dev}}\n", i)
	}
	return text.String()
}

// emulator starts one and returns the environment that points at it.
func emulator(b *testing.B, runner string) (env []string, stop func()) {
	b.Helper()
	c := exec.Command(runner, "emulator", "--listen", "127.0.0.1:0", "--latency", latency.String())
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	env = []string{"HOME=" + b.TempDir(), "PATH=" + os.Getenv("PATH")}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		env = append(env, strings.TrimPrefix(lines.Text(), "export "))
	}
	return env, func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
}

var request = regexp.MustCompile(`(?m)^(GET|POST|PUT|DELETE) /\S*: \d+ `)

// count returns how many requests a play makes.
func count(b *testing.B, runner, book string, env []string) int {
	b.Helper()
	var log bytes.Buffer
	c := exec.Command(runner, "play", "-vvv", book)
	c.Env, c.Stderr = env, &log
	if err := c.Run(); err != nil {
		b.Fatalf("%v\n%s", err, log.String())
	}
	return len(request.FindAllString(log.String(), -1))
}

// play runs the program once and returns its time and the most memory it held.
func play(b *testing.B, runner, book string, env []string, args ...string) (time.Duration, int64) {
	b.Helper()
	c := exec.Command(runner, append([]string{"play", book}, args...)...)
	c.Env = env
	start := time.Now()
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(start)
	return took, c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}
