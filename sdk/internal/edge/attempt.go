package edge

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// maxPause bounds the time between attempts at an interval that fails.
const maxPause = 30 * time.Second

func (s *Sender) tick() {
	if time.Now().Before(s.next) {
		return
	}
	first := s.failures == 0
	s.lost = false
	err := s.send(s.alive)
	if err == nil {
		return
	}
	pause := min(s.o.Every<<min(s.failures, 10), maxPause)
	s.next = time.Now().Add(pause/2 + rand.N(pause/2+1)) // so that processes do not come all at once
	if first || s.lost {
		s.o.Report(err)
	}
}

// send sends the interval that is pending and then what was counted since. It
// ends with the first failure.
func (s *Sender) send(ctx context.Context) error {
	if err := s.probe(ctx); err != nil {
		return err
	}
	if s.refusing.Load() {
		return nil
	}
	for {
		again := s.pending.Number != 0
		if !again {
			s.pending, s.more = s.counters.Take()
			s.first = time.Now()
		}
		if s.pending.Number == 0 {
			return nil
		}
		if err := s.attempt(ctx, again); err != nil {
			return err
		}
		if !again && !s.more {
			return nil
		}
	}
}

// probe sends an interval that tells nothing before counts go where the last ones
// got no answer, or were refused: an outage costs one interval and no more.
func (s *Sender) probe(ctx context.Context) error {
	if !s.uncertain && !s.refusing.Load() {
		return nil
	}
	err := s.export(ctx, s.counters.Question())
	if err != nil && !s.o.Refused(err) {
		s.failures++
		return fmt.Errorf("reach the receiver of edge counts: %w", err)
	}
	s.uncertain = false
	s.refusing.Store(err != nil)
	if err != nil {
		s.next = time.Now().Add(maxPause/2 + rand.N(maxPause/2))
	}
	return nil
}

func (s *Sender) attempt(ctx context.Context, again bool) error {
	s.note(func(st *SenderStats) {
		st.Pending = s.pending.Number
		if again {
			st.Repeated++
		}
	})
	err := s.export(ctx, s.pending)
	switch {
	case err == nil:
		s.failures = 0
		s.drop(func(st *SenderStats, _ uint64) { st.Acknowledged++ })
		return nil
	case s.o.Refused(err):
		err = fmt.Errorf("edge counts of interval %d were refused: %w", s.pending.Number, err)
		s.failures, s.lost = 0, true
		s.refusing.Store(true)
		s.drop(func(st *SenderStats, calls uint64) { st.Refused, st.RefusedCalls = st.Refused+1, st.RefusedCalls+calls })
		return err
	case time.Since(s.first) >= s.o.GiveUp:
		err = fmt.Errorf("edge counts of interval %d were dropped after %s without an answer: %w", s.pending.Number, s.o.GiveUp, err)
		s.uncertain, s.lost = true, true
		s.failures++
		s.drop(uncertain)
		return err
	}
	s.failures++
	return fmt.Errorf("send edge counts of interval %d: %w", s.pending.Number, err)
}

func uncertain(st *SenderStats, calls uint64) {
	st.Uncertain, st.UncertainCalls = st.Uncertain+1, st.UncertainCalls+calls
}

// abandon counts what is left when the Sender ends.
func (s *Sender) abandon() {
	if s.pending.Number != 0 {
		s.drop(uncertain)
	}
	for more := true; more; {
		s.pending, more = s.counters.Take()
		s.drop(func(st *SenderStats, calls uint64) { st.UnsentCalls += calls })
	}
}

// drop lets the pending interval go, for the reason that is counted.
func (s *Sender) drop(count func(*SenderStats, uint64)) {
	calls := s.pending.Calls()
	s.pending = callgraph.Interval{}
	s.note(func(st *SenderStats) {
		st.Pending = 0
		count(st, calls)
	})
}

// export makes one attempt, which ends with the timeout, with the context, and
// when Shutdown gives up.
func (s *Sender) export(ctx context.Context, i callgraph.Interval) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	defer context.AfterFunc(s.alive, cancel)()
	return s.exporter.ExportInterval(ctx, i)
}
