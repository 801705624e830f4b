package stocksampler

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// shards is how many locks the local traces are spread over.
const shards = 16

// processor holds ended spans until they are decided.
type processor struct {
	stock  *Stock
	next   []sdktrace.SpanProcessor
	shards [shards]shard
	stop   chan struct{}
	once   sync.Once
	done   sync.WaitGroup
}

// Wrap makes the provider's span processor; those given get the spans that
// leave, such as a batch processor for each backend. Shutdown ends it and them.
func (s *Stock) Wrap(next ...sdktrace.SpanProcessor) sdktrace.SpanProcessor {
	p := &processor{stock: s, next: next, stop: make(chan struct{})}
	for i := range p.shards {
		p.shards[i].traces = map[trace.TraceID]*local{}
		p.shards[i].limit = max(s.spans/shards, 1)
	}
	p.done.Go(p.tick)
	return p
}

func (p *processor) shard(id trace.TraceID) *shard {
	return &p.shards[binary.BigEndian.Uint16(id[14:])%shards]
}

// OnStart implements sdktrace.SpanProcessor.
func (p *processor) OnStart(parent context.Context, span sdktrace.ReadWriteSpan) {
	p.emit(p.shard(span.SpanContext().TraceID()).start(span.SpanContext().TraceID(), span.Name()))
	for _, next := range p.next {
		next.OnStart(parent, span)
	}
}

// OnEnd implements sdktrace.SpanProcessor.
func (p *processor) OnEnd(span sdktrace.ReadOnlySpan) {
	id := span.SpanContext().TraceID()
	state, _ := stateOf(span.SpanContext())
	r := state.RandomnessOf(id)
	facts := factsOf(span)
	mine, other := p.shard(id).end(id, span, func(entry string) keep {
		return p.stock.judge(facts, entry, r, time.Now().Unix())
	})
	p.emit(mine)
	p.emit(other)
}

// judge says what one span keeps of its local trace.
func (s *Stock) judge(f sampler.Facts, entry string, r sampler.Randomness, now int64) keep {
	if s.sightings != nil && f.Kind != trace.SpanKindInternal {
		f.FirstSight = s.sightings.First(entry, f.Operation, now)
	}
	switch {
	case !s.policy.Keeps(f):
		return nothing
	case s.storm == nil || f.Debug || !sampler.Errors.Keep(f):
		return keep{}
	}
	_, t, first := s.storm.Admit(f.Operation, f.ErrorType, r, now)
	return keep{from: t, late: first}
}

func (p *processor) emit(r ready) {
	p.stock.counts.early[r.why].Add(uint64(len(r.spans)))
	for _, span := range r.spans {
		out := p.stock.decide(span, r.keep)
		if out == nil {
			continue
		}
		for _, next := range p.next {
			next.OnEnd(out)
		}
	}
}

// tick runs until the processor is shut down.
func (p *processor) tick() {
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-each.C:
			p.stock.tick(now.Unix())
			p.emitBefore(now.Add(-maxWait), old)
		}
	}
}

func (s *Stock) tick(second int64) {
	s.policy.Tick(second)
	if s.storm != nil {
		s.storm.Tick(second)
	}
	if s.sightings != nil {
		s.sightings.Tick(second)
	}
}

func (p *processor) emitBefore(t time.Time, why reason) {
	for i := range p.shards {
		for _, r := range p.shards[i].before(t, why) {
			p.emit(r)
		}
	}
}

// far is a time that no span ends after.
var far = time.Unix(1<<40, 0)

// ForceFlush decides all spans that have ended, by what is known, and flushes
// the processors behind.
func (p *processor) ForceFlush(ctx context.Context) error {
	p.emitBefore(far, flushed)
	return p.all(func(next sdktrace.SpanProcessor) error { return next.ForceFlush(ctx) })
}

// Shutdown implements sdktrace.SpanProcessor.
func (p *processor) Shutdown(ctx context.Context) error {
	p.once.Do(func() { close(p.stop) })
	p.done.Wait()
	p.emitBefore(far, flushed)
	return p.all(func(next sdktrace.SpanProcessor) error { return next.Shutdown(ctx) })
}

func (p *processor) all(do func(sdktrace.SpanProcessor) error) error {
	var errs []error
	for _, next := range p.next {
		errs = append(errs, do(next))
	}
	return errors.Join(errs...)
}
