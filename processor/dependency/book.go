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
	due     int    // of pending, the first ones, that turn hands out
	turn    uint64 // of takeDue last
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
	told   told
	used   bool // since the hand came by
	gone   bool
}

// told is how much of a day was handed out.
type told struct{ day, seen, failed int64 }

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

// Turns is in how many turns each site has one: a busy one is handed out in each
// Turns-th only.
const Turns = 5

// takeDue hands out what is due in a turn: each site's own turn comes once in
// Turns, so that about as many are handed out in each. Before that goes what
// changes what is known of a site by a tenth.
func (b *book) takeDue(limit int, turn uint64) []strength.Record {
	if b.turn != turn {
		b.turn, b.due = turn, b.choose(turn)
	}
	return b.take(min(limit, b.due))
}

// choose moves what is due to the front.
func (b *book) choose(turn uint64) (due int) {
	for i, n := range b.pending {
		if uint64(n.of.id)%Turns == turn%Turns || n.matters() {
			b.pending[i], b.pending[due] = b.pending[due], n
			due++
		}
	}
	return due
}

// matters says whether a note has a tenth of what its site was told of this day,
// of what was seen or of failures, or is of another day or source.
func (n *entry) matters() bool {
	t := n.of.told
	if n.record.Day != t.day || n.record.Source != strength.Observed {
		return true
	}
	return 10*n.seen() >= t.seen || 10*n.failures() > t.failed
}

func (n *entry) seen() int64 {
	sum := n.record.Evidence.Calls
	for _, passed := range n.record.Evidence.Passed {
		sum += passed
	}
	return int64(sum)
}

func (n *entry) failures() (sum int64) {
	for _, t := range n.record.Evidence.Failed {
		sum += int64(t.Seen)
	}
	return sum
}

func (b *book) take(limit int) []strength.Record {
	limit = min(max(limit, 0), len(b.pending))
	b.due = max(b.due-limit, 0)
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
	if n.record.Source == strength.Observed {
		if n.of.told.day != n.record.Day {
			n.of.told = told{day: n.record.Day}
		}
		n.of.told.seen += n.seen()
		n.of.told.failed += n.failures()
	}
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
