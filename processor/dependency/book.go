package dependency

import (
	"cmp"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// book is what is known by call site.
type book struct {
	bound   int
	sites   map[pair]*site // by held names, quickly
	byID    map[callgraph.StaticID]*site
	all     []*site // in no order
	hand    int     // in all, of the clock that evicts
	pending []*entry
	refused uint64
	evicted uint64
}

type pair struct {
	from *operation
	to   *callee
}

// site is a call site. others are the sites of the same caller that were seen
// beside it, those beyond OthersKept left out: the same in all of its notes, so
// that what is told of one of them is all there was.
type site struct {
	id     callgraph.StaticID
	names  strength.Site
	others []*site
	notes  []*entry
	used   bool // since the hand came by
	gone   bool
}

// entry is a record to be: others are in the order of the site's.
type entry struct {
	of     *site
	record strength.Record
}

func newBook(bound int) *book {
	return &book{bound: bound, sites: map[pair]*site{}, byID: map[callgraph.StaticID]*site{}}
}

// site is nil where there is no room.
func (b *book) site(from *operation, to *callee) *site {
	p := pair{from, to}
	if s := b.sites[p]; s != nil && !s.gone {
		s.used = true
		return s
	}
	names := strength.Site{Caller: from.Operation, Callee: to.Callee}
	id := names.ID()
	s := b.byID[id]
	if s == nil {
		if len(b.all) >= b.bound && !b.evict() {
			b.refused++
			return nil
		}
		s = &site{id: id, names: names}
		b.byID[id] = s
		b.all = append(b.all, s)
	}
	s.used = true
	s.names.Callee.Connection = max(s.names.Callee.Connection, to.Connection) // a span of a failed call may not name it
	if len(b.sites) >= 2*b.bound {
		clear(b.sites)
	}
	b.sites[p] = s
	return s
}

// handSteps is how many sites are looked at for one that can go.
const handSteps = 32

// evict lets a site go that was not used lately and has nothing to hand out.
func (b *book) evict() bool {
	for range min(2*len(b.all), handSteps) {
		b.hand = (b.hand + 1) % len(b.all)
		s := b.all[b.hand]
		if len(s.notes) > 0 || s.used {
			s.used = false
			continue
		}
		last := len(b.all) - 1
		b.all[b.hand], b.all[last] = b.all[last], nil
		b.all = b.all[:last]
		delete(b.byID, s.id)
		s.gone, s.others = true, nil
		b.evicted++
		return true
	}
	return false
}

// maxNotes is of how many days and sources a site has evidence to hand out.
const maxNotes = 64

// note is where evidence of a site goes, of a day and a source. It is nil where
// too much waits to be taken.
func (b *book) note(s *site, day int64, source strength.Source) *entry {
	for _, n := range s.notes {
		if n.record.Day == day && n.record.Source == source {
			return n
		}
	}
	if len(b.pending) >= 2*b.bound || len(s.notes) >= maxNotes {
		b.refused++
		return nil
	}
	n := &entry{of: s}
	n.record.Key = strength.Key{Day: day, Site: s.id, Source: source}
	s.notes = append(s.notes, n)
	b.pending = append(b.pending, n)
	return n
}

// other is where the note has another site; nil, and counted, where the site
// has enough of them.
func (n *entry) other(t *site) *strength.Other {
	i := slices.IndexFunc(n.of.others, func(o *site) bool { return o == t || o.id == t.id })
	if i < 0 {
		if len(n.of.others) >= strength.OthersKept {
			n.record.Evidence.Passed[strength.Crowded]++
			return nil
		}
		i = len(n.of.others)
		n.of.others = append(n.of.others, t)
	}
	e := &n.record.Evidence
	for len(e.Others) <= i {
		o := n.of.others[len(e.Others)]
		e.Others = append(e.Others, strength.Other{ID: o.id})
	}
	return &e.Others[i]
}

func (b *book) take(limit int) []strength.Record {
	limit = min(max(limit, 0), len(b.pending))
	records := make([]strength.Record, 0, limit)
	for _, n := range b.pending[:limit] {
		records = append(records, n.finish())
	}
	b.pending = slices.Delete(b.pending, 0, limit)
	return records
}

// finish makes the note a record and takes it from its site.
func (n *entry) finish() strength.Record {
	n.of.notes = slices.DeleteFunc(n.of.notes, func(o *entry) bool { return o == n })
	n.record.Site = n.of.names
	e := &n.record.Evidence
	for i := range e.Others {
		e.Others[i].Callee = n.of.others[i].names.Callee
	}
	none := strength.Other{}
	e.Others = slices.DeleteFunc(e.Others, func(o strength.Other) bool {
		none.ID, none.Callee = o.ID, o.Callee
		return o == none
	})
	slices.SortFunc(e.Others, func(a, b strength.Other) int { return cmp.Compare(a.ID, b.ID) })
	e.Merge(strength.Evidence{}) // puts the examples in their order
	return n.record
}
