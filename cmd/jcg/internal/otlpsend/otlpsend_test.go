package otlpsend_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlpsend"
	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlptest"
)

func oneSpan() ptrace.Traces {
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("GET /")
	return td
}

// listen serves a protocol and returns a sender to it.
func listen(t *testing.T, c *otlptest.Collector, p otlpsend.Protocol, gzip bool) otlpsend.Sender {
	target := otlpsend.Target{Protocol: p, Gzip: gzip, Headers: map[string]string{"X-Key": "secret"}}
	if p == otlpsend.GRPC {
		target.Endpoint = c.GRPC(t)
	} else {
		target.Endpoint = c.HTTP(t)
	}
	s, err := otlpsend.New(target)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestSendsByEveryProtocol(t *testing.T) {
	for _, p := range []otlpsend.Protocol{otlpsend.GRPC, otlpsend.HTTP} {
		for _, gzip := range []bool{false, true} {
			var c otlptest.Collector
			receipt, err := listen(t, &c, p, gzip).Send(t.Context(), oneSpan())
			require.NoError(t, err)
			require.Zero(t, receipt)
			require.Len(t, c.Accepted(), 1)
			require.Equal(t, oneSpan(), c.Accepted()[0])
			require.Equal(t, []string{"secret"}, c.Header("x-key"))
		}
	}
}

func TestReadsPartialSuccess(t *testing.T) {
	c := otlptest.Collector{Answer: func(int, ptrace.Traces) (ptraceotlp.ExportResponse, error) {
		answer := ptraceotlp.NewExportResponse()
		answer.PartialSuccess().SetRejectedSpans(1)
		answer.PartialSuccess().SetErrorMessage("too old")
		return answer, nil
	}}
	for _, p := range []otlpsend.Protocol{otlpsend.GRPC, otlpsend.HTTP} {
		receipt, err := listen(t, &c, p, false).Send(t.Context(), oneSpan())
		require.NoError(t, err)
		require.Equal(t, otlpsend.Receipt{Rejected: 1, Message: "too old"}, receipt)
	}
}

func TestTellsRetryableFromRefused(t *testing.T) {
	for _, c := range []struct {
		grpc      codes.Code
		http      int
		retryable bool
	}{
		{codes.Unavailable, http.StatusServiceUnavailable, true},
		{codes.DeadlineExceeded, http.StatusGatewayTimeout, true},
		{codes.Aborted, http.StatusTooManyRequests, true},
		{codes.InvalidArgument, http.StatusBadRequest, false},
		{codes.Unauthenticated, http.StatusUnauthorized, false},
		{codes.ResourceExhausted, http.StatusRequestEntityTooLarge, false},
	} {
		collector := otlptest.Collector{Status: c.http, Answer: answer(status.New(c.grpc, "no room"))}
		for _, p := range []otlpsend.Protocol{otlpsend.GRPC, otlpsend.HTTP} {
			_, err := listen(t, &collector, p, false).Send(t.Context(), oneSpan())
			require.ErrorContains(t, err, "no room")
			require.Equal(t, !c.retryable, otlpsend.Refused(err), "%s %s %d", p, c.grpc, c.http)
		}
	}
}

func answer(s *status.Status) func(int, ptrace.Traces) (ptraceotlp.ExportResponse, error) {
	return func(int, ptrace.Traces) (ptraceotlp.ExportResponse, error) {
		return ptraceotlp.NewExportResponse(), s.Err()
	}
}

func TestReadsWhenToTryAgain(t *testing.T) {
	exhausted, err := status.New(codes.ResourceExhausted, "slow down").
		WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
	require.NoError(t, err)
	c := otlptest.Collector{Answer: answer(exhausted), Status: http.StatusTooManyRequests, RetryAfter: "7"}
	for _, p := range []otlpsend.Protocol{otlpsend.GRPC, otlpsend.HTTP} {
		_, err := listen(t, &c, p, false).Send(t.Context(), oneSpan())
		var retryable *otlpsend.RetryableError
		require.ErrorAs(t, err, &retryable)
		require.Equal(t, 7*time.Second, retryable.After)
	}
}

func TestNobodyListening(t *testing.T) {
	for _, p := range []otlpsend.Protocol{otlpsend.GRPC, otlpsend.HTTP} {
		s, err := otlpsend.New(otlpsend.Target{Protocol: p, Endpoint: "127.0.0.1:1"})
		require.NoError(t, err)
		_, err = s.Send(t.Context(), oneSpan())
		require.ErrorContains(t, err, "connection refused")
		require.False(t, otlpsend.Refused(err))
		require.NoError(t, s.Close())
	}
}

// scripted answers each request with the next error.
type scripted struct {
	errors []error
	sent   int
}

func (s *scripted) Close() error { return nil }

func (s *scripted) Send(context.Context, ptrace.Traces) (otlpsend.Receipt, error) {
	err := s.errors[min(s.sent, len(s.errors)-1)]
	s.sent++
	return otlpsend.Receipt{}, err
}

var errBusy = &otlpsend.RetryableError{Err: errors.New("busy")}

func TestRetriesUntilAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := &otlpsend.RetryableError{Err: errors.New("later"), After: 3 * time.Second}
		s := &scripted{errors: []error{errBusy, later, nil}}
		r := otlpsend.Retrying{Sender: s, Limit: time.Minute}
		start := time.Now()
		_, err := r.Send(t.Context(), oneSpan())
		require.NoError(t, err)
		require.Equal(t, int64(2), r.Retries())
		require.Greater(t, time.Since(start), 3*time.Second)
	})
}

func TestRetriesEndAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := otlpsend.Retrying{Sender: &scripted{errors: []error{errBusy}}, Limit: time.Minute}
		start := time.Now()
		_, err := r.Send(t.Context(), oneSpan())
		require.ErrorIs(t, err, errBusy.Err)
		require.False(t, otlpsend.Refused(err))
		require.LessOrEqual(t, time.Since(start), time.Minute)
	})
}

func TestDoesNotRetryWhatWasRefused(t *testing.T) {
	refused := errors.New("bad")
	s := &scripted{errors: []error{refused}}
	r := otlpsend.Retrying{Sender: s, Limit: time.Minute}
	_, err := r.Send(t.Context(), oneSpan())
	require.ErrorIs(t, err, refused)
	require.True(t, otlpsend.Refused(err))
	require.Equal(t, 1, s.sent)
}

func TestStopsRetryingWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := otlpsend.Retrying{Sender: &scripted{errors: []error{errBusy}}, Limit: time.Hour}
	_, err := r.Send(ctx, oneSpan())
	require.ErrorIs(t, err, errBusy.Err)
}
