package sources

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// A collector that is there already sends on what it receives.
func TestCollectorInBetween(t *testing.T) {
	for via, place := range map[string]string{"otlp": "127.0.0.1:4317", "kafka": "localhost:9092"} {
		t.Run(via, func(t *testing.T) {
			broker := newBroker(t).ListenAddrs()[0]
			r, _ := startOverlay(t, broker)
			here := map[string]string{"otlp": r.Address(collectortest.PortGRPC), "kafka": broker}[via]
			added := replace(t, read(t, filepath.Join(examples, "collector-"+via+".yaml")), map[string]string{place: here})
			existing := startExisting(t, added)
			p := pair{Run: r, front: "front", back: "back"}
			for _, td := range calls(p.front, p.back) {
				_, err := existing.Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td))
				require.NoError(t, err)
			}
			p.requireSeen(t)
		})
	}
}

// usual is a collector's configuration, without what sends on.
const usual = `yaml:
extensions: {health_check: {endpoint: "127.0.0.1:%d"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%d"}}}}
processors: {batch: {}}
exporters: {nop: {}}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [nop]}
`

// startExisting runs a collector to which this was added.
func startExisting(t *testing.T, added string) ptraceotlp.GRPCClient {
	t.Helper()
	offset := collectortest.FreeOffset(t)
	config := fmt.Sprintf(usual, collectortest.PortHealth+offset, collectortest.PortGRPC+offset)
	r := collectortest.Launch(t, t.TempDir(), offset, "--config", config, "--config", "yaml:"+added)
	r.WaitHealthy()
	conn, err := grpc.NewClient(r.Address(collectortest.PortGRPC), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return ptraceotlp.NewGRPCClient(conn)
}
