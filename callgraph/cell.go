package callgraph

import "time"

// Window is a half-open span of event time: From <= t < To.
type Window struct{ From, To time.Time }

// Contains reports whether t lies in the window.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Bucket is a span of event time, aligned to its width.
type Bucket struct {
	Start int64  // Unix seconds
	Width uint32 // seconds: 10, 60 or 3600
}

// Widths of buckets, in seconds: hot cells, and what they are rolled up to.
const (
	HotWidth    = 10
	MinuteWidth = 60
	HourWidth   = 3600
)

// BucketAt is the bucket of the given width, in seconds, that holds t.
func BucketAt(t time.Time, width uint32) Bucket {
	s, w := t.Unix(), int64(width)
	r := s % w
	if r < 0 {
		r += w
	}
	return Bucket{Start: s - r, Width: width}
}

// Window is the time that the bucket covers.
func (b Bucket) Window() Window {
	from := time.Unix(b.Start, 0).UTC()
	return Window{From: from, To: from.Add(time.Duration(b.Width) * time.Second)}
}

// Source says who counted.
type Source uint8

const (
	// Derived cells were counted by a collector from spans.
	Derived Source = iota
	// Counted cells were counted by SDKs, every call before sampling.
	Counted
)

// String is the value that metrics carry.
func (s Source) String() string {
	if s == Counted {
		return "sdk"
	}
	return "derived"
}

// Writer is whose counts a cell holds. A writer survives restarts.
type Writer struct {
	ID     uint64 // a collector's, kept in its store; or a partition's
	Source Source
}

// CellKey says which calls a cell counts and who counted them. A bucket that
// gets calls again after it was final is opened again: such cells have another
// Opened, and readers add them up.
type CellKey struct {
	Edge    Edge
	Outcome Outcome // each half counts under its own outcome
	Bucket  Bucket
	Writer  Writer
	Opened  int64 // Unix seconds of arrival at which the writer opened the bucket
}

// Cell is one edge's counts in one bucket. Counts are absolute: of two cells
// with the same key, the one with the greater Sequence holds, the other is
// as if it had never been.
type Cell struct {
	CellKey
	Sequence uint64
	Client   Sketch // client_seconds of the calls whose client half had this outcome
	Server   Sketch // server_seconds of the calls whose server half had this outcome
	Queue    Sketch // seconds that messages waited
	// ServerOnly is how many of Server's calls had no client half: an edge's
	// calls are the client half where the caller counts, else the server half.
	ServerOnly uint64
	// Provisional is how many of Client's calls may still be taken back.
	Provisional uint64
	// WeightUnknown is how many calls have a weight of 1 that was assumed.
	WeightUnknown uint64
	// Folded cells hold calls of several operations: a bound was met.
	Folded bool
	// Closed is 0 while the bucket is open; a final cell, which is not written
	// again under its key, has the arrival (Unix seconds) of its bucket's last call.
	Closed int64
}

// Calls is how many calls the cell counts: those of the client half, and those
// that only the callee saw.
func (c *Cell) Calls() uint64 { return c.Client.Count() + c.ServerOnly }
