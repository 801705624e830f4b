package server_test

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// store says what it keeps.
type store struct{}

func (store) Traces(_ context.Context, td ptrace.Traces) error {
	fmt.Println(td.SpanCount(), "spans") // durable once this returns
	return nil
}

func (store) Interval(context.Context, callgraph.Interval) error {
	return server.Permanent(errors.New("nobody counts here"))
}

func Example() {
	streams := server.New(store{}, server.Options{MaxBytes: 16 << 20})
	g := grpc.NewServer(grpc.MaxRecvMsgSize(5<<20), grpc.WaitForHandlers(true))
	streams.Register(g)
	// go g.Serve(listener), until the process is to end:
	streams.Drain() // so that senders learn what was stored
	g.GracefulStop()
	fmt.Println(streams.Stats().Streams)
	// Output: 0
}
