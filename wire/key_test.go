package wire

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValuesThatLeaveTheirRingAreLetGo(t *testing.T) {
	m, k := newModel(), &key{valueModel: &valueModel{}}
	first := k.add(m, StringValue("first"))
	held := m.held
	for i := range ringSize {
		k.add(m, StringValue(fmt.Sprintf("%5d", i)))
	}
	require.False(t, first.live(), "others may still name it")
	require.Empty(t, first.Text)
	require.Equal(t, held+(ringSize-1)*(ringHeld+5), m.held)
}

// TestFramesLetGoOfWhatIsNotKept: between frames a decoder holds what the
// dictionaries count, nothing else.
func TestFramesLetGoOfWhatIsNotKept(t *testing.T) {
	d, unkept := NewDecoder(), 0
	for _, frame := range encodeAll(t, spansOf(400)) {
		require.NoError(t, d.Decode(frame, &counted{}))
		for _, k := range d.m.keys {
			require.Zero(t, k.unkept)
			unkept += k.asked - len(k.ring)
		}
		require.Zero(t, d.m.loose)
		require.Nil(t, d.m.coded)
		require.Equal(t, make([]Value, cap(d.m.vars)), d.m.vars[:cap(d.m.vars)])
		require.Equal(t, make([]Record, cap(d.span.Parts)), d.span.Parts[:cap(d.span.Parts)])
	}
	require.Positive(t, unkept, "the test has values that are not kept")
}
