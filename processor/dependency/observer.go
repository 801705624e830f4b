package dependency

import (
	"hash/maphash"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// Observer adds up evidence. It is safe for concurrent use.
type Observer struct {
	o       Options
	reader  reader
	scratch sync.Pool // of *[]seen

	mu             sync.Mutex
	locals         map[key]*locals
	oldest, newest *locals
	free           []*locals // for reuse
	touched        []*locals
	names          *names
	book           *book
	work           work
	today          int64               // the day that it is
	told           []localtrace.Judged // to be told of, outside of the lock
	stats          Stats
}

// New has seen nothing.
func New(o Options) *Observer {
	o = o.orDefaults()
	return &Observer{
		o: o, reader: reader{seed: maphash.MakeSeed(), injected: o.InjectedKeys},
		locals: map[key]*locals{}, names: newNames(o.MaxSites), book: newBook(o.MaxSites),
	}
}

// Add takes spans in that arrived now. It keeps nothing of td.
func (o *Observer) Add(td ptrace.Traces, now time.Time) {
	all, ok := o.scratch.Get().(*[]seen)
	if !ok {
		all = new([]seen)
	}
	*all = o.reader.read(td, (*all)[:0])
	o.tell(o.add(*all, now.UnixNano()))
	clear(*all) // its strings are td's
	o.scratch.Put(all)
}

func (o *Observer) add(all []seen, now int64) []localtrace.Judged {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.today = strength.DayOf(timeOf(now))
	var l *locals
	for i := range all {
		s := &all[i]
		if o.stats.Spans >= o.o.MaxSpans {
			o.evict()
		}
		if k := (key{s.trace, s.service.hash}); l == nil || l.gone || l.key != k {
			l = o.localsOf(k, now)
		}
		o.place(l, s)
	}
	for _, l := range o.touched {
		if l.touched = false; !l.gone {
			o.settle(l)
		}
	}
	o.touched = o.touched[:0]
	return o.toldNow()
}

func (o *Observer) toldNow() []localtrace.Judged {
	told := o.told
	o.told = nil
	return told
}

func (o *Observer) tell(told []localtrace.Judged) {
	for _, j := range told {
		o.o.Judged(j)
	}
}

func (o *Observer) place(l *locals, s *seen) {
	if len(l.spans) >= maxSpans {
		o.stats.Evicted++
		return
	}
	if l.find(s.id, s.kind) != noRoot {
		o.stats.Duplicates++
		return
	}
	if s.kind.Exit() {
		s.to = o.names.callee(s)
	}
	if s.root != nil {
		r := s.begins
		r.operation = o.names.operation(s, o.reader.seed)
		s.root = &r
	}
	l.add(s.span)
	o.stats.Spans++
	if !l.touched {
		l.touched = true
		o.touched = append(o.touched, l)
	}
}

// settle judges what has become whole.
func (o *Observer) settle(l *locals) {
	ready := len(l.roots) > 0 && int64(len(l.spans))-l.settled >= l.waits()
	if late := l.judged && len(l.loose) > 0; !ready && !late {
		return
	}
	l.link(func(i, r int32) {
		if l.spans[r].root.judged {
			o.late(l, i, r)
		}
	})
	pending := l.roots[:0]
	for _, r := range l.roots {
		if l.spans[r].root.whole() {
			o.take(l, r)
		} else {
			pending = append(pending, r)
		}
	}
	l.roots = pending
}

// close marks a root as judged; what arrives later finds it so.
func (l *locals) close(r int32) {
	root := l.spans[r].root
	root.judged, l.judged = true, true
	l.settled += root.members
}

// Expire lets go of what has waited for Options.Wait.
func (o *Observer) Expire(now time.Time) { o.tell(o.expire(now.UnixNano())) }

func (o *Observer) expire(now int64) []localtrace.Judged {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.today = strength.DayOf(timeOf(now))
	for l := o.oldest; l != nil && l.last+int64(o.o.Wait) <= now; l = o.oldest {
		if o.assume(l) {
			o.touch(l, now)
			continue
		}
		o.giveUp(l)
		o.remove(l)
	}
	return o.toldNow()
}

// assume takes for whole what does not say so, where that is wanted. What was
// judged then stays for as long again, to know what comes twice.
func (o *Observer) assume(l *locals) (judged bool) {
	if !o.o.AssumeComplete || len(l.roots) == 0 {
		return false
	}
	l.link(func(int32, int32) {})
	if len(l.loose) > 0 {
		return false
	}
	pending := l.roots[:0]
	for _, r := range l.roots {
		if l.spans[r].root.stated >= 0 {
			pending = append(pending, r)
			continue
		}
		o.take(l, r)
		judged = true
	}
	l.roots = pending
	return judged
}

// giveUp counts what was not judged.
func (o *Observer) giveUp(l *locals) {
	if len(l.roots) == 0 && !l.judged {
		o.stats.Passed[strength.Gone]++
		return
	}
	l.link(func(int32, int32) {})
	for _, r := range l.roots {
		why := strength.Incomplete
		if l.spans[r].root.stated < 0 && !o.o.AssumeComplete {
			why = strength.Unstated
		}
		o.pass(l, r, why)
	}
	l.roots = l.roots[:0]
}

// evict lets the oldest go.
func (o *Observer) evict() {
	l := o.oldest
	if l == nil {
		return
	}
	if left := int64(len(l.spans)) - l.settled; left > 0 && (len(l.roots) > 0 || !l.judged) {
		o.stats.Evicted += uint64(left)
		o.stats.Passed[strength.Gone]++
	}
	o.remove(l)
}

func (o *Observer) localsOf(k key, now int64) *locals {
	l := o.locals[k]
	if l == nil {
		l = o.spare()
		l.key, l.last = k, now
		o.locals[k] = l
		o.append(l)
		return l
	}
	o.touch(l, now)
	return l
}

func (o *Observer) touch(l *locals, now int64) {
	l.last = max(l.last, now)
	if l != o.newest {
		o.unlink(l)
		o.append(l)
	}
}

func (o *Observer) append(l *locals) {
	l.older, l.newer = o.newest, nil
	if o.newest != nil {
		o.newest.newer = l
	} else {
		o.oldest = l
	}
	o.newest = l
}

func (o *Observer) unlink(l *locals) {
	if l.older != nil {
		l.older.newer = l.newer
	} else {
		o.oldest = l.newer
	}
	if l.newer != nil {
		l.newer.older = l.older
	} else {
		o.newest = l.older
	}
}

// Of the locals that went some are kept for reuse, the small ones.
const (
	maxFree  = 1024
	freeRoom = 64
)

func (o *Observer) remove(l *locals) {
	o.stats.Spans -= len(l.spans)
	o.unlink(l)
	delete(o.locals, l.key)
	l.gone = true
	if !l.touched && len(o.free) < maxFree && cap(l.spans) <= freeRoom {
		o.free = append(o.free, l)
	}
}

func (o *Observer) spare() *locals {
	last := len(o.free) - 1
	if last < 0 {
		return &locals{spans: make([]span, 0, 4)}
	}
	l := o.free[last]
	o.free[last], o.free = nil, o.free[:last]
	clear(l.spans)
	*l = locals{spans: l.spans[:0], roots: l.roots[:0], loose: l.loose[:0]}
	return l
}

// Take returns up to limit records of what was noted since it was last taken,
// Writer 0: each is to be added to what is known. It is handed out once.
func (o *Observer) Take(limit int) []strength.Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.book.take(limit)
}

// TakeDue is Take of what is due in a turn; turns are numbered from 1. Busy sites
// are handed out in each Turns-th turn, others at once.
func (o *Observer) TakeDue(limit int, turn uint64) []strength.Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.book.takeDue(limit, turn)
}

// Stats says what is held and has been done.
func (o *Observer) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	s.Locals, s.Sites, s.Pending = len(o.locals), len(o.book.byID), len(o.book.pending)
	s.SitesRefused, s.SitesEvicted = o.book.refused, o.book.evicted
	return s
}
