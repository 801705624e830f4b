package graphview

import "github.com/jcallgraph/jcallgraph/callgraph"

// reading is a view in a period, for one answer. What its sites come to is added
// up once.
type reading struct {
	*View
	period period
	sites  map[uint32]*siteSum
	folded map[uint32][]Count // by service: what is left of its folded edges
}

// siteSum is what the halves of a site come to.
type siteSum struct {
	clients Count   // client halves
	left    []Count // of each client edge: what no server half answered
	excess  uint64  // server halves whose client half was not found
	// answered are the server halves that were looked for, by calling operation.
	answered map[uint32]uint64
}

// count adds up a link's calls without their latencies.
func (r *reading) count(l *link) (c Count) {
	if !l.joined { // as most are, and then edges need not be looked at
		for e := range l.edges {
			c = c.plus(r.histories[e].count(r.period))
		}
		return c
	}
	for e := range l.edges {
		c = c.plus(r.calls(e))
	}
	return c
}

// calls are those that the edge adds to its link.
func (r *reading) calls(id uint32) Count {
	e := &r.topology.edges[id]
	switch e.role {
	case client:
		if s := &r.topology.sites[e.site]; s.several && len(s.servers) > 0 {
			return r.left(id, e)
		}
	case folded:
		return r.leftOfFolded(id, e)
	case server, apart:
		if r.served(e) {
			return r.histories[id].served(r.period)
		}
	}
	return r.histories[id].count(r.period)
}

// served reports whether each server half of the edge is a call, and not only
// those whose client half nobody counts.
func (r *reading) served(e *edge) bool {
	switch e.role {
	case apart: // folded references refer to nobody, and their client halves count
		return r.topology.references[e.caller] != (callgraph.Reference{})
	case server:
		return r.topology.sites[e.site].several || r.site(e.site).clients.Calls == 0
	}
	return false
}

func (r *reading) left(id uint32, e *edge) Count {
	for i, c := range r.topology.sites[e.site].clients {
		if c == id {
			return r.site(e.site).left[i]
		}
	}
	return Count{}
}

func (r *reading) site(id uint32) *siteSum {
	if sum := r.sites[id]; sum != nil {
		return sum
	}
	if r.sites == nil {
		r.sites = map[uint32]*siteSum{}
	}
	sum := r.addUp(&r.topology.sites[id])
	r.sites[id] = sum
	return sum
}

func (r *reading) addUp(s *site) *siteSum {
	sum := &siteSum{left: make([]Count, len(s.clients))}
	for i, id := range s.clients {
		sum.left[i] = r.histories[id].count(r.period)
		sum.clients = sum.clients.plus(sum.left[i])
	}
	if !s.several && sum.clients.Calls > 0 {
		return sum
	}
	sum.answered = r.answered(s)
	for i, id := range s.clients {
		caller := r.topology.edges[id].caller
		sum.left[i], sum.answered[caller] = sum.left[i].less(sum.answered[caller])
	}
	for _, n := range sum.answered {
		sum.excess += n
	}
	for i := range sum.left {
		sum.left[i], sum.excess = sum.left[i].less(sum.excess)
	}
	return sum
}

// answered are a site's server halves, but those whose client half nobody
// counts, by calling operation.
func (r *reading) answered(s *site) map[uint32]uint64 {
	by := make(map[uint32]uint64, len(s.clients))
	for _, id := range s.servers {
		h := &r.histories[id]
		halves, alone := h.served(r.period).Calls, h.count(r.period).Calls
		caller := r.topology.operations.links[r.topology.edges[id].shown].caller
		by[caller] += halves - min(halves, alone)
	}
	return by
}

// leftOfFolded is the edge's calls but those whose server half found no client
// half at its site: that was folded.
func (r *reading) leftOfFolded(id uint32, e *edge) Count {
	service := r.topology.serviceOf[e.caller]
	edges := r.topology.folded[service]
	left, known := r.folded[service]
	if !known {
		left = r.addUpFolded(service, edges)
	}
	for i, f := range edges {
		if f == id {
			return left[i]
		}
	}
	return Count{}
}

func (r *reading) addUpFolded(service uint32, edges []uint32) []Count {
	var excess uint64
	for id := range r.topology.sites {
		if len(r.topology.sites[id].servers) > 0 {
			excess += r.excessOf(service, uint32(id))
		}
	}
	left := make([]Count, len(edges))
	for i, id := range edges {
		left[i], excess = r.histories[id].count(r.period).less(excess)
	}
	if r.folded == nil {
		r.folded = map[uint32][]Count{}
	}
	r.folded[service] = left
	return left
}

// excessOf is a site's part for a service: all of it where that is known to
// call there, else what its operations are referred to by.
func (r *reading) excessOf(service, id uint32) (n uint64) {
	s := &r.topology.sites[id]
	if s.service == service {
		return r.site(id).excess
	}
	if s.service == noLink {
		for caller, answered := range r.site(id).answered {
			if r.topology.serviceOf[caller] == service {
				n += answered
			}
		}
	}
	return n
}

// less takes calls that were answered off, first those that did not fail: who saw
// no answer failed. What could not be taken off is over.
func (c Count) less(answered uint64) (left Count, over uint64) {
	fine := c.Calls - c.Errors
	taken := min(fine, answered)
	failed := min(c.Errors, answered-taken)
	return c.minus(Count{taken + failed, failed}), answered - taken - failed
}

func (r *reading) figures(l *link) Figures {
	var f Figures
	var u unpacker
	for e := range l.edges {
		r.addFigures(&f, &u, e)
	}
	return f
}

func (r *reading) addFigures(f *Figures, u *unpacker, id uint32) {
	e := &r.topology.edges[id]
	served := r.served(e)
	records := r.histories[id].within(r.period)
	if e.role == client || e.role == folded {
		whole, left := r.histories[id].count(r.period), r.calls(id)
		if whole != left {
			var own Figures
			for i := range records {
				own.add(&records[i], u, false)
			}
			own.keep(left)
			f.merge(&own)
			return
		}
	}
	for i := range records {
		f.add(&records[i], u, served)
	}
}

// keepFirst are the outcomes that calls without an answer have, the likeliest first.
var keepFirst = [...]callgraph.Outcome{
	callgraph.Timeout, callgraph.Error, callgraph.Rejected, callgraph.Cancelled, callgraph.SoftError, callgraph.OK,
}

// keep leaves so many of the calls. Which latencies were theirs is not known.
func (f *Figures) keep(left Count) {
	fine := left.Calls - left.Errors
	for _, o := range keepFirst {
		rest := &fine
		if o.Failed() {
			rest = &left.Errors
		}
		f.Outcomes[o] = min(f.Outcomes[o], *rest)
		*rest -= f.Outcomes[o]
	}
	f.Sum.Client = callgraph.Sketch{}
	f.Sum.Provisional, f.Sum.WeightUnknown = min(f.Sum.Provisional, left.Calls), min(f.Sum.WeightUnknown, left.Calls)
}

// merge adds all that o has.
func (f *Figures) merge(o *Figures) {
	for i := range o.Outcomes {
		f.Outcomes[i] += o.Outcomes[i]
		f.Server[i] += o.Server[i]
	}
	f.Sum.Add(&o.Sum)
}

// answers is how many server halves a link has, whoever counts the calls.
func (r *reading) answers(l *link) (n uint64) {
	for e := range l.edges {
		n += r.histories[e].served(r.period).Calls
	}
	return n
}
