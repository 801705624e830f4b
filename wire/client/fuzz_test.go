package client

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/wire"
)

// messages cuts fuzzed bytes into messages, each after its length. From 128 on
// it is a control frame's content, without version and checksum; otherwise the
// message as it is.
func messages(data []byte) (all [][]byte) {
	for len(data) > 0 {
		n, sealed := int(data[0]&127), data[0] >= 128
		data = data[1:]
		n = min(n, len(data))
		m := data[:n]
		if data = data[n:]; sealed {
			m = append([]byte{wire.Version}, m...)
			m = binary.LittleEndian.AppendUint32(m, crc32.Checksum(m, crc32.MakeTable(crc32.Castagnoli)))
		}
		all = append(all, m)
	}
	return all
}

// FuzzAnswers has a receiver say anything on two streams, and be itself again on
// the third: what is sent has an end by then, and the client goes on.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("\x82\x10\x00\x82\x10\x01"))                 // hello, stored
	f.Add([]byte("\x82\x10\x00\x83\x12\x01\x05\x82\x10\x02")) // hello, later, stored
	f.Add([]byte("\x82\x10\x00\x84\x11\x01\x06no"))           // hello, refused
	f.Add([]byte("\x82\x10\x00\x84\x13\x01no\x82\x63\x07"))   // hello, rejected, a kind that we don't know
	f.Add([]byte("\x82\x10\x07\x05HTTP/"))
	f.Add([]byte("\x82\x10\x00\x8c\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all := messages(data)
		synctest.Test(t, func(t *testing.T) {
			r := newReceiver(t, func(n int, c *call) error {
				if n > 1 {
					c.hello(0)
					return storing(c)
				}
				for _, m := range all {
					c.bytes(m)
				}
				_, _ = c.next()
				return errors.New("cut")
			})
			c := New(r.options())
			ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
			defer cancel()
			for i := range uint64(3) {
				err := c.Send(ctx, from(10*i, 3))
				var lost *LostError
				require.True(t, err == nil || errors.As(err, &lost), "%v", err)
			}
			shutdown(t, c)
			require.Zero(t, c.Stats().Unacknowledged)
		})
	})
}
