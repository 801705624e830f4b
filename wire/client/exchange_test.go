package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/wire"
)

// act is what a receiver does with a frame, or instead of reading one.
type act uint8

const (
	store       act = iota // and say so
	storeAndCut            // without a word
	cutUnread              // end the stream before the frame is read
	cutUnstored            // after
	cutAnswered            // after the answer
	cutNoHello             // of the next stream
	cutHello               // of the next stream, after it
	endWell                // end the call without an error
	hang                   // never answer, though it is stored
	slow                   // store 3 s later
	gather                 // store, and leave the answer to the next that is stored
	refuse
	putOff
	reject
	forget // the receiver begins anew, and knows no sender
	acts
)

func (a act) String() string {
	return [...]string{
		"store", "store and cut", "cut unread", "cut unstored", "cut answered", "cut no hello", "cut hello", "end well", "hang", "slow",
		"gather", "refuse", "put off", "reject", "forget",
	}[a]
}

// keeper is a receiver that does what a list of acts says, and stores after
// that. It keeps to SPEC.md, section 12: one stream of a sender at a time, a
// hello that tells what is durable.
type keeper struct {
	acts   []act
	turn   chan struct{} // held by the one open stream
	stored []spans       // each frame that was stored
	known  uint64        // the hello's number
	gap    bool          // a frame was read and not stored: frames after it are not told
}

var errCut = errors.New("cut")

func (k *keeper) next() (a act) {
	if len(k.acts) == 0 {
		return store
	}
	a, k.acts = k.acts[0], k.acts[1:]
	return a
}

func (k *keeper) serve(_ int, c *call) error {
	select {
	case k.turn <- struct{}{}:
	case <-c.Context().Done():
		return nil
	}
	defer func() { <-k.turn }()
	if len(k.acts) > 0 && k.acts[0] == cutNoHello {
		k.next()
		return errCut
	}
	c.hello(k.known)
	if len(k.acts) > 0 && k.acts[0] == cutHello {
		k.next()
		return errCut
	}
	for begun := false; ; begun = true {
		a := k.next()
		if a == cutUnread {
			return errCut
		}
		f, more := c.next()
		if !more {
			k.acts = append([]act{a}, k.acts...)
			return nil
		}
		if !begun { // it has got the hello: what was before is settled
			k.gap = false
		}
		if err := k.do(a, f, c); err != nil {
			if errors.Is(err, errWell) {
				return nil
			}
			return err
		}
	}
}

var errWell = errors.New("no error")

func (k *keeper) do(a act, f received, c *call) error {
	switch a {
	case store:
		k.keep(f, c, true)
	case storeAndCut:
		k.keep(f, c, false)
		return errCut
	case cutUnstored, cutNoHello, cutHello:
		return errCut
	case cutAnswered:
		k.keep(f, c, true)
		return errCut
	case endWell:
		return errWell
	case hang:
		k.keep(f, c, false)
		<-c.Context().Done()
		return errCut
	case slow:
		select {
		case <-time.After(3 * time.Second):
		case <-c.Context().Done():
			return errCut
		}
		k.keep(f, c, true)
	case gather:
		k.keep(f, c, false)
	case refuse:
		c.answer(wire.Control{Answer: wire.Refused, Number: f.number, Code: wire.CodeMalformed})
		return status.Error(codes.InvalidArgument, "refused")
	case putOff, reject:
		k.gap = true
		answer := wire.Later
		if a == reject {
			answer = wire.Rejected
		}
		c.answer(wire.Control{Answer: answer, Number: f.number, Wait: 300 * time.Millisecond})
	case forget:
		k.known = 0
		return errCut
	}
	return nil
}

func (k *keeper) keep(f received, c *call, say bool) {
	if len(f.spans) > 0 {
		k.stored = append(k.stored, f.spans)
	}
	if !k.gap {
		k.known = f.number
	}
	if say {
		c.stored(f.number)
	}
}

// sending is a Send of a plan: after a pause.
type sending struct {
	after time.Duration
	spans spans
	limit time.Duration // 0: none
	err   error
	late  *atomic.Bool // its source was read after that
}

// play has several callers send to a keeper.
func play(t *testing.T, k *keeper, callers [][]*sending) {
	synctest.Test(t, func(t *testing.T) {
		k.turn = make(chan struct{}, 1)
		o := newReceiver(t, k.serve).options()
		o.MaxAge, o.Idle, o.AnswerTimeout, o.MaxPause = 20*time.Second, 2*time.Second, 10*time.Second, 2*time.Second
		c := New(o)
		done := make(chan bool)
		for _, sends := range callers {
			go func() {
				for _, s := range sends {
					time.Sleep(s.after)
					s.send(t.Context(), c)
				}
				done <- true
			}()
		}
		for range callers {
			<-done
		}
		shutdown(t, c)
		stats := c.Stats()
		require.Zero(t, stats.Unacknowledged)
		require.False(t, stats.Connected)
	})
}

func (s *sending) send(ctx context.Context, c *Client) {
	if s.limit > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, s.limit)
		defer cancel()
	}
	g := guard(s.spans, nil)
	s.err = c.Send(ctx, g)
	g.over.Store(true)
	s.late = g.late
}

// check says what is wrong with what was stored: exactly holds receivers to
// which nothing happens that makes a hello tell less than what is durable.
func (k *keeper) check(callers [][]*sending, exactly bool) error {
	times, sets := map[uint64]int{}, map[uint64]spans{}
	for _, set := range k.stored {
		for _, id := range set {
			times[id]++
			if before, seen := sets[id]; seen && !slices.Equal(before, set) {
				return fmt.Errorf("span %d came in %v and in %v", id, before, set)
			}
			sets[id] = set
		}
	}
	for _, sends := range callers {
		for _, s := range sends {
			if err := s.check(times, exactly); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sending) check(times map[uint64]int, exactly bool) error {
	if s.late.Load() {
		return fmt.Errorf("source of %v was read too late", s.spans)
	}
	var lost *LostError
	var gone []int
	if errors.As(s.err, &lost) {
		gone = lost.Rejected
	} else if s.err != nil && !errors.Is(s.err, context.DeadlineExceeded) {
		return s.err
	}
	for i, id := range s.spans {
		switch n := times[id]; {
		case exactly && n > 1:
			return fmt.Errorf("span %d was stored %d times", id, n)
		case n == 0 && !slices.Contains(gone, i) && !errors.Is(s.err, context.DeadlineExceeded):
			return fmt.Errorf("span %d was acknowledged and is not there", id)
		case exactly && n > 0 && slices.Contains(gone, i):
			return fmt.Errorf("span %d is lost, and was stored", id)
		}
	}
	return nil
}

// TestCutAtEachPoint plays each act at each frame of an exchange.
func TestCutAtEachPoint(t *testing.T) {
	for a := range acts {
		for at := range 4 {
			t.Run(fmt.Sprint(a, " at ", at), func(t *testing.T) {
				k := &keeper{acts: append(slices.Repeat([]act{store}, at), a)}
				var callers [][]*sending
				for i := range uint64(4) {
					callers = append(callers, []*sending{{spans: from(10*i, 5)}, {spans: from(10*i+5, 5)}})
				}
				play(t, k, callers)
				require.NoError(t, k.check(callers, a != forget && a != putOff && a != reject))
			})
		}
	}
}

// TestEachSpanIsStoredOnce whatever happens to streams and frames, as long as
// the receiver's hello tells all that is durable.
func TestEachSpanIsStoredOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.SliceOfN(rapid.SampledFrom([]act{
			store, storeAndCut, cutUnread, cutUnstored, cutAnswered, cutNoHello, cutHello, endWell, hang, slow, gather, refuse,
		}), 0, 12)
		playDrawn(t, rt, a.Draw(rt, "acts"), true)
	})
}

// TestNothingAcknowledgedIsMissing where receivers forget senders, or can't tell
// all: spans may be stored twice then, but in the same frame.
func TestNothingAcknowledgedIsMissing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		playDrawn(t, rt, rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(acts)-1), func(i int) act { return act(i) }), 0, 16).Draw(rt, "acts"), false)
	})
}

func playDrawn(t *testing.T, rt *rapid.T, a []act, exactly bool) {
	var callers [][]*sending
	first := uint64(0)
	for range rapid.IntRange(1, 4).Draw(rt, "callers") {
		var sends []*sending
		for range rapid.IntRange(1, 5).Draw(rt, "sends") {
			n := rapid.IntRange(1, 9).Draw(rt, "spans")
			sends = append(sends, &sending{
				after: time.Duration(rapid.SampledFrom([]int{0, 0, 100, 5000}).Draw(rt, "after ms")) * time.Millisecond,
				limit: time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 4}).Draw(rt, "limit s")) * time.Second,
				spans: from(first, n),
			})
			first += uint64(n)
		}
		callers = append(callers, sends)
	}
	k := &keeper{acts: slices.Clone(a)}
	play(t, k, callers)
	if err := k.check(callers, exactly); err != nil {
		rt.Fatal(err)
	}
}
