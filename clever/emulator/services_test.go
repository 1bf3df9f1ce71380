package emulator

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
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

	"runner/clever"
	"runner/clever/emulator/services"
)

// announcedEmulator returns an emulator whose services listen, and a file with their
// certificate.
func announcedEmulator(t *testing.T, state string) (e *Emulator, c *client, address, certificate string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	e, err = New(Options{Services: address, State: state})
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := services.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(public, private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(certificate, public, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := e.Services(pair)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, inProcessClient(t, e), address, certificate
}

// Buckets are made, filled and removed by somebody else's signatures: curl's.
func TestBuckets(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl: apt-get install curl")
	}
	e, c, address, certificate := announcedEmulator(t, "")
	plan := e.catalogue.Provider("cellar-addon").Plans[0].ID
	order := func(name string) map[string]string {
		a := c.order("/v2/self", clever.CreateRequest{Name: name, ProviderID: "cellar-addon", Plan: plan, Region: "par"})
		return env(t, c, "/v2/self/addons/"+a.ID)
	}
	mine, theirs := order("mine"), order("theirs")
	if mine["CELLAR_ADDON_HOST"] != address {
		t.Errorf("it is announced at %s, not %s", mine["CELLAR_ADDON_HOST"], address)
	}
	ask := func(vars map[string]string, method, path string, more ...string) string {
		t.Helper()
		args := append([]string{"-sS", "--cacert", certificate, "--aws-sigv4", "aws:amz:us-east-1:s3", "-o", "-", "-w", "\n%{http_code}",
			"-u", vars["CELLAR_ADDON_KEY_ID"] + ":" + vars["CELLAR_ADDON_KEY_SECRET"]}, more...)
		if method == "HEAD" {
			args = append(args, "-I")
		} else {
			args = append(args, "-X", method)
		}
		out, err := exec.CommandContext(t.Context(), curl, append(args, "https://"+address+path)...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl %s %s: %v %s", method, path, err, out)
		}
		return string(out)
	}
	wrong := map[string]string{"CELLAR_ADDON_KEY_ID": mine["CELLAR_ADDON_KEY_ID"], "CELLAR_ADDON_KEY_SECRET": "x"}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	data := "f18c20d11cbac5fa69c6cbbb70e2d0cf1d6eb8f9a6b1c6a9c3c29c1c7a1d6b1c"
	for _, step := range []struct {
		who          map[string]string
		method, path string
		more         []string
		want         string
	}{
		{wrong, "GET", "/", nil, "SignatureDoesNotMatch"},
		{mine, "PUT", "/goods", nil, "\n200"},
		// What the Terraform provider asks of a bucket: whether it is there, twice, and where.
		{mine, "HEAD", "/goods", nil, "HTTP/1.1 200"},
		{mine, "HEAD", "/goods", nil, "HTTP/1.1 200"},
		{mine, "HEAD", "/bads", nil, "HTTP/1.1 404"},
		{mine, "PUT", "/goods", nil, "BucketAlreadyOwnedByYou"},
		{theirs, "PUT", "/goods", nil, "BucketAlreadyExists"},
		{mine, "PUT", "/No_Name", nil, "InvalidBucketName"},
		{theirs, "GET", "/goods", nil, "AccessDenied"},
		{mine, "GET", "/", nil, "<Name>goods</Name>"},
		{theirs, "GET", "/", nil, "<Buckets></Buckets>"},
		{mine, "PUT", "/goods/a/tea", []string{"-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-H", "x-amz-meta-kind: green", "--data-binary", "leaves"}, "\n200"},
		{mine, "PUT", "/goods/b", []string{"-H", "x-amz-content-sha256: " + data, "--data-binary", "x"}, "XAmzContentSHA256Mismatch"},
		{mine, "GET", "/goods/a/tea", nil, "leaves\n200"},
		{mine, "HEAD", "/goods/a/tea", nil, "X-Amz-Meta-Kind: green"},
		{mine, "GET", "/goods?delimiter=%2F&list-type=2", nil, "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"},
		{mine, "GET", "/goods?list-type=2&prefix=a%2F", nil, "<Key>a/tea</Key>"},
		{mine, "GET", "/goods/none", nil, "NoSuchKey"},
		{mine, "GET", "/goods?location=", nil, "LocationConstraint"},
		{mine, "DELETE", "/goods", nil, "BucketNotEmpty"},
		{mine, "DELETE", "/goods/a/tea", nil, "\n204"},
		{mine, "DELETE", "/goods", nil, "\n204"},
		{mine, "DELETE", "/goods", nil, "NoSuchBucket"},
		{mine, "POST", "/goods/a?uploads=", []string{"-H", "x-amz-content-sha256: " + empty}, "NotImplemented"},
	} {
		if got := ask(step.who, step.method, step.path, step.more...); !strings.Contains(got, step.want) {
			t.Errorf("%s %s: %s, want %q", step.method, step.path, got, step.want)
		}
	}
}

// Whoever takes a pretended database for one is refused at once, in its own protocol.
func TestRefusedAtOnce(t *testing.T) {
	_, c, address, _ := announcedEmulator(t, "")
	vars := env(t, c, "/v2/self/addons/"+c.order("/v2/self", order("db")).ID)
	if at := net.JoinHostPort(vars["POSTGRESQL_ADDON_HOST"], vars["POSTGRESQL_ADDON_PORT"]); at != address {
		t.Errorf("it is announced at %s", at)
	}
	const words = "the emulator only pretends it"
	talk := func(name string, say []byte, secure bool) {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if secure {
			_, _ = conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f})
			var yes [1]byte
			if _, err := conn.Read(yes[:]); err != nil || yes[0] != 'S' {
				t.Errorf("%s: %v %q", name, err, yes)
			}
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // as the vendor's Terraform provider does
		}
		_, _ = conn.Write(say)
		if heard, _ := io.ReadAll(conn); !strings.Contains(string(heard), words) {
			t.Errorf("%s heard %q", name, heard)
		}
	}
	startup := "\x00\x03\x00\x00user\x00u\x00\x00"
	pg := append(binary.BigEndian.AppendUint32(nil, uint32(len(startup)+4)), startup...)
	talk("PostgreSQL", pg, false)
	talk("PostgreSQL with TLS", pg, true)
	talk("Redis", []byte("*1\r\n$4\r\nPING\r\n"), false)
	talk("MySQL", nil, false)
	if psql, err := exec.LookPath("psql"); err == nil {
		out, err := exec.CommandContext(t.Context(), psql, "-X", "-w", vars["POSTGRESQL_ADDON_URI"]+"?sslmode=require", "-c", "select 1").CombinedOutput()
		if err == nil || !strings.Contains(string(out), words) {
			t.Errorf("psql: %v %s", err, out)
		}
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != 403 {
		t.Errorf("HTTP in the clear: %v %v", res, err)
	}
}

// The retention of a Pulsar is one thing, at its cluster and in the API.
func TestPulsarRetention(t *testing.T) {
	e, c, address, _ := announcedEmulator(t, "")
	a := c.first(e, "addon-pulsar", nil)
	vars := env(t, c, "/v2/organisations/"+e.Organisations()[0]+"/addons/"+a.ID)
	var detail struct {
		ClusterID string `json:"cluster_id"`
	}
	c.must("GET", "/v4/addon-providers/addon-pulsar/addons/"+a.RealID, nil, &detail)
	var cluster struct {
		URL        string
		WebTLSPort int `json:"web_tls_port"`
	}
	c.must("GET", "/v4/addon-providers/addon-pulsar/clusters/"+detail.ClusterID, nil, &cluster)
	if got := fmt.Sprintf("%s:%d", cluster.URL, cluster.WebTLSPort); got != address {
		t.Errorf("its cluster is at %s", got)
	}
	at := "http://" + address + "/admin/v2/namespaces/" + vars["ADDON_PULSAR_TENANT"] + "/" + vars["ADDON_PULSAR_NAMESPACE"] + "/retention"
	ask := func(method, body, token string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, strings.TrimSpace(string(text))
	}
	token := vars["ADDON_PULSAR_TOKEN"]
	if status, _ := ask("GET", "", "x"); status != 401 {
		t.Errorf("another token: %d", status)
	}
	if status, _ := ask("POST", `{"retentionTimeInMinutes":4320,"retentionSizeInMB":512}`, token); status != 204 {
		t.Errorf("set: %d", status)
	}
	if status, text := ask("GET", "", token); status != 200 || text != `{"retentionTimeInMinutes":4320,"retentionSizeInMB":512}` {
		t.Errorf("read: %d %s", status, text)
	}
	var policies struct {
		RetentionPolicies *struct{ SizeInMB, DurationInDays int }
	}
	c.must("GET", "/v4/addon-providers/addon-pulsar/addons/"+a.RealID+"/storage-policies", nil, &policies)
	if p := policies.RetentionPolicies; p == nil || p.SizeInMB != 512 || p.DurationInDays != 3 {
		t.Errorf("the API has %+v", p)
	}
	if status, _ := ask("DELETE", "", token); status != 204 {
		t.Errorf("taken away: %d", status)
	}
	if _, text := ask("GET", "", token); text != `{"retentionTimeInMinutes":0,"retentionSizeInMB":0}` {
		t.Errorf("after that: %s", text)
	}
}
