package wholechain

import (
	"container/list"
	"hash/maphash"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

type traceID = [16]byte

// entry is a chain that waits to be read.
type entry struct {
	trace    traceID
	looked   time.Time // when something of it was judged last
	due      time.Time // when it is looked at next
	looks    int
	entrance bool // its entrance was judged here
	failed   bool // a call of it did
	fair     bool // it was chosen whatever happened in it
}

// queue holds chains until they are quiet. Each comes out once.
type queue struct {
	options Options
	chooser chooser
	waiting map[traceID]*list.Element
	order   *list.List // of *entry, by due
	done    *simplelru.LRU[traceID, struct{}]
	refused uint64 // for want of room
}

// looksAtMost is how often a chain is looked at before it goes unread: one whose
// entrance has not ended, or that is never quiet.
const looksAtMost = 10

func newQueue(o Options) *queue {
	done, err := simplelru.NewLRU[traceID, struct{}](4*o.MaxWaiting, nil)
	if err != nil {
		panic(err) // not for a positive size
	}
	return &queue{
		options: o, chooser: chooser{rate: o.Rate, seed: maphash.MakeSeed()},
		waiting: map[traceID]*list.Element{}, order: list.New(), done: done,
	}
}

// note takes a local trace that was judged.
func (q *queue) note(trace traceID, entrance, failed bool, now time.Time) {
	if at, ok := q.waiting[trace]; ok {
		e := at.Value.(*entry)
		e.looked, e.entrance, e.failed = now, e.entrance || entrance, e.failed || failed
		return
	}
	if q.done.Contains(trace) {
		return
	}
	fair := q.chooser.chooses(trace, now)
	if !fair && !failed {
		return
	}
	if len(q.waiting) >= q.options.MaxWaiting {
		q.refused++
		return
	}
	q.waiting[trace] = q.order.PushBack(&entry{
		trace: trace, looked: now, due: now.Add(q.options.Quiet), entrance: entrance, failed: failed, fair: fair,
	})
}

// next takes out the first chain that is quiet; nil where there is none.
func (q *queue) next(now time.Time) *entry {
	for front := q.order.Front(); front != nil; front = q.order.Front() {
		e := front.Value.(*entry)
		if e.due.After(now) {
			return nil
		}
		quiet := e.looked.Add(q.options.Quiet)
		if e.looks++; e.looks < looksAtMost && (quiet.After(now) || !e.entrance) {
			e.due = now.Add(q.options.Quiet)
			q.order.MoveToBack(front)
			continue
		}
		q.order.Remove(front)
		delete(q.waiting, e.trace)
		q.done.Add(e.trace, struct{}{})
		return e
	}
	return nil
}

// drop takes out a chain that is no fair sample.
func (q *queue) drop(trace traceID) {
	if at, ok := q.waiting[trace]; ok {
		q.order.Remove(at)
		delete(q.waiting, trace)
	}
	q.done.Add(trace, struct{}{})
}

// chooser chooses traces by a hash of their IDs, so that all local traces of a
// trace are chosen or none, and about as many a second as the rate says.
type chooser struct {
	rate   int
	seed   maphash.Seed
	level  uint // one in 2^level
	second int64
	chosen int // in this second, each local trace
}

const maxLevel = 32

func (c *chooser) chooses(trace traceID, now time.Time) bool {
	if s := now.Unix(); s != c.second {
		c.begin(s)
	}
	if maphash.Comparable(c.seed, trace)&(1<<c.level-1) != 0 {
		return false
	}
	if c.chosen++; c.chosen > c.rate {
		c.level, c.chosen = min(c.level+1, maxLevel), c.rate/2
		return false
	}
	return true
}

func (c *chooser) begin(second int64) {
	if c.level > 0 && c.chosen < c.rate/2 {
		c.level--
	}
	c.second, c.chosen = second, 0
}
