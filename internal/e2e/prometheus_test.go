package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestPrometheusSeesTheServiceGraph(t *testing.T) {
	t.Parallel()
	overlay := file(t, "connectors: {call_graph: {pairing_window: 1s, open_time: 3s, prometheus: {interval: 1s}}}")
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", overlay)
	r.send(t, markerCall())
	const want = `traces_service_graph_request_total{client="web",connection_type="",server="marker"} 1`
	r.Eventually("the call to be scraped", func(ctx context.Context) error {
		body, err := r.Get(ctx, portScrape, "/metrics")
		if err == nil && !strings.Contains(string(body), want) {
			err = fmt.Errorf("scraped: %s", body)
		}
		return err
	})
}
