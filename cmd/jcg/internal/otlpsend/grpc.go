package otlpsend

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type grpcSender struct {
	target Target
	conn   *grpc.ClientConn
	client ptraceotlp.GRPCClient
	header metadata.MD
}

func newGRPC(t Target) (Sender, error) {
	e, err := t.endpoint()
	if err != nil {
		return nil, err
	}
	options, err := t.dialOptions(e)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(e.host, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", e.host, err)
	}
	return &grpcSender{t, conn, ptraceotlp.NewGRPCClient(conn), metadata.New(t.Headers)}, nil
}

func (t Target) dialOptions(e endpoint) ([]grpc.DialOption, error) {
	transport := insecure.NewCredentials()
	if e.secure {
		config, err := t.tlsConfig()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if t.Gzip {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	return options, nil
}

func (s *grpcSender) Send(ctx context.Context, td ptrace.Traces) (Receipt, error) {
	ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(ctx, s.header), s.target.timeout())
	defer cancel()
	answer, err := s.client.Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	if err != nil {
		return Receipt{}, judgeStatus(status.Convert(err))
	}
	return receipt(answer), nil
}

func (s *grpcSender) Close() error { return s.conn.Close() }

// judgeStatus follows OTLP's table of retryable codes. ResourceExhausted is
// retryable only where the server says when.
func judgeStatus(s *status.Status) error {
	err := fmt.Errorf("%s: %s", s.Code(), s.Message())
	after, told := retryInfo(s)
	switch s.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return &RetryableError{Err: err, After: after.RetryDelay.AsDuration()}
	case codes.ResourceExhausted:
		if told {
			return &RetryableError{Err: err, After: after.RetryDelay.AsDuration()}
		}
	}
	return err
}

func retryInfo(s *status.Status) (*errdetails.RetryInfo, bool) {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			return info, true
		}
	}
	return &errdetails.RetryInfo{}, false
}
