package dropin

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// remote is gRPC's own test service: it answers with the status asked for.
type remote struct {
	pb.UnimplementedTestServiceServer
	began chan struct{} // by the call that hangs
}

func (r *remote) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if request.GetFillUsername() { // hang
		r.began <- struct{}{}
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if s := request.GetResponseStatus(); s != nil {
		return nil, status.Error(codes.Code(s.GetCode()), s.GetMessage())
	}
	return &pb.SimpleResponse{Payload: request.GetPayload()}, nil
}

func (r *remote) StreamingOutputCall(request *pb.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[pb.StreamingOutputCallResponse]) error {
	for range request.GetResponseParameters() {
		if err := stream.Send(&pb.StreamingOutputCallResponse{}); err != nil {
			return err
		}
	}
	if s := request.GetResponseStatus(); s != nil {
		return status.Error(codes.Code(s.GetCode()), s.GetMessage())
	}
	return nil
}

func (r *remote) StreamingInputCall(stream grpc.ClientStreamingServer[pb.StreamingInputCallRequest, pb.StreamingInputCallResponse]) error {
	for {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{})
		}
		if err != nil {
			return err
		}
	}
}

func (r *remote) FullDuplexCall(stream grpc.BidiStreamingServer[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) error {
	for {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.StreamingOutputCallResponse{}); err != nil {
			return err
		}
	}
}

func runGRPC(t *testing.T, tp trace.TracerProvider, p propagation.TextMapPropagator) {
	options := []otelgrpc.Option{
		otelgrpc.WithTracerProvider(tp), otelgrpc.WithPropagators(p),
		otelgrpc.WithMessageEvents(otelgrpc.ReceivedEvents, otelgrpc.SentEvents),
	}
	server := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(options...)))
	r := &remote{began: make(chan struct{}, 1)}
	pb.RegisterTestServiceServer(server, r)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	connection, err := grpc.NewClient(listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithStatsHandler(otelgrpc.NewClientHandler(options...)))
	require.NoError(t, err)
	c := &caller{T: t, tp: tp, TestServiceClient: pb.NewTestServiceClient(connection), remote: r}
	c.unary()
	c.streams()
	c.deadlines()
	require.NoError(t, connection.Close())
	server.GracefulStop() // waits for the handlers
	require.NoError(t, <-served)
}

type caller struct {
	*testing.T
	pb.TestServiceClient
	tp     trace.TracerProvider
	remote *remote
}

func (c *caller) step(name string, do func(context.Context) error, want codes.Code) {
	step(c.Context(), c.tp, name, func(ctx context.Context) {
		assert.Equal(c, want, status.Code(do(ctx)), name)
	})
}

func (c *caller) unary() {
	for code := range codes.Code(17) {
		c.step("unary "+code.String(), func(ctx context.Context) error {
			_, err := c.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: int32(code), Message: "as asked"}})
			return err
		}, code)
	}
	c.step("not implemented", func(ctx context.Context) error {
		_, err := c.EmptyCall(ctx, &pb.Empty{})
		return err
	}, codes.Unimplemented)
}

func (c *caller) streams() {
	c.step("from the server", func(ctx context.Context) error { return c.download(ctx, nil) }, codes.OK)
	c.step("from the server, broken", func(ctx context.Context) error {
		return c.download(ctx, &pb.EchoStatus{Code: int32(codes.Unavailable), Message: "broken"})
	}, codes.Unavailable)
	c.step("from the client", func(ctx context.Context) error {
		stream, err := c.StreamingInputCall(ctx)
		require.NoError(c, err)
		require.NoError(c, stream.Send(&pb.StreamingInputCallRequest{}))
		_, err = stream.CloseAndRecv()
		return err
	}, codes.OK)
	c.step("both ways", func(ctx context.Context) error {
		stream, err := c.FullDuplexCall(ctx)
		require.NoError(c, err)
		for range 3 {
			require.NoError(c, stream.Send(&pb.StreamingOutputCallRequest{}))
			_, err := stream.Recv()
			require.NoError(c, err)
		}
		require.NoError(c, stream.CloseSend())
		return drain(stream)
	}, codes.OK)
}

func (c *caller) download(ctx context.Context, end *pb.EchoStatus) error {
	stream, err := c.StreamingOutputCall(ctx, &pb.StreamingOutputCallRequest{
		ResponseParameters: []*pb.ResponseParameters{{}, {}}, ResponseStatus: end,
	})
	require.NoError(c, err)
	return drain(stream)
}

func drain(stream interface {
	Recv() (*pb.StreamingOutputCallResponse, error)
},
) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (c *caller) deadlines() {
	c.step("past its deadline", func(ctx context.Context) error {
		ctx, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
		defer cancel()
		_, err := c.UnaryCall(ctx, &pb.SimpleRequest{})
		return err
	}, codes.DeadlineExceeded)
	c.step("cancelled", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		go func() { <-c.remote.began; cancel() }()
		_, err := c.UnaryCall(ctx, &pb.SimpleRequest{FillUsername: true})
		return err
	}, codes.Canceled)
}
