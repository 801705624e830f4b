package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// gateway starts a collector that stores nothing: OTLP goes on to another one in
// the compact format.
func gateway(t *testing.T, to *run, options string) *run {
	t.Helper()
	offset := collectortest.FreeOffset(t)
	r := launch(t, t.TempDir(), offset, "--config", file(t, fmt.Sprintf(`
extensions: {health_check: {endpoint: "127.0.0.1:%d"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%d"}}}}
exporters: {compact: {endpoint: %q, tls: {insecure: true}%s}}
service:
  extensions: [health_check]
  telemetry: {logs: {level: warn}, metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}}
  pipelines:
    traces: {receivers: [otlp], exporters: [compact]}
    metrics: {receivers: [otlp], exporters: [compact]}
`, portHealth+offset, portGRPC+offset, to.Address(portCompact), options, portSelf+offset)))
	r.WaitHealthy()
	return r
}

// TestGatewaysLoseNothing: spans go by OTLP to one collector and compactly to the
// one that stores, either of which is killed while they do. What applications
// send again, since the gateway died before it answered, is known to the store.
func TestGatewaysLoseNothing(t *testing.T) {
	t.Parallel()
	last := start(t, t.TempDir(), patient(t)...)
	first := gateway(t, last, "")
	l := newLoad(t, first)
	for range 2 {
		l.until(t.Context(), func() {
			l.acknowledged(t, 1+rand.IntN(200))
			last.Stop(syscall.SIGKILL)
			last = last.restart()
			l.acknowledged(t, 1+rand.IntN(200))
			first.Stop(syscall.SIGKILL)
		})
		first = first.restart()
		l.connect(t, first)
		l.finish(t)
	}
	requireStored(t, last, l)
	requireCounted(t, last, l)
}

// TestCountsGoThroughGateways, each interval once, although the store is killed.
func TestCountsGoThroughGateways(t *testing.T) {
	t.Parallel()
	const rounds = 40
	last := start(t, t.TempDir())
	first := gateway(t, last, ", streams: 2")
	shop := first.service(t, "shop")
	for round := range rounds {
		shop.serve(t.Context(), "buy", "", func(context.Context) {})
		shop.serve(t.Context(), "browse", "", func(context.Context) {})
		if round%(rounds/4) == rounds/8 {
			require.NoError(t, shop.ForceFlush(t.Context()))
		}
		if round == rounds/2 {
			last.Stop(syscall.SIGKILL)
			last = last.restart()
		}
	}
	require.NoError(t, shop.Shutdown(t.Context()))
	want := map[string][2]uint64{"outside   -> observed shop buy": {rounds, 0}, "outside   -> observed shop browse": {rounds, 0}}
	last.Eventually("every call to be counted once", func(ctx context.Context) error {
		got, err := last.edgesOf(ctx, "shop", "buy", "browse")
		if err == nil && !maps.Equal(want, got) {
			err = fmt.Errorf("want %v, got %v", want, got)
		}
		return err
	})
}

// TestForeignTracesKeepTheirShortID behind a gateway that gives them short IDs.
func TestForeignTracesKeepTheirShortID(t *testing.T) {
	t.Parallel()
	last := start(t, t.TempDir())
	first := gateway(t, last, ", short_ids: rewrite")
	td, s := oneSpan(1)
	first.send(t, td)
	var found struct {
		Data []struct{ TraceID string }
	}
	path := "/api/traces?service=shop"
	require.NoError(t, last.GetJSON(t.Context(), path, &found))
	require.Len(t, found.Data, 1)
	require.Equal(t, s.TraceID().String()[16:24], found.Data[0].TraceID[16:24], "the short ID stays")
	require.NotEqual(t, s.TraceID().String(), found.Data[0].TraceID)
}
