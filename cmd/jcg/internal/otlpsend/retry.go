package otlpsend

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Retrying is a Sender that repeats retryable requests, waiting longer each
// time (half a second at first, ten at most), for at most Limit.
type Retrying struct {
	Sender
	Limit time.Duration
	count atomic.Int64
}

// maxWait is short, so that a replay goes on soon after a collector is back.
const maxWait = 10 * time.Second

// Send stops repeating when ctx ends, but lets the request that is under way
// finish, so that its fate is known.
func (r *Retrying) Send(ctx context.Context, td ptrace.Traces) (Receipt, error) {
	wait := backoff.NewExponentialBackOff()
	wait.MaxInterval = maxWait
	answer, err := backoff.Retry(ctx, func() (Receipt, error) { return r.once(context.WithoutCancel(ctx), td) },
		backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(max(r.Limit, 1)),
		backoff.WithNotify(func(error, time.Duration) { r.count.Add(1) }))
	if e := backoff.AsRetryError(err); e != nil {
		return answer, e.LastErr
	}
	return answer, err
}

func (r *Retrying) once(ctx context.Context, td ptrace.Traces) (Receipt, error) {
	answer, err := r.Sender.Send(ctx, td)
	var retryable *RetryableError
	switch {
	case err == nil:
		return answer, nil
	case !errors.As(err, &retryable):
		return answer, backoff.Permanent(err)
	case retryable.After > 0:
		return answer, backoff.RetryAfter(retryable.After, err)
	}
	return answer, err
}

// Retries is how many requests were sent again.
func (r *Retrying) Retries() int64 { return r.count.Load() }
