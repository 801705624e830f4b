package simulate

import (
	"container/heap"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// Key is a business key that a chain carries.
type Key struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// attribute is the one that spans carry it under.
func (k Key) attribute() string { return k.Kind + ".number" }

// The entrances that an order passes, where there are so many.
var orderEntrances = []string{"/orders", "/payments", "/payments/confirm", "/deliveries", "/deliveries/scan"}

// stop is where an order's story goes on: an entrance, when, and with what keys.
type stop struct {
	entrance int
	after    time.Duration // since the one before, about
	keys     string        // o: order, p: payment, w: waybill; the first decides what is sampled
}

// story is an order's: a trace with two keys links their chains.
var story = []stop{
	{0, 0, "o"},
	{1, 4 * time.Minute, "op"},
	{2, 30 * time.Second, "p"},
	{3, 2 * time.Hour, "ow"},
	{4, 3 * time.Hour, "w"},
	{4, 5 * time.Hour, "w"},
}

// orders are those under way.
type orders struct {
	random  random
	share   float64
	waiting []visit // a heap by time
	begun   uint64

	traces  map[Key][]string
	seen    []Key // in the order in which they came
	leftOut uint64
}

// maxOrders is how many are under way at most; more do not begin.
const maxOrders = 200_000

// visit is an order's next stop.
type visit struct {
	at    int64
	order uint64
	stop  int
}

func newOrders(s *System) orders {
	return orders{random: newRandom(s.Seed, 6), share: s.OrderShare, traces: map[Key][]string{}}
}

// next is the visit that is due at that time, or a new order's, or none.
func (o *orders) next(now int64) (v visit, ok bool) {
	switch {
	case o.share == 0:
		return v, false
	case len(o.waiting) > 0 && o.waiting[0].at <= now:
		v = heap.Pop(o).(visit)
	case len(o.waiting) < maxOrders && o.random.chance(o.share):
		o.begun++
		v = visit{at: now, order: o.begun}
	default:
		return v, false
	}
	if next := v.stop + 1; next < len(story) {
		wait := float64(story[next].after) * o.random.between(0.5, 1.5)
		heap.Push(o, visit{at: now + int64(wait), order: v.order, stop: next})
	}
	return v, true
}

// keys are those of a visit.
func (o *orders) keys(v visit) (keys []Key) {
	for _, k := range story[v.stop].keys {
		switch k {
		case 'o':
			keys = append(keys, Key{"order", fmt.Sprintf("SO-%08d", v.order)})
		case 'p':
			keys = append(keys, Key{"payment", fmt.Sprintf("PAY%010d", v.order*7+3)})
		case 'w':
			keys = append(keys, Key{"waybill", fmt.Sprintf("JDX%011d", v.order*13+5)})
		}
	}
	return keys
}

// note notes that a trace carries the keys.
func (o *orders) note(id [16]byte, keys []Key) {
	for _, k := range keys {
		if o.traces[k] == nil {
			if len(o.seen) >= MaxKeys {
				o.leftOut++
				continue
			}
			o.seen = append(o.seen, k)
		}
		o.traces[k] = append(o.traces[k], hex.EncodeToString(id[:]))
	}
}

func (o *orders) truth() (all []KeyTruth, leftOut uint64) {
	for _, k := range o.seen {
		all = append(all, KeyTruth{Key: k, Traces: slices.Clone(o.traces[k])})
	}
	return all, o.leftOut
}

// stateOf has a chain sampled by its first key, as SDKs do that know keys.
func stateOf(keys []Key) (s sampler.State) {
	if len(keys) > 0 {
		s.HasRandomness, s.Randomness = true, sampler.Randomness(callgraph.KeyRandomness("", keys[0].Value))
	}
	return s
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (o *orders) Len() int { return len(o.waiting) }

func (o *orders) Less(i, j int) bool {
	a, b := &o.waiting[i], &o.waiting[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.order < b.order
}
func (o *orders) Swap(i, j int) { o.waiting[i], o.waiting[j] = o.waiting[j], o.waiting[i] }
func (o *orders) Push(x any)    { o.waiting = append(o.waiting, x.(visit)) }
func (o *orders) Pop() any {
	last := len(o.waiting) - 1
	v := o.waiting[last]
	o.waiting = o.waiting[:last]
	return v
}
