package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/internal/freshid"
)

// Sent is a request: one of the templates in one of the variants.
type Sent struct{ Variant, Template int }

// Outcome says what a server acknowledged.
type Outcome struct {
	Variants     []Variant
	Acknowledged []Sent
	Spans        int                // in them
	Refusals     map[codes.Code]int // answers other than OK
	Unsent       int                // requests that were due while too many were under way
	Elapsed      time.Duration
	MaxInFlight  int
}

// Rate is acknowledged spans per second.
func (o Outcome) Rate() float64 { return float64(o.Spans) / o.Elapsed.Seconds() }

// Now shifts a recording so that its newest span ends now.
func (r Recording) Now(int) time.Duration { return time.Since(r.Newest) }

// Within spreads n repetitions over a time before now, the last one now.
func (r Recording) Within(d time.Duration, n int) func(int) time.Duration {
	return func(i int) time.Duration {
		return time.Since(r.Newest) - d*time.Duration(n-1-i)/time.Duration(max(n-1, 1))
	}
}

// run is what closed and open loops share.
type run struct {
	Recording
	client  *Client
	shift   func(repetition int) time.Duration
	mu      sync.Mutex
	outcome Outcome
	seed    uint64
	flying  int
}

func (r Recording) newRun(c *Client, shift func(int) time.Duration) *run {
	return &run{Recording: r, client: c, shift: shift, seed: rand.Uint64(), outcome: Outcome{Refusals: map[codes.Code]int{}}}
}

// next is the nth request of the run; repetitions begin with fresh IDs.
func (r *run) next(n int) (Sent, []byte) {
	s := Sent{Variant: n / len(r.Templates), Template: n % len(r.Templates)}
	r.mu.Lock()
	for len(r.outcome.Variants) <= s.Variant {
		i := len(r.outcome.Variants)
		r.outcome.Variants = append(r.outcome.Variants, Variant{freshid.Generation(r.seed + uint64(i)), r.shift(i)})
	}
	v := r.outcome.Variants[s.Variant]
	r.mu.Unlock()
	return s, r.Templates[s.Template].Request(v)
}

func (r *run) send(ctx context.Context, n int, s Sent, request []byte) error {
	err := r.client.Send(ctx, n, request)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.outcome.Refusals[status.Code(err)]++
		return err
	}
	r.outcome.Acknowledged = append(r.outcome.Acknowledged, s)
	r.outcome.Spans += r.Templates[s.Template].Spans
	return nil
}

// pause before a refused request of a closed loop is sent again.
const pause = 20 * time.Millisecond

// Closed sends the recording so many times, inFlight requests at once, each
// again until it is acknowledged.
func (r Recording) Closed(ctx context.Context, c *Client, repetitions, inFlight int, shift func(int) time.Duration) (Outcome, error) {
	x := r.newRun(c, shift)
	x.outcome.MaxInFlight = inFlight
	numbers := make(chan int)
	errs := make(chan error, inFlight)
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers sync.WaitGroup
	for range inFlight {
		workers.Go(func() { errs <- x.work(ctx, numbers, cancel) })
	}
	feed(ctx, numbers, repetitions*len(r.Templates))
	workers.Wait()
	x.outcome.Elapsed = time.Since(start)
	for range inFlight {
		if err := <-errs; err != nil {
			return x.outcome, err
		}
	}
	return x.outcome, ctx.Err()
}

func feed(ctx context.Context, numbers chan<- int, n int) {
	defer close(numbers)
	for i := range n {
		select {
		case numbers <- i:
		case <-ctx.Done():
			return
		}
	}
}

// work ends the whole run at an error that sending again can't heal.
func (r *run) work(ctx context.Context, numbers <-chan int, cancel func()) error {
	for n := range numbers {
		s, request := r.next(n)
		for {
			err := r.send(ctx, n, s, request)
			if err == nil {
				break
			}
			if c := status.Code(err); c != codes.Unavailable && c != codes.ResourceExhausted || ctx.Err() != nil {
				cancel()
				return fmt.Errorf("send request %d: %w", n, err)
			}
			time.Sleep(pause)
		}
	}
	return nil
}

// Open sends requests when they are due at so many spans a second, whether or
// not earlier ones were answered, for a time; none is sent again. Requests that
// are due while most are under way are left out and counted.
func (r Recording) Open(ctx context.Context, c *Client, spansPerSecond float64, d time.Duration, most int, shift func(int) time.Duration) Outcome {
	x := r.newRun(c, shift)
	start := time.Now()
	var flying sync.WaitGroup
	due := time.Duration(0)
	for n := 0; due < d && ctx.Err() == nil; n++ {
		time.Sleep(time.Until(start.Add(due)))
		spans := r.Templates[n%len(r.Templates)].Spans
		due += time.Duration(float64(spans) / spansPerSecond * float64(time.Second))
		if x.take(most) {
			flying.Go(func() { x.fly(ctx, n) })
		}
	}
	flying.Wait()
	x.outcome.Elapsed = time.Since(start)
	return x.outcome
}

func (r *run) fly(ctx context.Context, n int) {
	s, request := r.next(n)
	_ = r.send(ctx, n, s, request) // counted there
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying--
}

func (r *run) take(most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flying >= most {
		r.outcome.Unsent++
		return false
	}
	r.flying++
	r.outcome.MaxInFlight = max(r.outcome.MaxInFlight, r.flying)
	return true
}
