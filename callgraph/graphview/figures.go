package graphview

import "github.com/jcallgraph/jcallgraph/callgraph"

// Figures are what the cells of a window say of a link.
type Figures struct {
	// Outcomes are the calls by the outcome of the half that gives them: the
	// client's where the caller counts, else the server's.
	Outcomes [callgraph.Outcomes]uint64
	// Server are the calls by the outcome that their callee saw, as far as it did.
	Server [callgraph.Outcomes]uint64
	// Sum has all outcomes' sketches and counts; its key says nothing.
	Sum callgraph.Cell
}

// Count is calls and how many of them failed.
type Count struct{ Calls, Errors uint64 }

func (c Count) plus(o Count) Count  { return Count{c.Calls + o.Calls, c.Errors + o.Errors} }
func (c Count) minus(o Count) Count { return Count{c.Calls - o.Calls, c.Errors - o.Errors} }

// Count is the calls of all outcomes and of those that count as errors.
func (f *Figures) Count() Count {
	var c Count
	for o, n := range f.Outcomes {
		c.Calls += n
		if callgraph.Outcome(o).Failed() {
			c.Errors += n
		}
	}
	return c
}

// add adds a record, each of its server halves as a call where served says so.
func (f *Figures) add(r *record, u *unpacker, served bool) {
	if served {
		f.Outcomes[r.outcome] += r.served
	} else {
		f.Outcomes[r.outcome] += r.calls
	}
	f.Sum.Folded = f.Sum.Folded || r.folded
	before := f.Sum.Server.Count()
	u.addTo(&f.Sum, r.packed)
	f.Server[r.outcome] += f.Sum.Server.Count() - before
}
