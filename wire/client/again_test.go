package client

import (
	"encoding/binary"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// twoTraces are two spans that fill a frame, a later one of their trace, and between
// them in time one of another trace.
type twoTraces struct{ bulky }

func (s twoTraces) Place(i int) (traceID [16]byte, start, end uint64) {
	traceID[0] = [...]byte{1, 1, 1, 2}[i]
	start = [...]uint64{10, 11, 30, 20}[i]
	return traceID, start, start + 1
}

func (s twoTraces) Span(i int, into *wire.SourceSpan) {
	s.bulky.Span(i, into)
	into.TraceID, into.Start, into.End = s.Place(i)
}

// inOrder are a frame's spans as they stand in it.
type inOrder struct{ numbers []uint64 }

func (o *inOrder) Span(s *wire.Span) {
	o.numbers = append(o.numbers, binary.BigEndian.Uint64(s.SpanID[:]))
}

func (o *inOrder) Interval(callgraph.Interval) {}

// TestWhatComesAgainHasItsOrder: receivers that have forgotten the sender know a
// request by its bytes.
func TestWhatComesAgainHasItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var came [2][][]uint64
		r := newReceiver(t, func(n int, c *call) error {
			c.hello(0)
			for {
				var m wrapperspb.BytesValue
				if err := c.RecvMsg(&m); err != nil {
					return err
				}
				var o inOrder
				require.NoError(t, c.decoder.Decode(m.Value, &o))
				came[n] = append(came[n], o.numbers)
				switch number, _ := binary.Uvarint(m.Value[2:]); {
				case n > 0:
					c.stored(number)
				case len(came[n]) == 2:
					return status.Error(codes.Unavailable, "the answers are lost")
				}
			}
		})
		c := New(r.options())
		fills := func(i int) int { return [...]int{600 << 10, 600 << 10, 1, 1}[i] }
		require.NoError(t, c.Send(t.Context(), twoTraces{bulky{from(1, 4), fills}}))
		shutdown(t, c)
		require.Equal(t, [][]uint64{{1, 2}, {3, 4}}, came[0])
		require.Equal(t, came[0], came[1])
	})
}

// TestWhatComesAgainStaysInItsFrame though an epoch that begins takes more bytes.
func TestWhatComesAgainStaysInItsFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var came [2][][]uint64
		r := newReceiver(t, func(n int, c *call) error {
			c.hello(0)
			for {
				var m wrapperspb.BytesValue
				if err := c.RecvMsg(&m); err != nil {
					return err
				}
				var o inOrder
				require.NoError(t, c.decoder.Decode(m.Value, &o))
				number, _ := binary.Uvarint(m.Value[2:])
				if n == 0 && number == 1 {
					c.stored(1)
					continue
				}
				came[n] = append(came[n], o.numbers)
				switch {
				case n > 0:
					c.stored(number)
				case len(came[n]) == 2:
					return status.Error(codes.Unavailable, "the answers are lost")
				}
			}
		})
		c := New(r.options())
		few := func(int) int { return 500 }
		require.NoError(t, c.Send(t.Context(), bulky{from(1, 250), few}))
		many := from(1, 250)
		require.NoError(t, c.Send(t.Context(), bulky{append(many, from(1000, 3000)...), few}))
		shutdown(t, c)
		require.Len(t, came[0], 2)
		require.Equal(t, came[0], came[1])
	})
}
