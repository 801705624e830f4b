package edge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Exporter sends intervals. The Sender calls one method at a time. An error means
// that the receiver may or may not have what was sent.
type Exporter interface {
	ExportInterval(context.Context, callgraph.Interval) error
	Shutdown(context.Context) error
}

// GiveUp is how long an interval is sent again where the options do not say.
const GiveUp = 5 * time.Minute

// SenderOptions are how intervals are sent. Zero values stand for the defaults.
type SenderOptions struct {
	// Every is the time between two intervals; 0 is 1 s.
	Every time.Duration
	// Timeout bounds one attempt; 0 is 10 s.
	Timeout time.Duration
	// GiveUp is how long an interval is sent again before it is dropped: by then
	// another collector may have come that does not know whether the one before it
	// applied it; 0 is the constant GiveUp.
	GiveUp time.Duration
	// Refused says of an error that the receiver will never take the interval and
	// has not applied it; nil: it never says so.
	Refused func(error) bool
	// Report is told of what goes wrong at a tick: when an interval first fails, and
	// when it is dropped; nil: nobody is told.
	Report func(error)
}

func (o SenderOptions) withDefaults() SenderOptions {
	bound := func(v *time.Duration, standard time.Duration) {
		if *v <= 0 {
			*v = standard
		}
	}
	bound(&o.Every, time.Second)
	bound(&o.Timeout, 10*time.Second)
	bound(&o.GiveUp, GiveUp)
	if o.Refused == nil {
		o.Refused = func(error) bool { return false }
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	return o
}

// SenderStats count intervals, and the calls in those that were lost.
type SenderStats struct {
	Acknowledged   uint64
	Repeated       uint64 // attempts after an interval's first
	Refused        uint64 // never applied
	RefusedCalls   uint64
	Uncertain      uint64 // dropped without an answer: applied or not
	UncertainCalls uint64
	UnsentCalls    uint64 // left over at Shutdown
	Pending        uint64 // number of the interval that awaits its acknowledgement, 0: none
}

// Sender takes an interval each second and sends it until it is acknowledged;
// later counts wait in the Counters meanwhile.
type Sender struct {
	o        SenderOptions
	counters *Counters
	exporter Exporter
	requests chan request
	alive    context.Context //nolint:containedctx // of the goroutine, which is the Sender's
	kill     context.CancelFunc
	done     chan struct{}

	// The goroutine's own.
	pending   callgraph.Interval
	more      bool
	first     time.Time // attempt of pending
	next      time.Time // attempt at a tick, not before
	failures  int       // in a row
	uncertain bool      // the last interval was dropped without an answer
	lost      bool      // an interval was dropped at this tick

	refusing atomic.Bool // the receiver takes no counts

	mu    sync.Mutex
	stats SenderStats
}

// request is a Flush or, as the last one, a Shutdown.
type request struct {
	ctx    context.Context //nolint:containedctx // of the caller, who waits
	last   bool
	answer chan error
}

// NewSender sends what the counters count until Shutdown, which also shuts the
// exporter down.
func NewSender(c *Counters, e Exporter, o SenderOptions) *Sender {
	s := &Sender{o: o.withDefaults(), counters: c, exporter: e, requests: make(chan request), done: make(chan struct{})}
	s.alive, s.kill = context.WithCancel(context.Background())
	go s.run()
	return s
}

func (s *Sender) run() {
	defer close(s.done)
	defer s.abandon()
	ticker := time.NewTicker(s.o.Every)
	defer ticker.Stop()
	for {
		select {
		case <-s.alive.Done():
			_ = s.exporter.Shutdown(s.alive) // whoever waited has the reason
			return
		case <-ticker.C:
			s.tick()
		case r := <-s.requests:
			err := s.send(r.ctx)
			if r.last {
				r.answer <- errors.Join(err, s.exporter.Shutdown(r.ctx))
				return
			}
			r.answer <- err
		}
	}
}

// Taken reports whether the receiver takes counts, as far as is known. Where it
// does not, nothing should be counted here, so that a collector does it from
// spans; the receiver is asked again now and then.
func (s *Sender) Taken() bool { return !s.refusing.Load() }

// Flush sends what was counted so far.
func (s *Sender) Flush(ctx context.Context) error { return s.ask(request{ctx: ctx}) }

// Shutdown sends what was counted so far, as the last interval. Once the context
// is over it gives up what it is at. A second Shutdown does nothing.
func (s *Sender) Shutdown(ctx context.Context) error {
	err := s.ask(request{ctx: ctx, last: true})
	s.kill()
	<-s.done
	return err
}

func (s *Sender) ask(r request) error {
	r.answer = make(chan error, 1)
	select {
	case s.requests <- r:
	case <-s.done:
		return nil
	case <-r.ctx.Done():
		return fmt.Errorf("send edge counts: %w", r.ctx.Err())
	}
	return <-r.answer
}

// Stats are the counts so far.
func (s *Sender) Stats() SenderStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (s *Sender) note(change func(*SenderStats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}
