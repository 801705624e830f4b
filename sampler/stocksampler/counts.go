package stocksampler

import (
	"fmt"
	"sync/atomic"
)

// Counts are how many spans ended so, since the start. Their sum, Early left
// out, is that of all spans that ended.
type Counts struct {
	Kept      uint64 // whatever the rate: failed, slow …, and what their local traces had
	Sampled   uint64 // by the rate
	Late      uint64 // as the first of their kind in a storm, without a weight
	Discarded uint64

	// Early are spans that were decided before their local trace had ended, so
	// that a failure after them did not keep them.
	Early Early
}

// Early are spans that were decided before all was known, by reason.
type Early struct {
	Full    uint64 // their local trace had more than 64 spans
	Old     uint64 // they had waited for ten seconds
	Crowded uint64 // too many spans or local traces were held
	Flushed uint64 // ForceFlush or Shutdown asked for them
}

// String is one line for people.
func (c Counts) String() string {
	return fmt.Sprintf("%d kept, %d sampled, %d late, %d discarded; decided early: %d full, %d old, %d crowded, %d flushed",
		c.Kept, c.Sampled, c.Late, c.Discarded, c.Early.Full, c.Early.Old, c.Early.Crowded, c.Early.Flushed)
}

type counts struct {
	kept, sampled, late, discarded atomic.Uint64
	early                          [reasons]atomic.Uint64
}

// reason is why a span is decided now.
type reason int

const (
	ended reason = iota // nothing is early
	full
	old
	crowded
	flushed
	reasons
)

// Counts tells what became of the spans so far.
func (s *Stock) Counts() Counts {
	c := &s.counts
	return Counts{
		Kept: c.kept.Load(), Sampled: c.sampled.Load(), Late: c.late.Load(), Discarded: c.discarded.Load(),
		Early: Early{Full: c.early[full].Load(), Old: c.early[old].Load(), Crowded: c.early[crowded].Load(), Flushed: c.early[flushed].Load()},
	}
}
