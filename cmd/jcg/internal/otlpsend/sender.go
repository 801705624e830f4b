package otlpsend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// Receipt is what the server said of a request that it took.
type Receipt struct {
	// Rejected is how many of the spans it refused nevertheless (OTLP's partial
	// success), and Message why.
	Rejected int
	Message  string
}

// Sender sends requests; safe for concurrent use.
type Sender interface {
	// Send returns nil once the server answered that it has the spans. An error
	// that is a *RetryableError may be followed by the same request again;
	// after any other the request is refused for good. td is neither changed
	// nor kept.
	Send(ctx context.Context, td ptrace.Traces) (Receipt, error)
	// Close frees the connection; Send must not be called after it.
	Close() error
}

// RetryableError says that the same request may be accepted later.
type RetryableError struct {
	Err error
	// After is how long the server asked to wait; 0 where it did not.
	After time.Duration
}

func (e *RetryableError) Error() string { return e.Err.Error() }

// Unwrap is what the server or the connection said.
func (e *RetryableError) Unwrap() error { return e.Err }

// Refused reports whether the server refused the request for good.
func Refused(err error) bool {
	var retryable *RetryableError
	return err != nil && !errors.As(err, &retryable)
}

// New connects to a target. It does not wait for the connection.
func New(t Target) (Sender, error) {
	switch t.Protocol {
	case GRPC:
		return newGRPC(t)
	case HTTP:
		return newHTTP(t)
	}
	return nil, fmt.Errorf("protocol %q: want %s or %s", t.Protocol, GRPC, HTTP)
}

func receipt(answer ptraceotlp.ExportResponse) Receipt {
	partial := answer.PartialSuccess()
	return Receipt{Rejected: int(max(partial.RejectedSpans(), 0)), Message: partial.ErrorMessage()}
}
