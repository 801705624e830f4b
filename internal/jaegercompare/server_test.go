package jaegercompare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// patience is how long anything may take that is waited for.
const patience = time.Minute

// server is a process that takes OTLP over HTTP and answers Jaeger's API.
type server struct {
	name  string
	api   string // base URL
	input string // URL for OTLP
}

// jaegerConfig is Jaeger's own for memory, on ports of its own. Clock skew is
// adjusted to no more than nothing: the default of Jaeger v2.
const jaegerConfig = `
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines: {traces: {receivers: [otlp], exporters: [jaeger_storage_exporter]}}
  telemetry: {metrics: {level: none}, logs: {level: warn}}
extensions:
  jaeger_query:
    enable_tracing: false
    storage: {traces: store}
    http: {endpoint: "127.0.0.1:%d"}
    grpc: {endpoint: "127.0.0.1:%d"}
  jaeger_storage: {backends: {store: {memory: {max_traces: 100000}}}}
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:%d"}}}}
exporters: {jaeger_storage_exporter: {trace_storage: store}}
`

func startJaeger(t *testing.T) server {
	t.Helper()
	binary := os.Getenv("JCG_JAEGER")
	if binary == "" {
		t.Skip("JCG_JAEGER is not set: no Jaeger to compare with")
	}
	api, grpc, otlp := collectortest.FreePort(t), collectortest.FreePort(t), collectortest.FreePort(t)
	config := filepath.Join(t.TempDir(), "jaeger.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, jaegerConfig, api, grpc, otlp), 0o600))
	s := server{"Jaeger", fmt.Sprintf("http://127.0.0.1:%d", api), fmt.Sprintf("http://127.0.0.1:%d/v1/traces", otlp)}
	run(t, s, exec.Command(binary, "--config", "file:"+config)) //nolint:noctx // the test's cleanup ends it
	return s
}

func startOurs(t *testing.T) server {
	t.Helper()
	offset := collectortest.FreeOffset(t)
	s := server{
		"JCallGraph", fmt.Sprintf("http://127.0.0.1:%d", collectortest.PortQuery+offset),
		fmt.Sprintf("http://127.0.0.1:%d/v1/traces", collectortest.PortHTTP+offset),
	}
	cmd := exec.Command(collectortest.Binary(t), "--config", "builtin:all-in-one") //nolint:noctx // the test's cleanup ends it
	cmd.Env = append(os.Environ(), "JCG_DATA="+t.TempDir(), "JCG_PORT_OFFSET="+strconv.Itoa(offset))
	run(t, s, cmd)
	return s
}

// run starts a server, waits until it answers, and ends it with the test.
func run(t *testing.T, s server, cmd *exec.Cmd) {
	t.Helper()
	var output bytes.Buffer // read once the process is gone
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the test tells what failed
		close(gone)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone
		select {
		case <-gone:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-gone
		}
		if t.Failed() {
			t.Logf("output of %s:\n%s", s.name, tail(output.Bytes()))
		}
	})
	eventually(t, s.name+" answers and takes spans", gone, func() bool {
		asked, _, err := s.ask(t.Context(), "/api/services")
		if err != nil || asked != http.StatusOK {
			return false
		}
		sent, _, err := s.export(t.Context(), ptrace.NewTraces()) // receivers start last
		return err == nil && sent == http.StatusOK
	})
}

func tail(b []byte) []byte { return b[max(0, len(b)-10_000):] }

// eventually repeats a check until it passes, the process is gone or time is up.
func eventually(t *testing.T, what string, gone <-chan struct{}, check func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-tick.C:
		case <-gone:
			require.Fail(t, "the process ended", "waiting until %s", what)
		case <-limit:
			require.Fail(t, "time is up", "waiting %s until %s", patience, what)
		}
	}
}

// ask returns status and body of an answer.
func (s server) ask(ctx context.Context, path string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api+path, nil)
	if err != nil {
		return 0, nil, err
	}
	return do(request)
}

func do(request *http.Request) (int, []byte, error) {
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

func (s server) export(ctx context.Context, td ptrace.Traces) (int, []byte, error) {
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.input, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	return do(request)
}

// send returns once the request is acknowledged.
func (s server) send(t *testing.T, td ptrace.Traces) {
	t.Helper()
	code, text, err := s.export(t.Context(), td)
	require.NoError(t, err, s.name)
	require.Equal(t, http.StatusOK, code, "%s: %s", s.name, text)
}

// holds reports whether a trace can be read.
func (s server) holds(ctx context.Context, id string) bool {
	code, _, err := s.ask(ctx, "/api/traces/"+url.PathEscape(id))
	return err == nil && code == http.StatusOK
}

// answer is what is compared: a status and, as far as it is JSON, a body.
type answer struct {
	status int
	body   any
}

func (s server) answer(t *testing.T, path string) answer {
	t.Helper()
	code, text, err := s.ask(t.Context(), path)
	require.NoError(t, err)
	a := answer{status: code}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&a.body) != nil {
		a.body = string(text)
	}
	return a
}
