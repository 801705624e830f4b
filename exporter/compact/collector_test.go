package compact_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// collector is the real server before a store in memory. As the real store does,
// it knows a request that it has by what that holds.
type collector struct {
	server *server.Server
	before func()       // something is stored
	after  func()       // it was, and is not answered yet
	answer func() error // nil: it is stored

	mu        sync.Mutex
	listener  *bufconn.Listener
	transport *grpc.Server
	served    chan error
	requests  map[string]bool
	spans     map[string]int // how often each was stored, by its ID
	taken     []ptrace.Traces
	intervals map[uint64]callgraph.Interval
}

func newCollector() *collector {
	nothing := func() {}
	c := &collector{
		before: nothing, after: nothing, answer: func() error { return nil },
		requests: map[string]bool{}, spans: map[string]int{}, intervals: map[uint64]callgraph.Interval{},
	}
	c.restart()
	c.open()
	return c
}

// restart forgets all but what is stored.
func (c *collector) restart() { c.server = server.New(c, server.Options{}) }

func (c *collector) open() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener, c.transport, c.served = bufconn.Listen(1<<16), grpc.NewServer(), make(chan error, 1)
	c.server.Register(c.transport)
	go func(served chan<- error, s *grpc.Server, l net.Listener) {
		served <- s.Serve(l)
		close(served)
	}(c.served, c.transport, c.listener)
}

// cut ends the listener and all connections; twice does no harm.
func (c *collector) cut(t *testing.T) {
	t.Helper()
	c.transport.Stop()
	if err := <-c.served; !errors.Is(err, grpc.ErrServerStopped) { // stopped before it began
		require.NoError(t, err)
	}
}

// dial is how its exporters connect.
func (c *collector) dial() compact.Option {
	return compact.WithDialOptions(grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		c.mu.Lock()
		listener := c.listener
		c.mu.Unlock()
		return listener.DialContext(ctx)
	}))
}

func (c *collector) exporter(t *testing.T, opts ...compact.Option) *compact.Exporter {
	t.Helper()
	e, err := compact.New(append([]compact.Option{c.dial(), compact.WithEndpoint("127.0.0.1:4319")}, opts...)...)
	require.NoError(t, err)
	return e
}

// Traces implements server.Sink.
func (c *collector) Traces(_ context.Context, td ptrace.Traces) error {
	c.before()
	defer c.after()
	if err := c.answer(); err != nil {
		return err
	}
	var ids []string
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				ids = append(ids, fmt.Sprint(s.TraceID(), s.SpanID()))
			}
		}
	}
	slices.Sort(ids)
	request := strings.Join(ids, " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests[request] {
		return nil
	}
	c.requests[request] = true
	for _, id := range ids {
		c.spans[id]++
	}
	c.taken = append(c.taken, td)
	return nil
}

// Interval implements server.Sink.
func (c *collector) Interval(_ context.Context, i callgraph.Interval) error {
	c.before()
	defer c.after()
	if err := c.answer(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.intervals[i.Number] = i
	return nil
}

// calls are those of all intervals.
func (c *collector) calls() (n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range c.intervals {
		n += i.Calls()
	}
	return n
}

// all is what is stored.
func (c *collector) all() ptrace.Traces {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := ptrace.NewTraces()
	for _, td := range c.taken {
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	c.taken = nil
	return all
}

// stored is how many spans are, each of them once.
func (c *collector) stored(t *testing.T) int {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, n := range c.spans {
		require.Equal(t, 1, n, id)
	}
	return len(c.spans)
}
