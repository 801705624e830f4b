package wire

import "unsafe"

// size estimates the bytes of heap that the model holds, from counts that it
// keeps anyway: dictionaries count for the most that they may take.
func (m *model) size() int {
	if m == nil {
		return 0
	}
	const (
		perSpan  = 3 * int(unsafe.Sizeof(known{})) / 2
		perTrace = int(unsafe.Sizeof(trace{})) + 32
		perGiven = int(unsafe.Sizeof(givenCell{}))
	)
	return int(unsafe.Sizeof(*m)) + 3*int(m.held)/4 + len(m.contexts.of)*contextHeld +
		m.traces.spans*perSpan + len(m.traces.list)*perTrace + len(m.given.cells)*perGiven
}
