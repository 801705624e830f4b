package sdk_test

import (
	"testing"

	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext/w3ctest"
)

// TestW3CTraceContext asks the cases of the W3C suite.
func TestW3CTraceContext(t *testing.T) {
	p := sdk.NewTracerProvider()
	defer func() { _ = p.Shutdown(t.Context()) }()
	w3ctest.Run(t, p, tracecontext.New(tracecontext.Options{Baggage: true}))
}
