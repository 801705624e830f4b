package wholechain

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// Store is what a Reader needs of a storage.TraceReader.
type Store interface {
	Trace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error)
}

// Stats is what a Reader holds and has done so far.
type Stats struct {
	Waiting  int    // chains, now
	Read     uint64 // chains that were read and told something
	Overflow uint64 // chains that had to go unread: too many waited
	Refused  [Refusals]uint64
}

// Reader reads chains. It has no clock: whoever uses it says what time it is. It
// is safe for concurrent use, but for Run.
type Reader struct {
	options Options
	store   Store
	judge   judge
	allowed float64 // chains that may be read, as of ran
	ran     time.Time

	mu    sync.Mutex
	queue *queue
	stats Stats
}

// New has nothing to read.
func New(store Store, o Options) *Reader {
	o = o.orDefaults()
	return &Reader{
		options: o, store: store, queue: newQueue(o),
		judge: judge{options: o, answers: newAnswers(o.MaxSites)},
	}
}

// Note takes a local trace that was judged now: its chain is to be read if one of
// its calls failed, or by choice.
func (r *Reader) Note(j localtrace.Judged, now time.Time) {
	sampled := r.options.samples(j.Head)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !sampled {
		r.refuse(j)
		return
	}
	r.queue.note(j.TraceID, j.Entrance, j.Failed, now)
}

// refuse counts the entrances only: each is a chain.
func (r *Reader) refuse(j localtrace.Judged) {
	r.queue.drop(j.TraceID)
	if j.Entrance {
		r.stats.Refused[NotSampled]++
	}
}

// secondsAllowed is for how long what was not read may be made up for.
const secondsAllowed = 5

// Run reads the chains that are quiet now, as many as Options.Rate allows, and
// returns what they tell: records to be added to what is known.
func (r *Reader) Run(ctx context.Context, now time.Time) (records []strength.Record) {
	perSecond := 2 * float64(r.options.Rate)
	if r.ran.IsZero() {
		r.ran = now
	}
	r.allowed = min(r.allowed+perSecond*now.Sub(r.ran).Seconds(), secondsAllowed*perSecond)
	for r.ran = now; r.allowed >= 1 && ctx.Err() == nil; r.allowed-- {
		e := r.next(now)
		if e == nil {
			break
		}
		told, refusal := r.read(ctx, e)
		records = append(records, told...)
		r.count(refusal)
	}
	return records
}

func (r *Reader) next(now time.Time) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue.next(now)
}

func (r *Reader) read(ctx context.Context, e *entry) ([]strength.Record, Refusal) {
	if !e.entrance {
		return nil, NoEntrance
	}
	td, err := r.store.Trace(ctx, e.trace)
	if err != nil {
		return nil, Gone
	}
	return r.judge.judge(calltree.Build(td), e.fair)
}

func (r *Reader) count(refusal Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if refusal == None {
		r.stats.Read++
		return
	}
	r.stats.Refused[refusal]++
}

// Stats says what is held and was done.
func (r *Reader) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Waiting, s.Overflow = r.queue.order.Len(), r.queue.refused
	return s
}
