package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the store refused must count once, when it was sent again, however late.
func TestRefusedSpansCountOnce(t *testing.T) {
	// Its calls stay open for longer than a machine may stand still between their halves.
	overlay := file(t, "connectors: {call_graph: {pairing_window: 1s, open_time: 1m}}")
	store := mount(t, 0, "size=256m")
	r := start(t, store, "--config", "builtin:all-in-one", "--config", overlay)
	l := newLoad(t, r)
	filler := fill(t, store)
	require.Error(t, l.send(t.Context(), l.take()))
	r.Eventually("the pairing window to pass", func(ctx context.Context) error {
		pending, err := r.Metric(ctx, "jcallgraph_callgraph_spans_pending")
		if err == nil && pending > 0 {
			err = fmt.Errorf("%v spans wait", pending)
		}
		return err
	})
	require.NoError(t, os.Remove(filler))
	r.Eventually("writes to be accepted again", func(ctx context.Context) error { return l.send(ctx, l.open[0]) })
	l.finish(t)
	requireCounted(t, r, l)
}
