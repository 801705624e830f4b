package client

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/wire"
)

// lasting has a client send to a receiver that serves its first stream by bad,
// and stores all after that. It returns the reports and the frames of later
// streams.
func lasting(t *testing.T, bad func(*call) error) (told []error, c *Client, later []received) {
	t.Helper()
	r := newReceiver(t, func(n int, c *call) error {
		if n == 0 {
			return bad(c)
		}
		c.hello(0)
		for f, more := c.next(); more; f, more = c.next() {
			later = append(later, f)
			c.stored(f.number)
		}
		return nil
	})
	o := r.options()
	o.Report = func(err error) { told = append(told, err) }
	c = New(o)
	require.NoError(t, c.Send(t.Context(), from(1, 4)))
	shutdown(t, c)
	return told, c, later
}

// TestStreamsThatAreGivenUp end for what a receiver does wrong; the spans come
// again on the next, as the same frame.
func TestStreamsThatAreGivenUp(t *testing.T) {
	for name, bad := range map[string]struct {
		stream func(*call) error
		told   string
		frame  uint64 // in which they come then
	}{
		"no hello":          {silent, "no stream: receiver does not answer", 1},
		"never reads":       {func(c *call) error { c.hello(0); return silent(c) }, "stream was lost: receiver does not answer", 2},
		"hello of the past": {func(c *call) error { c.hello(17); return silent(c) }, "receiver knows of frame 17", 1},
		"hello of no kind":  {func(c *call) error { c.answer(wire.Control{Answer: wire.Later}); return silent(c) }, "receiver begins with answer 18", 1},
		"hello refuses": {func(c *call) error {
			c.answer(wire.Control{Answer: wire.Refused, Code: wire.CodeLimit, Why: "too many"})
			return silent(c)
		}, "no stream: receiver refused a frame: limit: too many", 1},
		"garbage for hello":  {func(c *call) error { c.bytes([]byte("HTTP/1.1 200")); return silent(c) }, "version", 1},
		"an empty message":   {func(c *call) error { c.bytes(nil); return silent(c) }, "truncated", 1},
		"never answers":      {func(c *call) error { c.hello(0); c.next(); return silent(c) }, "receiver does not answer", 2},
		"garbage":            {answering(func(c *call, _ uint64) { c.bytes([]byte{1, 16, 0}) }), "truncated", 2},
		"spans":              {answering(func(c *call, _ uint64) { c.bytes(wire.NewEncoder().Rest().Bytes) }), "not a control frame", 2},
		"a number too great": {answering(func(c *call, n uint64) { c.stored(n + 1) }), "frame 2, which was not sent", 2},
		"later of no frame":  {answering(func(c *call, n uint64) { c.answer(wire.Control{Answer: wire.Later, Number: 1 << 60}) }), "not sent", 2},
		"reject of no frame": {answering(func(c *call, n uint64) { c.answer(wire.Control{Answer: wire.Rejected}) }), "frame 0, which was not sent", 2},
		"the end":            {func(c *call) error { c.hello(0); c.next(); return nil }, "receiver ended the stream", 2},
		"a status": {
			func(c *call) error {
				c.hello(0)
				c.next()
				return status.Error(codes.Unavailable, "going down")
			},
			"stream was lost: rpc error: code = Unavailable desc = going down", 2,
		},
		"no permission": {func(c *call) error { return status.Error(codes.PermissionDenied, "not you") }, "no stream: rpc error: code = PermissionDenied desc = not you", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told, c, later := lasting(t, bad.stream)
				require.Len(t, told, 1)
				require.ErrorContains(t, told[0], bad.told)
				require.Equal(t, []received{{number: bad.frame, spans: from(1, 4)}}, later)
				require.EqualValues(t, 4, c.Stats().Spans)
				require.EqualValues(t, 4*(bad.frame-1), c.Stats().Resent)
			})
		})
	}
}

// answering reads a frame, does something, and goes on.
func answering(do func(c *call, number uint64)) func(*call) error {
	return func(c *call) error {
		c.hello(0)
		f, _ := c.next()
		do(c, f.number)
		return silent(c)
	}
}

func TestAnswersMustBeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		r := newReceiver(t, func(n int, c *call) error {
			c.hello(0)
			if n > 0 {
				return storing(c)
			}
			c.next()
			f, _ := c.next()
			c.answer(wire.Control{Answer: wire.Rejected, Number: f.number})
			return silent(c)
		})
		o := r.options()
		o.Report = func(err error) { told = append(told, err) }
		c := New(o)
		a := start(t.Context(), c, from(1, 1))
		require.NoError(t, c.Send(t.Context(), from(2, 1)))
		require.NoError(t, <-a)
		shutdown(t, c)
		require.Len(t, told, 1)
		require.ErrorContains(t, told[0], "receiver answers frame 2 before frame 1")
	})
}

// TestAnswersWhileAFrameIsHalfWay that end the stream do not wait for the frame.
func TestAnswersWhileAFrameIsHalfWay(t *testing.T) {
	for name, answer := range map[string][]byte{
		"garbage":                  []byte("garbage"),
		"of a frame that waits":    wire.Control{Answer: wire.Stored, Number: 3}.Append(nil),
		"a frame that waits later": wire.Control{Answer: wire.Later, Number: 3}.Append(nil),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newReceiver(t, func(n int, c *call) error {
					c.hello(0)
					if n > 0 {
						return storing(c)
					}
					time.Sleep(time.Second)
					c.bytes(answer)
					return silent(c)
				})
				c := New(r.options())
				begin := time.Now()
				require.NoError(t, c.Send(t.Context(), bulky{from(1, 3), func(int) int { return 200 << 10 }}))
				require.LessOrEqual(t, time.Since(begin), 2*time.Second)
				shutdown(t, c)
				require.EqualValues(t, 3, c.Stats().Resent)
			})
		})
	}
}

// TestSendingMoreDoesNotMakeUpForNoAnswer to what was sent first.
func TestSendingMoreDoesNotMakeUpForNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(n int, c *call) error {
			c.hello(0)
			if n > 0 {
				return storing(c)
			}
			for _, more := c.next(); more; _, more = c.next() {
				continue // and say nothing
			}
			return nil
		})
		c := New(r.options())
		begin := time.Now()
		first := start(t.Context(), c, from(1, 1))
		for i := range uint64(100) {
			start(t.Context(), c, from(10+i, 1))
			time.Sleep(time.Second)
		}
		require.NoError(t, <-first)
		shutdown(t, c)
		require.Len(t, r.streams(), 2)
		require.GreaterOrEqual(t, r.streams()[1].at.Sub(begin), 30*time.Second)
		require.LessOrEqual(t, r.streams()[1].at.Sub(begin), 31*time.Second)
	})
}

// TestAnswersOneByOneAreProgress: 50 frames of 20 s each do not end a stream
// that gives each of them 30 s.
func TestAnswersOneByOneAreProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				time.Sleep(20 * time.Second)
				c.stored(f.number)
			}
			return nil
		})
		c := New(r.options())
		var all []<-chan error
		for i := range uint64(50) {
			all = append(all, start(t.Context(), c, from(i, 1)))
		}
		for _, sent := range all {
			require.NoError(t, <-sent)
		}
		shutdown(t, c)
		require.Len(t, r.streams(), 1)
	})
}

func TestAnswersOfUnknownKindsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unknown := wire.Control{Answer: 200, Number: 3}
		r := newReceiver(t, func(_ int, c *call) error {
			c.answer(unknown)
			c.hello(0)
			c.answer(unknown)
			f, _ := c.next()
			c.answer(unknown)
			c.stored(f.number)
			return storing(c)
		})
		c := New(r.options())
		require.NoError(t, c.Send(t.Context(), from(1, 4)))
		shutdown(t, c)
		require.EqualValues(t, 1, c.Stats().Streams)
	})
}

func TestWhatIsRefusedComesOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told, c, later := lasting(t, answering(func(c *call, n uint64) {
			c.answer(wire.Control{Answer: wire.Refused, Number: n, Code: wire.CodeChecksum, Why: "bits fell over"})
		}))
		require.Len(t, told, 1)
		require.EqualError(t, told[0], "stream was lost: receiver refused a frame: checksum: bits fell over")
		require.Equal(t, []received{{number: 2, spans: from(1, 4)}}, later)
		require.Equal(t, map[wire.Code]uint64{wire.CodeChecksum: 1}, c.Stats().Refused)
	})
}

// TestWhatIsRefusedTwiceIsLost also where the receiver could not read the number.
func TestWhatIsRefusedTwiceIsLost(t *testing.T) {
	for _, code := range []wire.Code{wire.CodeMalformed, wire.CodeVersion} {
		for _, number := range []uint64{0, 1} {
			synctest.Test(t, func(t *testing.T) {
				var sets []spans
				r := newReceiver(t, func(_ int, c *call) error {
					c.hello(0)
					for {
						f, more := c.next()
						if !more {
							return nil
						}
						sets = append(sets, f.spans)
						if f.spans[0] == 1 {
							c.answer(wire.Control{Answer: wire.Refused, Number: f.number * number, Code: code, Why: "what is that?"})
							return status.Error(codes.InvalidArgument, "refused")
						}
						c.stored(f.number)
					}
				})
				c := New(r.options())
				err := c.Send(t.Context(), from(1, 2))
				require.Equal(t, []int{0, 1}, lostOf(t, err).Rejected)
				require.ErrorContains(t, err, code.String()+": what is that?")
				require.Equal(t, code == wire.CodeVersion, strings.Contains(err.Error(), "older or newer than this sender"))
				require.NoError(t, c.Send(t.Context(), from(7, 2)))
				shutdown(t, c)
				require.Equal(t, []spans{from(1, 2), from(1, 2), from(7, 2)}, sets)
				require.EqualValues(t, 2, c.Stats().Rejected)
				require.EqualValues(t, 2, c.Stats().Refused[code])
			})
		}
	}
}

// TestReceiversOfAnotherKind have gRPC, and not our method.
func TestReceiversOfAnotherKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		var told []error
		var at []time.Time
		o := r.options()
		o.Report = func(err error) { told, at = append(told, err), append(at, time.Now()) }
		c := New(o)
		a := start(t.Context(), c, from(1, 2))
		time.Sleep(2 * time.Minute)
		waits(t, a)
		c.abort()
		require.ErrorIs(t, <-a, ErrShutdown)
		synctest.Wait()
		require.EqualError(t, told[0], "passthrough:///receiver does not take the compact format: give the collector the compact receiver "+
			"at this endpoint (port 4319), or send it OTLP (SDKs: OTEL_TRACES_EXPORTER=otlp; collectors: exporter otlp)")
		require.Equal(t, codes.Unimplemented, status.Code(told[0]))
		for i := range at[1:] {
			require.GreaterOrEqual(t, at[i+1].Sub(at[i]), o.MaxPause/2)
			require.LessOrEqual(t, at[i+1].Sub(at[i]), o.MaxPause)
		}
	})
}

// TestTheHelloTellsWhatArrived, though its answer did not.
func TestTheHelloTellsWhatArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []received
		r := newReceiver(t, func(n int, c *call) error {
			if n == 0 {
				c.hello(0)
				for range 3 {
					c.next()
				}
				return errors.New("cut")
			}
			c.hello(2)
			f, _ := c.next()
			got = append(got, f)
			c.stored(f.number)
			return storing(c)
		})
		c := New(r.options())
		a, b := start(t.Context(), c, from(1, 2)), start(t.Context(), c, from(3, 2))
		last := start(t.Context(), c, from(5, 2))
		require.NoError(t, <-a)
		require.NoError(t, <-b)
		require.NoError(t, <-last)
		shutdown(t, c)
		require.Equal(t, []received{{number: 4, spans: from(5, 2)}}, got)
		require.EqualValues(t, 2, c.Stats().Resent)
		require.Equal(t, r.streams()[0].sender, r.streams()[1].sender)
	})
}

// TestNumbersOfOldStreamsSayNothing: what a hello does not tell is sent anew, and
// has no number until then.
func TestNumbersOfOldStreamsSayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(n int, c *call) error {
			switch n {
			case 0:
				c.hello(0)
				c.next()
				return errors.New("cut")
			case 1: // it knows of nothing, and goes down at once
				c.hello(0)
				return errors.New("cut")
			case 2: // only now, of a frame that was given up
				c.hello(1)
			default:
				c.hello(0)
			}
			return storing(c)
		})
		c := New(r.options())
		require.NoError(t, c.Send(t.Context(), from(1, 2)))
		shutdown(t, c)
		require.Len(t, r.streams(), 3)
		require.EqualValues(t, 2, c.Stats().Spans)
		require.GreaterOrEqual(t, c.Stats().Resent, uint64(2), "they came again")
	})
}

func TestStreamsEndByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[uint64]int{}
		var ends []time.Time
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				time.Sleep(2 * time.Second) // answers are due when the sender leaves
				for _, s := range f.spans {
					seen[s]++
				}
				c.stored(f.number)
			}
			ends = append(ends, time.Now())
			return nil
		})
		o := r.options()
		o.MaxAge = 10 * time.Minute
		o.Report = func(err error) { t.Error(err) }
		c := New(o)
		const sends = 1000
		for i := range sends {
			require.NoError(t, c.Send(t.Context(), from(uint64(i), 1)))
			time.Sleep(time.Second)
		}
		shutdown(t, c)
		require.Len(t, seen, sends)
		require.Zero(t, c.Stats().Resent)
		calls := r.streams()
		require.GreaterOrEqual(t, len(calls), 5)
		for i := range calls[1:] {
			age := ends[i].Sub(calls[i].at)
			require.GreaterOrEqual(t, age, 9*time.Minute)
			require.LessOrEqual(t, age, 11*time.Minute+2*time.Second)
			require.LessOrEqual(t, calls[i+1].at.Sub(ends[i]), time.Second, "the next begins at once")
		}
	})
}

// TestStreamsThatEndByAgeDoNotWaitForEver for a receiver that does not end them.
func TestStreamsThatEndByAgeDoNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			_ = storing(c)
			return silent(c)
		})
		o := r.options()
		o.MaxAge = 10 * time.Second
		o.Report = func(err error) { t.Error(err) }
		c := New(o)
		require.NoError(t, c.Send(t.Context(), from(1, 1)))
		time.Sleep(9*time.Second - 1)
		require.True(t, c.Stats().Connected)
		time.Sleep(3*time.Second + 2)
		require.False(t, c.Stats().Connected, "there is nothing to connect for")
		require.NoError(t, c.Send(t.Context(), from(2, 1)))
		require.Len(t, r.streams(), 2)
		begin := time.Now()
		shutdown(t, c)
		require.Equal(t, time.Second, time.Since(begin))
	})
}

func TestIdleStreamsLetGoOfWhatTheyLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []received
		var at []time.Duration
		begin := time.Now()
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for f, more := c.next(); more; f, more = c.next() {
				got, at = append(got, f), append(at, time.Since(begin))
				c.stored(f.number)
			}
			return nil
		})
		o := r.options()
		o.Idle = time.Minute
		c := New(o)
		require.NoError(t, c.Send(t.Context(), from(1, 500)))
		large := c.Stats().State
		time.Sleep(time.Hour)
		require.Less(t, c.Stats().State, large)
		require.NoError(t, c.Send(t.Context(), from(1000, 1)))
		time.Sleep(30 * time.Second)
		require.NoError(t, c.Send(t.Context(), from(2000, 1)))
		time.Sleep(time.Hour)
		shutdown(t, c)
		require.Equal(t, []received{
			{number: 1, spans: from(1, 500)},
			{number: 2},
			{number: 3, spans: from(1000, 1)},
			{number: 4, spans: from(2000, 1)},
			{number: 5},
		}, got)
		require.Equal(t, []time.Duration{0, time.Minute, time.Hour, time.Hour + 30*time.Second, time.Hour + 90*time.Second}, at)
		require.EqualValues(t, 4, c.Stats().Resets)
		require.EqualValues(t, 1, c.Stats().Streams)
	})
}

// TestNoGoroutineWithoutAStream: a bubble with a goroutine left in it would fail.
func TestNoGoroutineWithoutAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			f, _ := c.next()
			c.stored(f.number)
			return errors.New("cut")
		})
		c := New(r.options())
		require.NoError(t, c.Send(t.Context(), from(1, 1)))
		require.NoError(t, c.Send(t.Context(), from(2, 1)), "it comes back")
		synctest.Wait()
		require.False(t, c.Stats().Connected)
		require.EqualValues(t, 2, c.Stats().Streams)
	})
}

// TestThousandsDoNotComeBackAtOnce: senders whose stream was lost wait up to a
// third of MaxPause, those that never got one longer and longer.
func TestThousandsDoNotComeBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pauses []time.Duration
		for range 30 {
			r := newReceiver(t, func(n int, c *call) error {
				c.hello(0)
				f, _ := c.next()
				c.stored(f.number)
				if n == 0 {
					return errors.New("cut")
				}
				return storing(c)
			})
			c := New(r.options())
			require.NoError(t, c.Send(t.Context(), from(1, 1)))
			lost := time.Now()
			synctest.Wait()
			require.NoError(t, c.Send(t.Context(), from(2, 1)))
			pauses = append(pauses, time.Since(lost))
			shutdown(t, c)
		}
		least, most := pauses[0], pauses[0]
		for _, p := range pauses {
			least, most = min(least, p), max(most, p)
		}
		require.LessOrEqual(t, most, 5*time.Second)
		require.Greater(t, most-least, time.Second)
	})
}
