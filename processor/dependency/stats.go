package dependency

import "github.com/jcallgraph/jcallgraph/callgraph/strength"

// Stats is what an Observer holds and has done so far.
type Stats struct {
	Spans  int // held now
	Locals int // local traces, or parts of them, held now
	Sites  int // known now
	// Pending is how many records Take has to hand out.
	Pending int

	Judged uint64 // local traces that gave evidence, or had no call to give it of
	// Passed are local traces that gave none, by reason: Incomplete, Unstated, Gone;
	// and calls of others that gave none: Aborted, Mixed, Biased, Crowded.
	Passed       [strength.Reasons]uint64
	Duplicates   uint64 // spans that had come before
	Evicted      uint64 // spans that went before their local trace was judged, for want of room
	SitesRefused uint64 // evidence of sites for which there was no room
	SitesEvicted uint64 // sites that went for others
}
