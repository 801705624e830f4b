package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// erased and kept are orders' numbers that no other bytes of a store look like.
const (
	erased = "ZQ-7f3a91c4-ERASED"
	kept   = "ZQ-55d02be8-KEPT"
)

// TestAKeyIsErased: its spans and it are gone by every way to ask and from the
// store's files; other spans of the same traces stay, those that arrive meanwhile too.
func TestAKeyIsErased(t *testing.T) {
	t.Setenv("JCG_HMAC_KEY", "0123456789abcdef")
	store := t.TempDir()
	r := start(t, store, "--config", "builtin:all-in-one", "--config", filepath.Join(overlays, "logical-chains.yaml"))
	traces := r.sendOrders(t)
	require.Positive(t, filesWith(t, store, erased), "what is looked for can be seen")
	r.while(t, traces[0], func() {
		out, err := r.jcg(t, "erase", "--key", "order="+erased)
		require.NoError(t, err, out)
		require.Equal(t, "erased 4 spans of 2 traces\n", out)
	})
	r.requireErased(t, traces)
	r.Stop(syscall.SIGTERM)
	require.Zero(t, filesWith(t, store, erased))
	r = r.restart()
	r.requireErased(t, traces)
	out, err := r.jcg(t, "erase", "--key", "order="+erased)
	require.Error(t, err, "there is none any more")
	require.Contains(t, out, "404")
}

// sendOrders sends two traces that carry a key; another key, and a span without
// one, are in the first.
func (r *run) sendOrders(t *testing.T) (ids []pcommon.TraceID) {
	t.Helper()
	for trace, spans := range [][]map[string]any{
		{{"order.number": erased}, {"url.path": "/orders/" + erased + "/items"}, {"jcg.chain.claim": kept}, {}},
		{{"order.number": []any{kept, erased}}, {"http.request.header.baggage": "order.number=" + erased}},
		{{"order.number": kept}},
	} {
		for i, attributes := range spans {
			td, s := keyed(byte(10*trace+i+1), attributes)
			s.SetTraceID(pcommon.TraceID{0: 0xe5, 15: byte(trace + 1)})
			r.send(t, td)
			if i == 0 {
				ids = append(ids, s.TraceID())
			}
		}
	}
	require.Equal(t, 3, r.logicalChain(t, "order", erased).Traces, "of the order, and of the one linked with it")
	return ids
}

// while sends spans of a trace that carry no key while something is done.
func (r *run) while(t *testing.T, id pcommon.TraceID, do func()) {
	t.Helper()
	var sending sync.WaitGroup
	var done atomic.Bool
	var sent byte
	var failed error
	export := r.exporter(t)
	sending.Go(func() {
		for failed == nil && sent < 100 && !done.Load() {
			td, s := oneSpan(100 + sent)
			s.SetTraceID(id)
			for failed = export(t.Context(), td); status.Code(failed) == codes.Unavailable; { // as senders do where there is no room
				failed = export(t.Context(), td)
			}
			sent++
		}
	})
	do()
	done.Store(true)
	sending.Wait()
	require.NoError(t, failed)
	require.Equal(t, 2+int(sent), r.mustTrace(t, id).SpanCount(), "those without the key")
}

func (r *run) requireErased(t *testing.T, traces []pcommon.TraceID) {
	t.Helper()
	_, err := r.Get(t.Context(), portQuery, "/api/jcg/v1/logical-chains/order/"+erased)
	require.ErrorContains(t, err, "404")
	_, err = r.Trace(t.Context(), traces[1])
	require.Error(t, err, "all of its spans carried the key")
	require.Equal(t, 1, r.mustTrace(t, traces[2]).SpanCount())
	require.NotContains(t, text(t, r.mustTrace(t, traces[0])), erased)
	require.Empty(t, r.logicalChain(t, "claim", kept).Linked)
	for _, path := range []string{"/api/traces?service=shop&limit=100", "/api/jcg/v1/search?q=" + erased, "/api/operations?service=shop"} {
		body, err := r.Get(t.Context(), portQuery, path)
		require.NoError(t, err)
		require.NotContains(t, string(body), `"value":"`+erased, path)
	}
}

// jcg runs the tool against the collector.
func (r *run) jcg(t *testing.T, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"run", "../../cmd/jcg"}, args...)
	args = append(args, "--endpoint", "http://"+r.Address(portQuery))
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	return string(out), err
}

// filesWith counts the files of a store that have a text in them.
func filesWith(t *testing.T, folder, text string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) { // a running store's come and go
			return nil
		}
		if bytes.Contains(b, []byte(text)) {
			t.Log(text, "is in", path)
			n++
		}
		return err
	}))
	return n
}
