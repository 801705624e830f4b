package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// ErrForgotten says that an interval is so old that its mark is not kept any
// more: whether it was counted is not known. Sending it again does not help.
var ErrForgotten = errors.New("interval is too old to be known")

// IntervalWriter takes the counts of SDKs in. Implementations are safe for
// concurrent use.
type IntervalWriter interface {
	// WriteInterval returns nil only once the interval is durable: its counts,
	// added to the cells of the store's own writer under their CountedKey, and its
	// mark, in one atomic write. Sequences of the cells rise. A number of the
	// instance that was seen before, or is being written by another call right now,
	// is repeated: nothing changes, and all of it is durable already. The store
	// knows it after a restart, too. Numbers may come in any order within
	// IntervalWindow; those below it fail with ErrForgotten. Marks are kept for
	// as long as cells are after the instance was last heard of. After an
	// error either all or nothing was written, and the same interval may be
	// written again. The interval belongs to the caller.
	WriteInterval(ctx context.Context, in callgraph.Interval) (repeated bool, err error)
}

// IntervalWindow is how many of an instance's newest numbers are known.
const IntervalWindow = 64

// Marks are the numbers of an instance's intervals that were written.
type Marks struct {
	Newest uint64
	Bits   uint64 // the nth is set where Newest - n was written
}

// Has reports whether a number was written; it fails with ErrForgotten where that
// is not known.
func (m Marks) Has(number uint64) (bool, error) {
	if number > m.Newest {
		return false, nil
	}
	age := m.Newest - number
	if age >= IntervalWindow {
		return false, ErrForgotten
	}
	return m.Bits>>age&1 == 1, nil
}

// With is m and one number more, which Has knows.
func (m Marks) With(number uint64) Marks {
	if number > m.Newest {
		return Marks{Newest: number, Bits: m.Bits<<(number-m.Newest) | 1} // a shift beyond 63 leaves nothing
	}
	m.Bits |= 1 << (m.Newest - number)
	return m
}

// CountedOpen is for how long the cells that a store adds intervals up in are
// open, in seconds of arrival.
const CountedOpen = 15 * 60

// CountedKey is the key under which a store keeps a cell of an interval: that of
// its own writer, opened with the quarter of an hour of arrival. So it is final
// when that is over, and nothing has to be written to make it so.
func CountedKey(k callgraph.CellKey, writerID uint64, arrival time.Time) callgraph.CellKey {
	k.Writer = callgraph.Writer{ID: writerID, Source: callgraph.Counted}
	k.Opened = arrival.Unix() / CountedOpen * CountedOpen
	return k
}
