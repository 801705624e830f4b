package strength

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// ErrRecord is what every error of ParseRecord wraps.
var ErrRecord = errors.New("not a record of evidence")

// ParseRecord reads what Append wrote. It allocates no more than a small
// multiple of the bytes it is given.
func ParseRecord(b []byte) (Record, error) {
	switch {
	case len(b) == 0:
		return Record{}, fmt.Errorf("%w: empty", ErrRecord)
	case len(b) > MaxRecord:
		return Record{}, fmt.Errorf("%w: %d bytes, the limit is %d", ErrRecord, len(b), MaxRecord)
	case b[0] != version:
		return Record{}, fmt.Errorf("%w: version %d, known is %d", ErrRecord, b[0], version)
	}
	p := parser{left: b[1:]}
	r := p.record()
	if p.wrong == "" && len(p.left) > 0 {
		p.fail("bytes after it")
	}
	if p.wrong != "" {
		return Record{}, fmt.Errorf("%w: %s at byte %d", ErrRecord, p.wrong, len(b)-len(p.left))
	}
	return r, nil
}

// parser reads on until something is wrong, and then nothing but zeros.
type parser struct {
	left  []byte
	wrong string
}

func (p *parser) fail(wrong string) {
	if p.wrong == "" {
		p.wrong = wrong
	}
}

func (p *parser) record() (r Record) {
	r.Day = p.signed()
	r.Key.Site = callgraph.StaticID(p.fixed())
	r.Writer = p.fixed()
	r.Source = Source(p.below(uint64(Declared), "source"))
	r.Site.Caller = p.operation()
	r.Site.Callee = p.callee()
	r.Evidence = p.evidence()
	return r
}

func (p *parser) evidence() (e Evidence) {
	e.OK, e.Failed = p.tallies()
	e.ChainOK, e.ChainFailed = p.tallies()
	e.Prompted, e.PromptedFailed, e.PromptedAlike, e.Open = p.tally(), p.count(), p.count(), p.count()
	e.Calls, e.LocalTraces = p.count(), p.count()
	for r := range Reasons {
		e.Passed[r] = p.count()
	}
	e.First, e.Last = p.time(), p.time()
	e.Others = list(p, smallestOther, (*parser).other, compareOthers)
	e.Callees = list(p, smallestNamed, (*parser).named, compareNamed)
	e.Entrances = list(p, smallestEntrance, (*parser).entrance, compareEntrances)
	e.Examples = list(p, smallestExample, (*parser).example, compareExamples)
	return e
}

// The least bytes that one of a list takes, which bound how many there can be.
const (
	smallestOther    = 8 + 3 + 4 + 3 + 2
	smallestNamed    = 5 + 1
	smallestEntrance = 5 + 3
	smallestExample  = 16 + 8 + 1 + 1 + 1
)

// list reads a list, whose order is part of the form: each once, rising.
func list[T any](p *parser, smallest int, one func(*parser) T, compare func(a, b T) int) []T {
	n := p.count()
	if n == 0 {
		return nil
	}
	if n > uint64(len(p.left)/smallest) {
		p.fail("more in a list than there is room for")
		return nil
	}
	all := make([]T, n)
	for i := range all {
		all[i] = one(p)
		if i > 0 && p.wrong == "" && compare(all[i-1], all[i]) >= 0 {
			p.fail("a list out of order")
		}
	}
	return all
}

func (p *parser) other() (o Other) {
	o.ID = callgraph.StaticID(p.fixed())
	o.Callee = p.callee()
	o.Together, o.After, o.Open, o.OKAfter = p.count(), p.count(), p.count(), p.count()
	o.FailedAfter = p.byClass()
	o.FailedTogether = p.byClass()
	o.FailedToo = p.byClass()
	o.PromptedAfter, o.PromptedToo = p.count(), p.count()
	return o
}

func (p *parser) named() Named { return Named{Operation: p.operation(), Chains: p.count()} }

func (p *parser) entrance() Entrance {
	return Entrance{Operation: p.operation(), Chains: p.count(), Failed: p.count(), RootFailed: p.count()}
}

func (p *parser) example() (x Example) {
	copy(x.TraceID[:], p.take(len(x.TraceID)))
	copy(x.SpanID[:], p.take(len(x.SpanID)))
	x.At = p.time()
	x.Class = Class(p.below(uint64(Classes), "class"))
	x.Went = p.below(2, "truth") == 1
	return x
}

func (p *parser) tallies() (ok Tally, failed [Classes]Tally) {
	ok = p.tally()
	set := p.classes()
	for c := range failed {
		if set>>c&1 != 0 {
			failed[c] = p.tally()
		}
	}
	return ok, failed
}

func (p *parser) tally() Tally {
	return Tally{Seen: p.count(), Went: p.count(), Survived: p.count(), WentAndFailed: p.count(), Beside: p.count(), BesideSurvived: p.count()}
}

func (p *parser) byClass() (counts [Classes]uint64) {
	set := p.classes()
	for c := range counts {
		if set>>c&1 != 0 {
			counts[c] = p.count()
		}
	}
	return counts
}

func (p *parser) classes() uint64 {
	set := p.count()
	if set >= 1<<Classes {
		p.fail("unknown classes")
		return 0
	}
	return set
}

func (p *parser) operation() (o callgraph.Operation) {
	o.Service.Environment, o.Service.Namespace, o.Service.Name = p.text(), p.text(), p.text()
	o.Name = p.text()
	o.Node = callgraph.Node(p.below(uint64(callgraph.Referred)+1, "node"))
	return o
}

func (p *parser) callee() Callee {
	return Callee{Peer: p.text(), Operation: p.text(), Connection: callgraph.Connection(p.below(uint64(callgraph.Database)+1, "connection"))}
}

func (p *parser) text() string {
	n := p.count()
	if n > callgraph.MaxNameLength {
		p.fail("a name too long")
		return ""
	}
	return string(p.take(int(n)))
}

// time is zero for 0: nothing is seen at the very epoch.
func (p *parser) time() time.Time {
	n := p.signed()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func (p *parser) count() uint64 {
	v, n := binary.Uvarint(p.left)
	if n <= 0 {
		p.fail("no number")
		return 0
	}
	p.left = p.left[n:]
	return v
}

func (p *parser) signed() int64 {
	v, n := binary.Varint(p.left)
	if n <= 0 {
		p.fail("no number")
		return 0
	}
	p.left = p.left[n:]
	return v
}

func (p *parser) below(bound uint64, what string) byte {
	b := p.take(1)
	if len(b) == 0 || uint64(b[0]) >= bound {
		p.fail("unknown " + what)
		return 0
	}
	return b[0]
}

func (p *parser) fixed() uint64 {
	b := p.take(8)
	if len(b) == 0 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// take is nil where there are not so many bytes left.
func (p *parser) take(n int) []byte {
	if p.wrong != "" || n > len(p.left) {
		p.fail("cut short")
		return nil
	}
	b := p.left[:n]
	p.left = p.left[n:]
	return b
}
