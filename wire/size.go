package wire

import "unsafe"

// size estimates the bytes of heap that the model holds, from counts that it
// keeps anyway.
func (m *model) size() int {
	if m == nil {
		return 0
	}
	const (
		perKey      = int(unsafe.Sizeof(key{}) + unsafe.Sizeof(valueModel{}))
		perSlot     = int(unsafe.Sizeof(slot{}))
		perTemplate = int(unsafe.Sizeof(Template{}) + unsafe.Sizeof(shape{}))
		perContext  = 2 * int(unsafe.Sizeof(successors{}))
		perSpan     = int(unsafe.Sizeof(known{}))
		perEntry    = int(unsafe.Sizeof(entry{}))
		perGiven    = int(unsafe.Sizeof(givenCell{}))
		perEdge     = int(unsafe.Sizeof(edge{}))
	)
	return int(unsafe.Sizeof(*m)) + int(m.kept) + len(m.keys)*perKey + m.slotTotal*perSlot + len(m.templates)*perTemplate +
		len(m.contexts)*perContext + m.traces.spans*perSpan + m.ringed*perEntry + len(m.given.cells)*perGiven + len(m.intervals.edges)*perEdge
}
