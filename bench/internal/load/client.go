package load

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
)

// Client sends encoded requests by OTLP/gRPC without decoding them.
type Client struct{ conns []*grpc.ClientConn }

const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// Dial makes so many connections to host:port. The options come in addition.
func Dial(endpoint string, connections int, options ...grpc.DialOption) (*Client, error) {
	c := &Client{}
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(encodedCodec{}), grpc.MaxCallSendMsgSize(64<<20)))
	for range connections {
		conn, err := grpc.NewClient(endpoint, options...)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", endpoint, err), c.Close())
		}
		c.conns = append(c.conns, conn)
	}
	return c, nil
}

// ErrPartial says that a server took a request but not all of its spans.
var ErrPartial = errors.New("partial success")

// Send returns nil once the server has acknowledged all spans. n spreads
// requests over the connections.
func (c *Client) Send(ctx context.Context, n int, request []byte) error {
	var answer []byte
	if err := c.conns[n%len(c.conns)].Invoke(ctx, exportMethod, request, &answer); err != nil {
		return err
	}
	response := ptraceotlp.NewExportResponse()
	if err := response.UnmarshalProto(answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if rejected := response.PartialSuccess().RejectedSpans(); rejected > 0 {
		return fmt.Errorf("%w: %d refused: %s", ErrPartial, rejected, response.PartialSuccess().ErrorMessage())
	}
	return nil
}

// Close ends the connections.
func (c *Client) Close() error {
	var errs []error
	for _, conn := range c.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// encodedCodec passes bytes through.
type encodedCodec struct{}

func (encodedCodec) Name() string { return "proto" }

func (encodedCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (encodedCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
