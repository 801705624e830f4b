package client

import (
	"fmt"
	"strings"
)

// maxWhy is how many bytes of a receiver's text are kept.
const maxWhy = 512

// LostError says that a receiver will never store some spans, or an interval.
type LostError struct {
	TooLarge []int // spans that no frame can hold, rising
	Rejected []int // spans that the receiver rejected, or could not read twice, rising
	Interval bool  // it was an interval
	Why      string
}

func (e *LostError) Error() string {
	if e.Interval {
		return "interval is lost: " + e.Why
	}
	return fmt.Sprintf("%d spans are lost, %d of them too large for a frame: %s",
		len(e.TooLarge)+len(e.Rejected), len(e.TooLarge), e.Why)
}

func (e *LostError) empty() bool { return len(e.TooLarge)+len(e.Rejected) == 0 && !e.Interval }

// because keeps the first reason; those that follow are counted, not told.
func (e *LostError) because(why string) {
	if e.Why == "" {
		e.Why = strings.ToValidUTF8(why[:min(len(why), maxWhy)], "?")
	}
}
