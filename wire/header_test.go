package wire

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func TestHeaders(t *testing.T) {
	e := NewEncoder()
	interval, err := e.EncodeInterval(callgraph.Interval{Instance: "i"})
	require.NoError(t, err)
	h, err := ParseHeader(interval.Bytes)
	require.NoError(t, err)
	require.Equal(t, Header{Interval: true, Number: 1, Reset: true, Coded: h.Coded, Raw: h.Raw}, h)
	require.Equal(t, len(interval.Bytes), 2+1+1+1+1+h.Coded+h.Raw+checksumSize)

	next, err := e.EncodeInterval(callgraph.Interval{Instance: "i"})
	require.NoError(t, err)
	h, err = ParseHeader(next.Bytes)
	require.NoError(t, err)
	require.False(t, h.Reset)
	require.Equal(t, uint64(2), h.Number)

	stored := Control{Answer: Stored, Number: 1}.Append(nil)
	require.True(t, IsControl(stored))
	require.False(t, IsControl(next.Bytes))
	require.False(t, IsControl(nil))
	var refused *Error
	_, err = ParseHeader(stored)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, CodeVersion, refused.Code)
	_, err = ParseHeader(next.Bytes[:5])
	require.ErrorAs(t, err, &refused)
	require.Equal(t, CodeTruncated, refused.Code)
}
