// Package replay sends recorded traces again. It decides what a span's IDs and
// times become, when its request is due, and what is counted of it.
package replay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlpsend"
	"github.com/jcallgraph/jcallgraph/internal/freshid"
)

// Plan says what is sent and how. Its zero value sends nothing.
type Plan struct {
	// Records yields the recording from its beginning, as often as it is asked.
	Records iter.Seq2[ptrace.Traces, error]
	// Repeat is how often; each time after the first bears fresh IDs.
	Repeat int
	// Shift moves the times to now: the newest span of a repetition ends when
	// the repetition begins; at the recorded rate the first record ends then.
	Shift bool
	Rate  Rate
	// Batch is the most spans of a request; 0 leaves records as they are.
	Batch int
	// Concurrency is how many requests are under way at once, at least 1.
	Concurrency int
	// Retry is how long a request is repeated that may be accepted later.
	Retry time.Duration
	// TooLarge, if not nil, learns of each span that fits in no request, and
	// the bytes that it needs.
	TooLarge func(s ptrace.Span, bytes int)
	// Sent, if not nil, learns of the progress after each request. Calls do not
	// overlap.
	Sent func(Report)
}

// Run sends until all is sent, ctx ends, the collector is gone (ErrGone: at the
// latest after twice Retry and two requests' time) or the recording can't be
// read; the report is valid in each case. Requests that are under way when ctx ends are
// finished, but not repeated.
func (p Plan) Run(ctx context.Context, to otlpsend.Sender) (Report, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	r := run{Plan: p, start: time.Now(), tally: newTally(), outage: newOutage(p.Retry), end: end, requests: make(chan ptrace.Traces)}
	r.sender = &otlpsend.Retrying{Sender: to, Limit: p.Retry}
	var workers sync.WaitGroup
	for range max(p.Concurrency, 1) {
		workers.Go(func() { r.send(ctx) })
	}
	err := r.produce(ctx)
	close(r.requests)
	workers.Wait()
	return r.report(), err
}

type run struct {
	Plan
	start    time.Time
	tally    *tally
	outage   *outage
	end      context.CancelCauseFunc
	sender   *otlpsend.Retrying
	requests chan ptrace.Traces
	sending  int64 // spans handed to the workers; the producer's
	progress sync.Mutex
}

func (r *run) produce(ctx context.Context) error {
	seed := rand.Uint64()
	for i := range r.Repeat {
		var ids freshid.Generation
		if i > 0 {
			ids = freshid.Generation(seed + uint64(i))
		}
		if err := r.repetition(ctx, ids); err != nil {
			return err
		}
	}
	return nil
}

// repetition sends the recording once. origin is the time in it that falls on
// the repetition's start.
func (r *run) repetition(ctx context.Context, ids freshid.Generation) error {
	origin, err := r.origin()
	if err != nil {
		return err
	}
	start := time.Now()
	change := rewriting{ids: ids}
	if r.Shift {
		change.shift = start.Sub(origin)
	}
	for td, err := range r.Records {
		if err != nil {
			return err
		}
		recorded := newest(td).Sub(origin)
		change.apply(td)
		r.tally.read(td)
		if err := r.record(ctx, td, start.Sub(r.start)+recorded); err != nil {
			return err
		}
	}
	return nil
}

// origin is the first record's end at the recorded rate, else, where times are
// shifted, the end of the newest span, for which all is read once more.
func (r *run) origin() (t time.Time, err error) {
	if !r.Rate.Recorded && !r.Shift {
		return t, nil
	}
	for td, err := range r.Records {
		if err != nil {
			return t, err
		}
		if end := newest(td); end.After(t) {
			t = end
		}
		if r.Rate.Recorded && !t.IsZero() {
			break
		}
	}
	return t, nil
}

// record sends one record when it is due; recorded is since r.start.
func (r *run) record(ctx context.Context, td ptrace.Traces, recorded time.Duration) error {
	for request := range split(td, r.Batch, MaxRequest, r.refuse) {
		n := request.SpanCount()
		if err := r.hand(ctx, request, r.Rate.Due(r.sending, recorded)); err != nil {
			r.tally.unsent(n, stopped(ctx))
			continue // to count the rest of the record
		}
		r.sending += int64(n)
	}
	return context.Cause(ctx)
}

const (
	interrupted = "interrupted"
	notTried    = "not tried any more"
)

// stopped is why nothing more is sent.
func stopped(ctx context.Context) string {
	if errors.Is(context.Cause(ctx), ErrGone) {
		return notTried
	}
	return interrupted
}

// hand gives a request to a worker when it is due.
func (r *run) hand(ctx context.Context, request ptrace.Traces, due time.Duration) error {
	if err := sleep(ctx, time.Until(r.start.Add(due))); err != nil {
		return err
	}
	select {
	case r.requests <- request:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) refuse(s ptrace.Span, bytes int) {
	r.tally.tooLarge()
	if r.TooLarge != nil {
		r.TooLarge(s, bytes)
	}
}

func (r *run) send(ctx context.Context) {
	for request := range r.requests {
		spans := request.SpanCount()
		receipt, err := r.sender.Send(ctx, request)
		switch {
		case err == nil:
			r.outage.answer()
			r.tally.answered(spans, receipt.Rejected, receipt.Message)
		case otlpsend.Refused(err):
			r.outage.answer()
			r.tally.refused(spans, err.Error())
		default:
			r.tally.unsent(spans, r.gaveUp(ctx, err))
		}
		r.tell()
	}
}

func (r *run) gaveUp(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return fmt.Sprintf("%s while repeating: %v", stopped(ctx), err)
	}
	if r.outage.giveUp() {
		r.end(ErrGone)
	}
	return fmt.Sprintf("gave up after %v: %v", r.Retry, err)
}

func (r *run) tell() {
	if r.Sent == nil {
		return
	}
	r.progress.Lock()
	defer r.progress.Unlock()
	r.Sent(r.report())
}

func (r *run) report() Report {
	report := r.tally.snapshot()
	report.Retries = r.sender.Retries()
	report.Elapsed = time.Since(r.start)
	return report
}

// ErrIncomplete says that not every span was accepted.
var ErrIncomplete = errors.New("not every span was accepted")

// Err is ErrIncomplete with figures, or nil for a complete report.
func (r Report) Err() error {
	if r.Complete() {
		return nil
	}
	return fmt.Errorf("%w: %d of %d refused, %d unsent", ErrIncomplete, total(r.Refused), r.Spans, total(r.Unsent))
}
