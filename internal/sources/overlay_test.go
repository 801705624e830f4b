package sources

import (
	"strconv"
	"testing"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// startOverlay runs the collector with examples/overlays/sources.yaml, on ports
// of its own and with this broker.
func startOverlay(t *testing.T, broker string, more ...string) (r *collectortest.Run, ports overlayPorts) {
	t.Helper()
	ports = overlayPorts{jaeger: collectortest.FreePort(t), zipkin: collectortest.FreePort(t)}
	t.Setenv("JCG_JAEGER_GRPC_PORT", strconv.Itoa(collectortest.FreePort(t)))
	t.Setenv("JCG_JAEGER_HTTP_PORT", strconv.Itoa(ports.jaeger))
	t.Setenv("JCG_ZIPKIN_PORT", strconv.Itoa(ports.zipkin))
	t.Setenv("KAFKA_BROKER", broker)
	args := []string{"--config", "builtin:all-in-one", "--config", "../../examples/overlays/sources.yaml", "--config", overlay}
	for _, m := range more {
		args = append(args, "--config", m)
	}
	return collectortest.Start(t, t.TempDir(), args...), ports
}

type overlayPorts struct{ jaeger, zipkin int }
