package command

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/extension/query"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// queryAPI serves a store in which 45 chains carry order a/b.
func queryAPI(t *testing.T, erase func(context.Context, callgraph.ChainKey, string) (query.Erased, error)) string {
	b, err := memory.Open(memory.Options{Server: memory.NewServer(64 << 20)})
	require.NoError(t, err)
	for n := range byte(45) {
		td := treescript.Parse(t, "web server a 0-9\n  web client b 1-2").Traces(-1)
		for _, rs := range td.ResourceSpans().All() {
			for _, span := range rs.ScopeSpans().At(0).Spans().All() {
				span.SetTraceID([16]byte{n + 1})
			}
		}
		_, err := b.WriteSpans(t.Context(), td)
		require.NoError(t, err)
		key := callgraph.ChainKey{Environment: "test", Kind: "order", Value: "a/b"}
		require.NoError(t, b.WriteSightings(t.Context(), []callgraph.Sighting{{Key: key, TraceID: [16]byte{n + 1}, Start: time.Unix(int64(n), 0)}}))
	}
	server := httptest.NewServer(query.New(query.Options{Backend: b, View: graphview.New(graphview.Options{}), Erase: erase}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnExportIsReadAgain(t *testing.T) {
	endpoint := queryAPI(t, nil)
	for _, name := range []string{"out", "out.jsonl", "out.jsonl.gz", "out.pb", "out.pb.zst"} {
		file := filepath.Join(t.TempDir(), name)
		got := jcg(t, nil, "export", "--endpoint", endpoint, "--key", "order=a/b", "-o", file)
		require.Zero(t, got.code, got.err)
		require.Equal(t, "90 spans to "+file+"\n", got.out)
		spans, traces := 0, map[[16]byte]bool{}
		for td, err := range otlpdump.Files(file) {
			require.NoError(t, err)
			spans += td.SpanCount()
			for _, rs := range td.ResourceSpans().All() {
				traces[rs.ScopeSpans().At(0).Spans().At(0).TraceID()] = true
			}
		}
		require.Equal(t, 90, spans, name)
		require.Len(t, traces, 45, name)
	}
	got := jcg(t, nil, "export", "--endpoint", endpoint+"/", "--key", "order=a/b", "--environment", "test")
	require.Zero(t, got.code, got.err)
	require.Equal(t, 90, strings.Count(got.out, `"spanId"`))
}

// What can't be exported leaves no file.
func TestAnExportIsWholeOrNone(t *testing.T) {
	folder := t.TempDir()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") != "" {
			http.Error(w, "gone away", http.StatusBadGateway)
			return
		}
		_, err := w.Write([]byte(`{"resourceSpans":[],"cursor":"x"}`))
		require.NoError(t, err)
	}))
	defer server.Close()
	got := jcg(t, nil, "export", "--endpoint", server.URL, "--key", "order=1", "-o", filepath.Join(folder, "out"))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "export order=1: 502 Bad Gateway: gone away")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestEraseSaysWhatIsGone(t *testing.T) {
	var asked []string
	endpoint := queryAPI(t, func(_ context.Context, key callgraph.ChainKey, raw string) (query.Erased, error) {
		asked = append(asked, key.String()+" as "+raw)
		return query.Erased{Spans: 7, Traces: 3, EdgesLeft: len(asked) - 1}, nil
	})
	erase := []string{"erase", "--endpoint", endpoint, "--key", "order=a/b", "--environment=test"}
	got := jcg(t, nil, erase...)
	require.Zero(t, got.code, got.err)
	require.Equal(t, "erased 7 spans of 3 traces\n", got.out)
	require.Equal(t, []string{"test/order=a/b as a/b"}, asked)
	got = jcg(t, nil, erase...)
	require.Contains(t, got.out, "still in the names of operations or services: on 1 edges and at 0 call sites")
}

func TestKeyCommandsRefuse(t *testing.T) {
	endpoint := queryAPI(t, nil)
	for want, args := range map[string][]string{
		`required flag(s) "key" not set`:             {"export"},
		`key "order": want kind=value`:               {"erase", "--key", "order"},
		`endpoint "127.0.0.1:1": want a URL such as`: {"export", "--key", "order=1", "--endpoint", "127.0.0.1:1"},
		"JCG_PORT_OFFSET":                            {"export", "--key", "order=1"},
		"want a whole number from 0 to 3":            {"export", "--key", "order=1", "--links=4"},
		"404 Not Found: key order=1: not found":      {"export", "--key", "order=1", "--endpoint", endpoint},
		"404 Not Found: key order=..: not found":     {"export", "--key", "order=..", "--endpoint", endpoint},
		"403 Forbidden: erasing is not allowed here": {"erase", "--key", "order=a/b", "--endpoint", endpoint},
		"create file": {"export", "--key", "order=a/b", "--endpoint", endpoint, "-o", filepath.Join(t.TempDir(), "none", "out")},
	} {
		got := jcg(t, map[string]string{"JCG_PORT_OFFSET": "x"}, args...)
		require.Equal(t, 1, got.code, want)
		require.Contains(t, got.err, want)
	}
}

func TestKeyCommandsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	got := jcgIn(ctx, nil, "export", "--key", "order=1", "--endpoint", queryAPI(t, nil))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "enough")
}
