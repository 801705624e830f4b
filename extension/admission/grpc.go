package admission

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

const (
	// streamWindow is what the sender of a request may send before the request
	// is read; gRPC knows no smaller one. Left to itself, gRPC would let it grow
	// to 16 MiB on a fast network. The rest of a request that is being read is
	// asked for at once, whatever the window.
	streamWindow = 64 << 10
	// connectionWindow holds no memory of its own: it is open for all streams
	// together, and is renewed when bytes arrive.
	connectionWindow = 4 << 20
)

// ServerOptions of a gRPC server whose requests pass the gate.
func (g *Gate) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.InTapHandle(g.announceRPC),
		grpc.StatsHandler(rpcs{g}),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connectionWindow),
	}
}

// announceRPC is called when a request's headers have come.
func (g *Gate) announceRPC(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if err := g.Announce(ctx); err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return ctx, nil
}

// rpcs is a stats.Handler because gRPC tells it that a request begins on the
// request's own goroutine and before its body is read; interceptors run after
// it was decoded.
type rpcs struct{ gate *Gate }

type visitKey struct{}

// visit is a request's; its goroutine alone uses it.
type visit struct{ leave func() }

// TagRPC implements stats.Handler.
func (rpcs) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, visitKey{}, &visit{})
}

// HandleRPC implements stats.Handler. A request that ended while it waited is
// not held up: gRPC finds that out when it reads.
func (r rpcs) HandleRPC(ctx context.Context, event stats.RPCStats) {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return
	}
	switch e := event.(type) {
	case *stats.Begin:
		v.leave, _ = r.gate.Enter(ctx)
	case *stats.InPayload:
		r.gate.Learn(int64(e.Length))
	case *stats.End:
		if v.leave != nil {
			v.leave()
		}
	}
}

// TagConn implements stats.Handler.
func (rpcs) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (rpcs) HandleConn(context.Context, stats.ConnStats) {}
