package admission

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func yield() { runtime.Gosched() }

// sink is a server that knows how many requests it has at once.
type sink struct {
	ptraceotlp.UnimplementedGRPCServer
	mu        sync.Mutex
	now, most int
}

func (s *sink) Export(context.Context, ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.add(1)
	for range 100 {
		yield()
	}
	s.add(-1)
	return ptraceotlp.NewExportResponse(), nil
}

func (s *sink) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now += n
	s.most = max(s.most, s.now)
}

// serve returns a client of a server behind the gate.
func serve(t *testing.T, g *Gate, s ptraceotlp.GRPCServer) ptraceotlp.GRPCClient {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(g.ServerOptions()...)
	ptraceotlp.RegisterGRPCServer(server, s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
		if err := <-served; !errors.Is(err, grpc.ErrServerStopped) { // before it served anyone
			require.NoError(t, err)
		}
	})
	return ptraceotlp.NewGRPCClient(conn)
}

func request(bytes int) ptraceotlp.ExportRequest {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName(strings.Repeat("n", bytes))
	return ptraceotlp.NewExportRequestFromTraces(td)
}

func TestRPCsAreReadInTurn(t *testing.T) {
	g, s := New(Options{MaxBytes: 2 * firstExpected}), &sink{}
	client := serve(t, g, s)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := client.Export(t.Context(), request(300<<10)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, s.most, 3, "2 MiB, and 300 KiB are expected once one was seen")
	require.EqualValues(t, 50, g.Stats().Admitted)
	for g.Stats().Open > 0 {
		yield()
	}
	require.True(t, g.working.TryAcquire(2*firstExpected), "all have left")
}

func TestRPCsBeyondTheBoundMayBeSentAgain(t *testing.T) {
	g := New(Options{MaxBytes: 1, MaxRequests: 1})
	client := serve(t, g, &sink{})
	leave := enter(t, g)
	first := make(chan error, 1)
	go func() {
		_, err := client.Export(t.Context(), request(1))
		first <- err
	}()
	for g.Stats().Waiting == 0 {
		yield()
	}
	_, err := client.Export(t.Context(), request(1))
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.ErrorContains(t, err, ErrCrowded.Error())
	leave()
	require.NoError(t, <-first)
	for g.Stats().Open > 0 {
		yield()
	}
	_, err = client.Export(t.Context(), request(1))
	require.NoError(t, err)
}

func TestAnRPCThatEndsWhileItWaitsLeavesNothing(t *testing.T) {
	g := New(Options{MaxBytes: 1})
	client := serve(t, g, &sink{})
	leave := enter(t, g)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := client.Export(ctx, request(1<<20))
		ended <- err
	}()
	for g.Stats().Waiting == 0 {
		yield()
	}
	cancel()
	require.Equal(t, codes.Canceled, status.Code(<-ended))
	for g.Stats().Open > 0 || g.Stats().Waiting > 0 {
		yield()
	}
	require.EqualValues(t, 1, g.Stats().Abandoned)
	leave()
	require.True(t, g.working.TryAcquire(1))
}
