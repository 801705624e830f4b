package logicalchain

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Observer tells which traces carry which keys. It is safe for concurrent use.
type Observer struct {
	rules    *Rules
	annotate bool
	recent   recent
}

// Annotate has an Observer put attributes jcg.chain.* on spans.
type Annotate bool

// NewObserver observes by rules.
func NewObserver(r *Rules, annotate Annotate) *Observer {
	return &Observer{rules: r, annotate: bool(annotate), recent: newRecent(maxRecent)}
}

// Mutates says whether Take changes spans: it annotates them, or replaces keys
// by their HMAC.
func (o *Observer) Mutates() bool { return o.annotate || o.rules != nil && o.rules.hides }

// Taken is what Take found.
type Taken struct {
	// Sightings to write: those that were not told of late. Once they are
	// written, Observer.Written takes them.
	Sightings []callgraph.Sighting
	Found     int64 // keys on spans, a span's each once
	Known     int64 // sightings left out, as they were told of late
	Evicted   int64 // sightings forgotten before their time, since there are many: they may be told again
	Replaced  int64 // values in which an HMAC took the place of a key
	Refused   [reasons]int64
}

// Take finds the keys of spans, which it changes only where Mutates says so.
func (o *Observer) Take(td ptrace.Traces, now time.Time) Taken {
	c := collection{now: now}
	f := finder{rules: o.rules, limit: MaxSpanKeys, rewrites: o.Mutates()}
	for _, rs := range td.ResourceSpans().All() {
		f.at(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if keys := f.keysOf(span); len(keys) > 0 {
					o.found(&c, f.whose().Environment, span, keys)
				}
			}
		}
	}
	taken := Taken{Sightings: c.sightings, Found: c.found, Replaced: f.replaced, Refused: f.refused}
	taken.Refused[Long] += c.long
	o.recent.leaveOut(&taken, now)
	return taken
}

// Written says that the sightings are durable: they need not be told again soon.
func (o *Observer) Written(sightings []callgraph.Sighting) { o.recent.written(sightings) }

func (o *Observer) found(c *collection, environment string, span ptrace.Span, keys []found) {
	c.found += int64(len(keys))
	if o.annotate {
		annotate(span.Attributes(), keys)
	}
	switch {
	case storage.Refusal(span) != "":
		return // no store will have it
	case len(environment) > callgraph.MaxKeyEnvironment:
		c.long += int64(len(keys))
		return
	}
	start := startOf(span, c.now)
	for _, k := range keys {
		c.add(callgraph.Sighting{
			Key:     callgraph.ChainKey{Environment: environment, Kind: k.kind, Value: k.value},
			TraceID: span.TraceID(), Start: start,
		})
	}
}

// startOf is when a span began; of one that does not say it, when it was seen,
// so that its chain does not begin in 1970.
func startOf(span ptrace.Span, now time.Time) time.Time {
	if span.StartTimestamp() == 0 {
		return now
	}
	return span.StartTimestamp().AsTime()
}

// collection are the sightings of one request, each key of a trace once, at
// its earliest start.
type collection struct {
	now       time.Time
	found     int64
	long      int64 // keys of environments whose name is too long
	sightings []callgraph.Sighting
	index     map[sighted]int
}

type sighted struct {
	key   callgraph.ChainKey
	trace [16]byte
}

func (c *collection) add(s callgraph.Sighting) {
	if c.index == nil {
		c.index = map[sighted]int{}
	}
	at, ok := c.index[sighted{s.Key, s.TraceID}]
	switch {
	case !ok:
		c.index[sighted{s.Key, s.TraceID}] = len(c.sightings)
		c.sightings = append(c.sightings, s)
	case s.Start.Before(c.sightings[at].Start):
		c.sightings[at].Start = s.Start
	}
}

// annotate puts the keys on a span: one as text, several of a kind as a list.
// What the span says already stays.
func annotate(attributes pcommon.Map, keys []found) {
	for _, k := range keys {
		name := callgraph.AttributeChainPrefix + k.kind
		v, ok := attributes.Get(name)
		switch {
		case !ok:
			attributes.PutStr(name, k.value)
		case !says(v, k.value):
			extend(v, k.value)
		}
	}
}

func says(v pcommon.Value, value string) bool {
	if v.Type() != pcommon.ValueTypeSlice {
		text, _ := textOf(v)
		return text == value
	}
	for _, element := range v.Slice().All() {
		if text, _ := textOf(element); text == value {
			return true
		}
	}
	return false
}

func extend(v pcommon.Value, value string) {
	if v.Type() != pcommon.ValueTypeSlice {
		before := pcommon.NewValueEmpty()
		v.CopyTo(before)
		before.CopyTo(v.SetEmptySlice().AppendEmpty())
	}
	v.Slice().AppendEmpty().SetStr(value)
}
