package wire

import "unsafe"

// size estimates the bytes of heap that the model holds, from counts that it
// keeps anyway.
func (m *model) size() int {
	if m == nil {
		return 0
	}
	const (
		perSpan  = int(unsafe.Sizeof(known{}))
		perGiven = int(unsafe.Sizeof(givenCell{}))
	)
	return int(unsafe.Sizeof(*m)) + int(m.held) + len(m.contexts.of)*contextHeld + m.traces.spans*perSpan + len(m.given.cells)*perGiven
}
