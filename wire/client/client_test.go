package client

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

func TestSpansAreDurableOnceSendReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []received
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				time.Sleep(time.Second)
				got = append(got, f)
				c.stored(f.number)
			}
			return nil
		})
		c := New(r.options())
		begin := time.Now()
		require.NoError(t, c.Send(t.Context(), from(1, 100)))
		require.Equal(t, time.Second, time.Since(begin))
		require.NoError(t, c.Send(t.Context(), from(200, 1)))
		shutdown(t, c)
		require.Equal(t, []received{{number: 1, spans: from(1, 100)}, {number: 2, spans: from(200, 1)}}, got)
		require.Len(t, r.streams(), 1)
		require.Regexp(t, "^[0-9a-f]{32}$", r.streams()[0].sender)
		s := c.Stats()
		require.Equal(t, Stats{Streams: 1, Resets: 1, Frames: 2, Bytes: s.Bytes, Spans: 101, State: s.State}, s)
	})
}

func TestNothingIsSentForNothing(t *testing.T) {
	require.NoError(t, New(Options{}).Send(t.Context(), spans{}))
}

func TestIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				if f.interval.Number == 7 {
					c.stored(f.number)
				} else {
					c.answer(wire.Control{Answer: wire.Rejected, Number: f.number, Why: "who are you?"})
				}
			}
			return nil
		})
		c := New(r.options())
		require.NoError(t, c.SendInterval(t.Context(), callgraph.Interval{Instance: "a", Number: 7}))
		err := c.SendInterval(t.Context(), callgraph.Interval{Instance: "a", Number: 8})
		require.Equal(t, &LostError{Interval: true, Why: "receiver rejected it: who are you?"}, lostOf(t, err))
		err = c.SendInterval(t.Context(), callgraph.Interval{Cells: make([]callgraph.Cell, wire.MaxCells+1)})
		require.Equal(t, &LostError{Interval: true, Why: wire.ErrIntervalTooLarge.Error()}, lostOf(t, err))
		require.ErrorContains(t, err, "interval is lost: interval is larger")
		shutdown(t, c)
		require.EqualValues(t, 1, c.Stats().Intervals)
		require.EqualValues(t, 2, c.Stats().RejectedIntervals)
	})
}

func TestOneAnswerForAllFramesBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for range 3 {
				c.next()
			}
			c.stored(3)
			return storing(c)
		})
		c := New(r.options())
		a, b := start(t.Context(), c, from(1, 2)), start(t.Context(), c, from(3, 2))
		waits(t, a)
		waits(t, b)
		require.EqualValues(t, 4, c.Stats().Unacknowledged)
		require.NoError(t, c.Send(t.Context(), from(5, 2)))
		require.NoError(t, <-a)
		require.NoError(t, <-b)
		shutdown(t, c)
		require.EqualValues(t, 6, c.Stats().Spans)
		require.Zero(t, c.Stats().Unacknowledged)
	})
}

func TestSpansThatAreRejectedAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			f, _ := c.next()
			c.answer(wire.Control{Answer: wire.Rejected, Number: f.number, Why: "no room for this tenant"})
			return storing(c)
		})
		c := New(r.options())
		err := c.Send(t.Context(), from(1, 3))
		require.Equal(t, &LostError{Rejected: []int{0, 1, 2}, Why: "receiver rejected it: no room for this tenant"}, lostOf(t, err))
		require.EqualError(t, err, "3 spans are lost, 0 of them too large for a frame: receiver rejected it: no room for this tenant")
		require.NoError(t, c.Send(t.Context(), from(5, 2)), "the stream goes on")
		shutdown(t, c)
		require.EqualValues(t, 3, c.Stats().Rejected)
		require.EqualValues(t, 1, c.Stats().Streams)
	})
}

// bulky is a source whose spans have texts that do not get smaller.
type bulky struct {
	spans
	size func(i int) int
}

func (b bulky) Span(i int, into *wire.SourceSpan) {
	b.spans.Span(i, into)
	text, x := make([]byte, b.size(i)), b.spans[i]
	for at := range text {
		x = x*6364136223846793005 + 1442695040888963407
		text[at] = byte(x >> 56)
	}
	into.Attributes = append(into.Attributes, wire.Attribute{Key: "text", Value: wire.StringValue(string(text))})
}

func TestSpansThatNoFrameHoldsAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got spans
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				got = append(got, f.spans...)
				c.stored(f.number)
			}
			return nil
		})
		c := New(r.options())
		err := c.Send(t.Context(), bulky{from(1, 4), func(i int) int { return i % 2 * wire.MaxFrame }})
		require.Equal(t, []int{1, 3}, lostOf(t, err).TooLarge)
		require.ErrorContains(t, err, "2 spans are larger")
		require.Equal(t, spans{1, 3}, got)
		err = c.Send(t.Context(), bulky{from(7, 1), func(int) int { return wire.MaxFrame }})
		require.Equal(t, []int{0}, lostOf(t, err).TooLarge)
		shutdown(t, c)
		require.EqualValues(t, 3, c.Stats().TooLarge)
	})
}

// TestBatchesOfSeveralFrames are put off and lost frame by frame.
func TestBatchesOfSeveralFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sets []spans
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				sets = append(sets, f.spans)
				switch len(sets) {
				case 1:
					c.answer(wire.Control{Answer: wire.Rejected, Number: f.number})
				case 2:
					c.answer(wire.Control{Answer: wire.Later, Number: f.number})
				default:
					c.stored(f.number)
				}
			}
			return nil
		})
		c := New(r.options())
		err := c.Send(t.Context(), bulky{from(1, 3), func(int) int { return 1<<20 - 100 }})
		require.Equal(t, []int{0}, lostOf(t, err).Rejected)
		shutdown(t, c)
		require.Equal(t, []spans{{1}, {2}, {3}, {2}}, sets)
		require.EqualValues(t, 2, c.Stats().Spans)
		require.EqualValues(t, 1, c.Stats().Resent)
	})
}

func TestSpansThatArePutOffComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 500 * time.Millisecond
		var got []received
		var at []time.Time
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				got, at = append(got, f), append(at, time.Now())
				if len(got) == 1 {
					c.answer(wire.Control{Answer: wire.Later, Number: f.number, Wait: wait})
				} else {
					c.stored(f.number)
				}
			}
			return nil
		})
		c := New(r.options())
		a := start(t.Context(), c, from(1, 10))
		b := start(t.Context(), c, from(20, 1))
		waits(t, b)
		require.NoError(t, <-a)
		require.NoError(t, <-b)
		shutdown(t, c)
		require.Equal(t, []received{{number: 1, spans: from(1, 10)}, {number: 2, spans: from(1, 10)}, {number: 3, spans: from(20, 1)}}, got)
		require.GreaterOrEqual(t, at[1].Sub(at[0]), wait)
		require.LessOrEqual(t, at[1].Sub(at[0]), wait+wait/2)
		require.Zero(t, at[2].Sub(at[1]), "the others go on then")
		require.EqualValues(t, 1, c.Stats().Later)
		require.EqualValues(t, 10, c.Stats().Resent)
	})
}

// TestHoldsBeginAnew once something was stored.
func TestHoldsBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 500 * time.Millisecond
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for {
				for range 4 {
					f, more := c.next()
					if !more {
						return nil
					}
					c.answer(wire.Control{Answer: wire.Later, Number: f.number, Wait: wait})
				}
				f, _ := c.next()
				c.stored(f.number)
			}
		})
		c := New(r.options())
		for range 3 {
			begin := time.Now()
			require.NoError(t, c.Send(t.Context(), from(1, 1)))
			require.GreaterOrEqual(t, time.Since(begin), (1+2+4+8)*wait)
			require.LessOrEqual(t, time.Since(begin), (1+2+4+8)*wait*3/2)
		}
		shutdown(t, c)
		require.Zero(t, c.view, "no source is held")
	})
}

func TestWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan bool)
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			c.next()
			c.next()
			<-answer
			c.stored(1)
			c.stored(2)
			return storing(c)
		})
		c := New(r.options())
		ctx, cancel := context.WithCancel(t.Context())
		a, b := start(ctx, c, from(1, 3)), start(t.Context(), c, from(5, 2))
		cancel()
		require.ErrorIs(t, <-a, context.Canceled)
		require.EqualValues(t, 2, c.Stats().Unacknowledged)
		waits(t, b)
		close(answer)
		require.NoError(t, <-b, "the stream is as it was")
		require.ErrorIs(t, c.Send(ctx, from(1, 1)), context.Canceled)
		shutdown(t, c)
		require.EqualValues(t, 5, c.Stats().Spans, "what arrived though nobody waited for it counts")
		require.EqualValues(t, 1, c.Stats().Streams)
	})
}

// TestWhoGivesUpBehindAFullStream leaves while a frame is half-way: the frame
// goes on, what was not encoded never goes.
func TestWhoGivesUpBehindAFullStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sets []spans
		read := make(chan bool)
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			<-read
			for f, more := c.next(); more; f, more = c.next() {
				sets = append(sets, f.spans)
				c.stored(f.number)
			}
			return nil
		})
		c := New(r.options())
		ctx, cancel := context.WithCancel(t.Context())
		large := func(int) int { return 200 << 10 }
		first := start(ctx, c, bulky{from(1, 1), large})
		second := start(t.Context(), c, bulky{from(2, 1), large})
		third, fourth := start(ctx, c, from(3, 1)), start(t.Context(), c, from(4, 1))
		cancel()
		require.ErrorIs(t, <-first, context.Canceled)
		require.ErrorIs(t, <-third, context.Canceled)
		waits(t, second)
		close(read)
		require.NoError(t, <-second)
		require.NoError(t, <-fourth)
		shutdown(t, c)
		require.Equal(t, []spans{{1}, {2}, {4}}, sets)
		require.EqualValues(t, 1, c.Stats().Streams)
	})
}

// guarded notes when it is read after its Send has returned.
type guarded struct {
	spans
	read func() // nil: nothing waits
	over *atomic.Bool
	late *atomic.Bool
}

func guard(s spans, read func()) guarded {
	return guarded{s, read, &atomic.Bool{}, &atomic.Bool{}}
}

func (g guarded) Span(i int, into *wire.SourceSpan) {
	if g.read != nil {
		g.read()
	}
	if g.over.Load() {
		g.late.Store(true)
	}
	g.spans.Span(i, into)
}

func TestSourcesAreReadOnlyWhileSendRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(n int, c *call) error {
			c.hello(0)
			if n == 0 {
				c.next()
				return errors.New("cut")
			}
			return storing(c)
		})
		c := New(r.options())
		g := guard(from(1, 10), func() { time.Sleep(time.Second) })
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		begin := time.Now()
		require.ErrorIs(t, c.Send(ctx, g), context.DeadlineExceeded)
		g.over.Store(true)
		require.Equal(t, 10*time.Second, time.Since(begin))
		require.NoError(t, c.Send(t.Context(), from(50, 1)))
		shutdown(t, c)
		require.False(t, g.late.Load())
		require.Len(t, r.streams(), 2)
	})
}

func TestErrorsSayWhyThereIsNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		broken := errors.New("no route to host")
		c := New(Options{
			Dial:   func(context.Context) (*grpc.ClientConn, error) { return nil, broken },
			Report: func(err error) { told = append(told, err) },
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		err := c.Send(ctx, from(1, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "no stream: no route to host")
		synctest.Wait()
		require.Greater(t, len(told), 600/15)
		require.ErrorIs(t, told[0], broken)
		require.EqualError(t, told[0], "no stream: no route to host")
	})
}

func TestShutdownWaitsForWhatIsBeingSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan bool, 1)
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			f, _ := c.next()
			time.Sleep(20 * time.Second)
			c.stored(f.number)
			_, more := c.next()
			left <- more
			return nil
		})
		c := New(r.options())
		a := start(t.Context(), c, from(1, 1))
		begin := time.Now()
		over := make(chan error, 2)
		for range 2 {
			go func() { over <- c.Shutdown(t.Context()) }()
		}
		synctest.Wait()
		require.ErrorIs(t, c.Send(t.Context(), from(2, 1)), ErrShutdown)
		require.NoError(t, <-over)
		require.NoError(t, <-over)
		require.NoError(t, <-a)
		require.Equal(t, 20*time.Second, time.Since(begin))
		require.False(t, <-left, "the client closed its direction")
		shutdown(t, c)
		require.ErrorIs(t, c.Send(t.Context(), from(2, 1)), ErrShutdown)
	})
}

func TestShutdownBeforeTheFirstSend(t *testing.T) {
	c := New(Options{})
	shutdown(t, c)
	shutdown(t, c)
	require.ErrorIs(t, c.Send(t.Context(), from(1, 1)), ErrShutdown)
}

// TestShutdownHasAnEnd at each point at which a receiver can leave it waiting.
func TestShutdownHasAnEnd(t *testing.T) {
	for name, s := range map[string]script{
		"no hello":  func(_ int, c *call) error { return silent(c) },
		"no answer": func(_ int, c *call) error { c.hello(0); return silent(c) },
		"later": func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				c.answer(wire.Control{Answer: wire.Later, Number: f.number, Wait: time.Hour})
			}
			return nil
		},
		"pause": func(_ int, c *call) error { return errors.New("not today") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(newReceiver(t, s).options())
				a := start(t.Context(), c, from(1, 1))
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				begin := time.Now()
				require.ErrorIs(t, c.Shutdown(ctx), context.DeadlineExceeded)
				require.Equal(t, 5*time.Second, time.Since(begin))
				require.ErrorIs(t, <-a, ErrShutdown)
				shutdown(t, c)
			})
		})
	}
}

// silent reads nothing and says nothing.
func silent(c *call) error {
	<-c.Context().Done()
	return nil
}

// TestShutdownDoesNotWaitForAHelloThatNobodyNeeds has a Send give up first.
func TestShutdownDoesNotWaitForAHelloThatNobodyNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(newReceiver(t, func(_ int, c *call) error { return silent(c) }).options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Send(ctx, from(1, 1)), context.DeadlineExceeded)
		begin := time.Now()
		shutdown(t, c)
		require.Zero(t, time.Since(begin))
	})
	synctest.Test(t, func(t *testing.T) {
		c := New(newReceiver(t, func(_ int, c *call) error { return silent(c) }).options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a := start(ctx, c, from(1, 1))
		begin := time.Now()
		shutdown(t, c)
		require.Equal(t, time.Second, time.Since(begin))
		require.ErrorIs(t, <-a, context.DeadlineExceeded)
	})
}

func TestPartsOfParts(t *testing.T) {
	r := newRequest(from(100, 10), 10)
	p := &part{of: r, n: 3, spans: []int{4, 7, 9}, refusals: 1}
	require.Same(t, p, p.in(&wire.Frame{Spans: []int{2, 1, 0}}))
	q := p.in(&wire.Frame{Spans: []int{2, 0}})
	require.Equal(t, &part{of: r, n: 2, spans: []int{9, 4}, refusals: 1, encoded: true}, q)
	v := view{r.source, q}
	require.Equal(t, 2, v.Len())
	var s wire.SourceSpan
	v.Span(1, &s)
	require.EqualValues(t, 104, s.SpanID[7])
	first, before, _ := v.Place(0)
	_, after, _ := v.Place(1)
	require.EqualValues(t, 109/4+1, first[7])
	require.Less(t, before, after, "the frame's order stays")
}
