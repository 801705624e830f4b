package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlptest"
)

// result of a command line.
type result struct {
	code     int
	out, err string
}

func jcg(t *testing.T, environment map[string]string, args ...string) result {
	t.Helper()
	return jcgIn(t.Context(), environment, args...)
}

func jcgIn(ctx context.Context, environment map[string]string, args ...string) result {
	var out, err bytes.Buffer
	code := Run(args, Surroundings{
		Context: ctx, Out: &out, Err: &err,
		Getenv: func(name string) string { return environment[name] },
	})
	return result{code, out.String(), err.String()}
}

// dump writes a file of n records of one span each, a second apart.
func dump(t *testing.T, n int) string {
	var lines []byte
	for i := range n {
		td := ptrace.NewTraces()
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID([16]byte{byte(i + 1)})
		s.SetSpanID([8]byte{1})
		s.SetEndTimestamp(1_700_000_000e9)
		line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		lines = append(append(lines, line...), '\n')
	}
	name := filepath.Join(t.TempDir(), "dump")
	require.NoError(t, os.WriteFile(name, lines, 0o600))
	return name
}

func TestReplayReportsAndExits(t *testing.T) {
	var c otlptest.Collector
	got := jcg(t, nil, "replay", "--endpoint", c.GRPC(t), "--repeat", "2", dump(t, 3), dump(t, 1))
	require.Zero(t, got.code, got.err)
	require.Empty(t, got.err, "no bar without a terminal")
	require.Regexp(t, `(?s)^spans +8\ntraces +6\nrequests +8\nretries +0\naccepted +8\nrefused +0\nunsent +0\nseconds`, got.out)
	require.Len(t, c.Accepted(), 8)
}

func TestReplayFindsItsTargetInTheEnvironment(t *testing.T) {
	var c otlptest.Collector
	got := jcg(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.HTTP(t),
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		"OTEL_EXPORTER_OTLP_HEADERS":  "x-key=1",
	}, "replay", dump(t, 1))
	require.Zero(t, got.code, got.err)
	require.Len(t, c.Accepted(), 1)
	require.Equal(t, []string{"1"}, c.Header("x-key"))
}

func TestReplayFlagsGoBeforeTheEnvironment(t *testing.T) {
	var c otlptest.Collector
	got := jcg(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":    "http://127.0.0.1:1",
		"OTEL_EXPORTER_OTLP_PROTOCOL":    "grpc",
		"OTEL_EXPORTER_OTLP_HEADERS":     "x-key=1",
		"OTEL_EXPORTER_OTLP_COMPRESSION": "none",
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "absent.pem",
	}, "replay", "--protocol=http", "--endpoint", c.HTTP(t), "--header=x-key=2", "--compression=gzip", "--insecure", "--timeout=1m", "--certificate=", dump(t, 1))
	require.Zero(t, got.code, got.err)
	require.Equal(t, []string{"2"}, c.Header("x-key"))
	require.Equal(t, []string{"gzip"}, c.Header("content-encoding"))
}

func TestReplayFailsWhereSpansAreRefused(t *testing.T) {
	c := otlptest.Collector{Answer: func(n int, _ ptrace.Traces) (ptraceotlp.ExportResponse, error) {
		answer := ptraceotlp.NewExportResponse()
		answer.PartialSuccess().SetRejectedSpans(int64(n))
		answer.PartialSuccess().SetErrorMessage("zero_trace_id")
		return answer, nil
	}}
	got := jcg(t, nil, "replay", "--endpoint", c.GRPC(t), dump(t, 2))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "partial success: zero_trace_id")
	require.Equal(t, "jcg: not every span was accepted: 1 of 2 refused, 0 unsent\n", got.err)
}

func TestReplayFailsWhereNobodyListens(t *testing.T) {
	got := jcg(t, nil, "replay", "--endpoint", "127.0.0.1:1", "--retry", "0s", dump(t, 1))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "gave up after 0s: Unavailable")
	require.Contains(t, got.err, "0 of 1 refused, 1 unsent")
}

func TestReplayStopsWithAReport(t *testing.T) {
	var c otlptest.Collector
	ctx, cancel := context.WithCancel(t.Context())
	c.Answer = func(int, ptrace.Traces) (ptraceotlp.ExportResponse, error) {
		cancel()
		return ptraceotlp.NewExportResponse(), nil
	}
	got := jcgIn(ctx, nil, "replay", "--endpoint", c.GRPC(t), "--rate", "0.001", dump(t, 5))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "accepted  1\n")
	require.Contains(t, got.err, "interrupted before the end of the files")
}

func TestReplayReportsBeforeAReadError(t *testing.T) {
	var c otlptest.Collector
	broken := dump(t, 1)
	content, err := os.ReadFile(broken)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(broken, append(content, "{]"...), 0o600))
	got := jcg(t, nil, "replay", "--endpoint", c.GRPC(t), broken)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "accepted  1\n")
	require.Contains(t, got.err, broken+": record 2: read JSON")
}

func TestBadFlagsNameTheFlagAndWhatItAccepts(t *testing.T) {
	for flag, want := range map[string]string{
		"--rate=fast":        "want recorded, max, or a number of spans per second above 0",
		"--batch=-1":         "want a whole number from 0 to 1000000",
		"--repeat=0":         "want a whole number from 1 to 1000000",
		"--concurrency=many": "want a whole number from 1 to 1024",
		"--protocol=udp":     "want grpc or http",
		"--compression=lzma": "want gzip or none",
		"--retry=soon":       "want a duration such as 500ms, 10s or 1m30s, not negative",
		"--timeout=-1s":      "want a duration such as 500ms, 10s or 1m30s, not negative",
		"--header=key":       "want key=value",
	} {
		got := jcg(t, nil, "replay", flag, dump(t, 1))
		name, value, _ := strings.Cut(flag, "=")
		require.Equal(t, 1, got.code)
		require.Contains(t, got.err, `invalid argument "`+value+`" for "`+name+`" flag: `+want)
	}
}

func TestBadCommandLines(t *testing.T) {
	for want, args := range map[string][]string{
		"requires at least 1 arg":      {"replay"},
		"find dump: stat absent":       {"replay", "absent"},
		"is no regular file":           {"replay", t.TempDir()},
		`endpoint "x": want host:port`: {"replay", "--endpoint=x", dump(t, 1)},
		"unknown flag: --speed":        {"replay", "--speed=1", dump(t, 1)},
		`unknown command "relpay"`:     {"relpay"},
		"begins with":                  {"replay", textFile(t)},
	} {
		got := jcg(t, nil, args...)
		require.Equal(t, 1, got.code)
		require.Contains(t, got.err, want)
	}
	got := jcg(t, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "udp"}, "replay", dump(t, 1))
	require.Contains(t, got.err, "environment variable OTEL_EXPORTER_OTLP_PROTOCOL is")
}

func textFile(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(name, []byte("hello, world"), 0o600))
	return name
}

func TestVersion(t *testing.T) {
	got := jcg(t, nil, "version")
	require.Zero(t, got.code)
	require.Regexp(t, `^jcg \S* ?go1`, got.out)
}

func TestReplayOfTheDemoShop(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES is not set: no real traces to replay")
	}
	var c otlptest.Collector
	start := time.Now()
	got := jcg(t, nil, "replay", "--shift", "--endpoint", c.GRPC(t), filepath.Join(root, "otel-demo/astronomy-oteltraces.zst"))
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "spans     64151\ntraces    13211\n")
	require.Contains(t, got.out, "accepted  64151\n")
	newest := time.Time{}
	for _, td := range c.Accepted() {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if end := s.EndTimestamp().AsTime(); end.After(newest) {
						newest = end
					}
				}
			}
		}
	}
	require.WithinRange(t, newest, start, time.Now())
}
