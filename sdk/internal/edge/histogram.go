package edge

import (
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Octaves of durations: 1 ns lies in the lowest, 2^63 ns in the highest.
const (
	lowestOctave = -30
	octaves      = 64
	octaveBins   = 1 << callgraph.SketchScale
)

// histogram is a callgraph.Sketch in the making: constant time for each
// duration, and room only for the octaves that were touched. How many it holds is
// the sum of its bins and no counter of its own.
type histogram struct {
	zero   uint64
	nanos  uint64
	where  [octaves]uint8 // index in blocks plus 1
	blocks [][octaveBins]uint64
}

func (h *histogram) add(d time.Duration) {
	if d <= 0 {
		h.zero++
		return
	}
	h.nanos += uint64(d)
	bin := callgraph.BinIndex(d)
	octave := (bin>>callgraph.SketchScale - lowestOctave) & (octaves - 1)
	at := h.where[octave]
	if at == 0 {
		h.blocks = append(h.blocks, [octaveBins]uint64{})
		at = uint8(len(h.blocks))
		h.where[octave] = at
	}
	h.blocks[at-1][bin&(octaveBins-1)]++
}

func (h *histogram) sketch() callgraph.Sketch {
	s := callgraph.Sketch{Zero: h.zero, Nanos: h.nanos}
	for octave, at := range h.where {
		if at == 0 {
			continue
		}
		first := int32(octave+lowestOctave) << callgraph.SketchScale
		for i, n := range h.blocks[at-1] {
			if n > 0 {
				s.Bins = append(s.Bins, callgraph.Bin{Index: first + int32(i), Count: n})
			}
		}
	}
	return s
}
