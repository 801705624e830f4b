package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
)

// Method is a unary gRPC method. Its messages are JSON, which gRPC allows: the
// shop needs no generated code, and its spans are those of any gRPC service.
type Method[In, Out any] struct{ Service, Name string }

// Call calls the method.
func (m Method[In, Out]) Call(ctx context.Context, conn *grpc.ClientConn, in In) (out Out, err error) {
	err = conn.Invoke(ctx, "/"+m.Service+"/"+m.Name, &in, &out)
	return out, err
}

// By is the method as f implements it.
func (m Method[In, Out]) By(f func(context.Context, In) (Out, error)) Implementation {
	return Implementation{m.Service, grpc.MethodDesc{
		MethodName: m.Name,
		Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var in In
			if err := decode(&in); err != nil {
				return nil, err
			}
			if err := telemetry.Injected(ctx, m.Service+"/"+m.Name); err != nil {
				return nil, err
			}
			return f(ctx, in)
		},
	}}
}

// Implementation is a method and what serves it.
type Implementation struct {
	service string
	method  grpc.MethodDesc
}

// ServeGRPC serves methods of one service until ctx ends.
func ServeGRPC(ctx context.Context, listener net.Listener, methods ...Implementation) error {
	server := grpc.NewServer(grpc.ForceServerCodec(jsonCodec{}), grpc.StatsHandler(otelgrpc.NewServerHandler()))
	described := grpc.ServiceDesc{ServiceName: methods[0].service, HandlerType: (*any)(nil)}
	for _, m := range methods {
		described.Methods = append(described.Methods, m.method)
	}
	server.RegisterService(&described, struct{}{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve gRPC on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	late := time.AfterFunc(drain, server.Stop)
	defer late.Stop()
	server.GracefulStop()
	return <-served
}

// Dial returns a connection to the service of the given name at host:port. It
// connects with the first call.
func Dial(name, address string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(jsonCodec{})),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithSpanAttributes(attribute.String("service.peer.name", name)))))
	if err != nil {
		return nil, fmt.Errorf("connect to %s at %s: %w", name, address, err)
	}
	return conn, nil
}

type jsonCodec struct{}

func (jsonCodec) Name() string                    { return "json" }
func (jsonCodec) Marshal(v any) ([]byte, error)   { return json.Marshal(v) }
func (jsonCodec) Unmarshal(b []byte, v any) error { return json.Unmarshal(b, v) }
