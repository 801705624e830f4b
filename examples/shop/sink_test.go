package main

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// sink takes spans as a collector does, and keeps them.
type sink struct {
	address string
	mu      sync.Mutex
	taken   ptrace.Traces
}

func newSink(t *testing.T) *sink {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &sink{address: listener.Addr().String(), taken: ptrace.NewTraces()}
	transport := grpc.NewServer()
	server.New(s, server.Options{}).Register(transport)
	served := make(chan error, 1)
	go func() { served <- transport.Serve(listener) }()
	t.Cleanup(func() {
		transport.Stop()
		require.NoError(t, <-served)
	})
	return s
}

// Traces implements server.Sink.
func (s *sink) Traces(_ context.Context, td ptrace.Traces) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	td.ResourceSpans().MoveAndAppendTo(s.taken.ResourceSpans())
	return nil
}

// Interval implements server.Sink.
func (*sink) Interval(context.Context, callgraph.Interval) error { return nil }

// traces are copies of what came so far, by the trace ID as text.
func (s *sink) traces() map[string]ptrace.Traces {
	s.mu.Lock()
	defer s.mu.Unlock()
	traces := map[string]ptrace.Traces{}
	for _, resource := range s.taken.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				addSpan(traces, resource, span)
			}
		}
	}
	return traces
}

func addSpan(traces map[string]ptrace.Traces, resource ptrace.ResourceSpans, span ptrace.Span) {
	id := span.TraceID().String()
	if _, ok := traces[id]; !ok {
		traces[id] = ptrace.NewTraces()
	}
	to := traces[id].ResourceSpans().AppendEmpty()
	resource.Resource().CopyTo(to.Resource())
	span.CopyTo(to.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
}
