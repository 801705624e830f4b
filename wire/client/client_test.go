package client

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpansAreDurableOnceSendReturns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var got []received
		r := newReceiver(t, func(_ int, c *call) error {
			c.hello(0)
			for {
				f, more := c.next()
				if !more {
					return nil
				}
				got = append(got, f)
				c.stored(f.number)
			}
		})
		c := New(r.options())
		require.NoError(t, c.Send(t.Context(), from(1, 100)))
		require.NoError(t, c.Send(t.Context(), from(200, 1)))
		shutdown(t, c)
		require.Equal(t, []received{{number: 1, spans: from(1, 100)}, {number: 2, spans: from(200, 1)}}, got)
		require.Len(t, r.streams(), 1)
		require.Regexp(t, "^[0-9a-f]{32}$", r.streams()[0].sender)
	})
}
