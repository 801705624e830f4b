package edge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge/refusal"
)

// TestAReceiverThatComesBack: what was counted while nobody listened arrives with
// the numbers it had.
func TestAReceiverThatComesBack(t *testing.T) {
	first := newServer(t, "127.0.0.1:0")
	exporter, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithEndpoint(first.address),
		otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}))
	require.NoError(t, err)
	c := edge.New(edge.Options{Service: shop})
	s := edge.NewSender(c, edge.Metrics(exporter, nil), edge.SenderOptions{Every: time.Millisecond, Refused: refusal.Final})
	call := func() {
		c.Server(c.Operation("GET /cart"), edge.Caller{Outside: true}, callgraph.HTTP, callgraph.OK, noon*1e9, time.Second, 0)
	}
	call()
	require.EqualValues(t, 1, numberOf(<-first.requests))
	require.Eventually(t, func() bool { return s.Stats().Acknowledged == 1 }, time.Minute, time.Millisecond)
	first.stop()
	call()
	require.Eventually(t, func() bool { return s.Stats().Repeated > 0 }, time.Minute, time.Millisecond)
	call()
	second := newServer(t, first.address)
	require.EqualValues(t, 2, numberOf(<-second.requests))
	require.EqualValues(t, 3, numberOf(<-second.requests))
	require.NoError(t, s.Shutdown(t.Context()))
	require.Equal(t, uint64(3), s.Stats().Acknowledged)
	require.Zero(t, s.Stats().Refused+s.Stats().Uncertain+s.Stats().UnsentCalls)
}
