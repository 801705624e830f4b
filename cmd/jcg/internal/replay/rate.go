package replay

import (
	"fmt"
	"strconv"
	"time"
)

// Rate decides when a request is due. The zero Rate sends as fast as it can.
type Rate struct {
	// Recorded keeps the time between records.
	Recorded bool
	// PerSecond, if above 0, is how many spans are sent in a second.
	PerSecond float64
}

// RateForms are the accepted forms of a Rate.
const RateForms = "recorded, max, or a number of spans per second above 0"

// ParseRate reads one of RateForms.
func ParseRate(s string) (Rate, error) {
	switch s {
	case "recorded":
		return Rate{Recorded: true}, nil
	case "max":
		return Rate{}, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n > 0) || n > 1e12 {
		return Rate{}, fmt.Errorf("want %s", RateForms)
	}
	return Rate{PerSecond: n}, nil
}

// String is the form that ParseRate reads.
func (r Rate) String() string {
	switch {
	case r.Recorded:
		return "recorded"
	case r.PerSecond > 0:
		return strconv.FormatFloat(r.PerSecond, 'g', -1, 64)
	}
	return "max"
}

// Due is how long after the start a request is due that follows sent spans and
// was recorded so long after the first.
func (r Rate) Due(sent int64, recorded time.Duration) time.Duration {
	switch {
	case r.Recorded:
		return max(recorded, 0)
	case r.PerSecond > 0:
		return time.Duration(float64(sent) / r.PerSecond * float64(time.Second))
	}
	return 0
}
