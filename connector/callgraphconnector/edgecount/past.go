package edgecount

import (
	"cmp"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// past is what earlier runs of a writer counted for good.
type past struct {
	checkpoint int64              // arrival, Unix seconds, before which all is final
	buckets    map[int64][]opened // by bucket start; newest first
	slack      slack
}

// opened is an opening of a bucket; closed is 0 where it is not final.
type opened struct{ opened, closed int64 }

// slack is how far, in seconds, the arrival of a call may lie outside its
// opening. A call is counted up to a window after its arrival, and the store
// and the counter take their times apart.
type slack struct{ before, after int64 }

func newSlack(open time.Duration) slack {
	s := int64(open / time.Second)
	return slack{before: s / 2, after: s / 3}
}

func newPast(checkpoint time.Time, open time.Duration) *past {
	return &past{checkpoint: checkpoint.Unix(), buckets: map[int64][]opened{}, slack: newSlack(open)}
}

// note adds an opening; closed is 0 where it is not final.
func (p *past) note(o bucketOpening, closed int64) {
	list := p.buckets[o.bucket]
	i, found := slices.BinarySearchFunc(list, o.opened, func(x opened, at int64) int { return cmp.Compare(at, x.opened) })
	if !found {
		p.buckets[o.bucket] = slices.Insert(list, i, opened{o.opened, closed})
		return
	}
	list[i].closed = max(list[i].closed, closed)
}

// counted reports whether the call is in a final cell of an earlier run: its
// arrival lies in a final opening of its bucket, or so early that all is final.
func (p *past) counted(c *callgraph.Call) bool {
	arrival := c.Arrival.Unix()
	if arrival < p.checkpoint-p.slack.before {
		return true
	}
	return p.final(p.buckets[callgraph.BucketAt(c.End, callgraph.HotWidth).Start], arrival)
}

// final: of two openings that both may hold the arrival, the one that had
// begun by then does, unless it had ended.
func (p *past) final(newestFirst []opened, arrival int64) (final bool) {
	for _, o := range newestFirst {
		switch {
		case arrival >= o.opened && o.closed == 0:
			return false
		case arrival >= o.opened && arrival <= o.closed+p.slack.after:
			return true
		case arrival >= o.opened:
			return final
		case arrival >= o.opened-p.slack.before:
			final = o.closed != 0
		}
	}
	return final
}
