package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAForgottenTraceComesBackEmpty(t *testing.T) {
	m := &model{}
	m.decoding = true
	old := m.traces.add(m, [16]byte{1})
	m.traces.addSpan(old, known{id: [8]byte{1}})
	old.last = 7
	for m.traces.forget(); len(m.traces.list) <= maxTraces; {
		m.traces.add(m, [16]byte{})
	}
	m.traces.forget()
	serial := m.traces.serial
	again := m.traces.add(m, [16]byte{2})
	require.Same(t, old, again)
	require.Equal(t, trace{id: [16]byte{2}, serial: serial + 1, spans: []known{}}, *again)
	require.NotSame(t, old, m.traces.add(m, [16]byte{3}), "it is used by one trace only")
}

func TestLargeTracesAreLetGoOf(t *testing.T) {
	m := &model{}
	m.decoding = true
	old := m.traces.add(m, [16]byte{})
	for range usualSpans + 1 {
		m.traces.addSpan(old, known{})
	}
	for len(m.traces.list) <= maxTraces {
		m.traces.add(m, [16]byte{})
	}
	m.traces.forget()
	require.NotSame(t, old, m.traces.add(m, [16]byte{}))
}
