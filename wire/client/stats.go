package client

import (
	"maps"

	"github.com/jcallgraph/jcallgraph/wire"
)

// Stats counts what a Client did.
type Stats struct {
	Connected          bool
	Streams, Resets    uint64               // streams begun, epochs begun
	Frames, Bytes      uint64               // sent, those sent anew among them
	Spans, Intervals   uint64               // acknowledged
	Resent             uint64               // spans encoded anew
	TooLarge, Rejected uint64               // spans lost
	RejectedIntervals  uint64               // lost, those that no frame can hold among them
	Refused            map[wire.Code]uint64 // frames, by reason
	Later              uint64               // frames that the receiver put off
	Unacknowledged     uint64               // spans that a Send waits for now
	State              int                  // bytes that the encoder holds
}

func (l *ledger) stats() Stats {
	s := l.count
	s.Refused = maps.Clone(s.Refused)
	s.Unacknowledged = uint64(l.spans)
	return s
}
