package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// Needles are spans with a tag that no other span has.
const (
	needles   = 100
	needleKey = "bench.needle"
)

func needleValue(i int) string { return fmt.Sprintf("needle-%d", i) }

func needle(of string, i int, end time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	p := newPair("needle", i)
	p.end = pcommon.NewTimestampFromTime(end)
	p.span(service(td, of), ptrace.SpanKindServer, "needle", 1, 0).Attributes().PutStr(needleKey, needleValue(i))
	return td
}

// vocabulary is which tags the spans of one service have.
type vocabulary struct {
	service string
	common  []tag     // the most frequent ones
	apart   []tagPair // of frequent ones, pairs that no span has both of
}

// tag is a key with a value, and the spans that have it.
type tag struct {
	key, value string
	spans      bitset
}

func (t tag) tags() tags { return tags{t.key: t.value} }

type tagPair struct{ a, b tag }

func (p tagPair) tags() tags { return tags{p.a.key: p.a.value, p.b.key: p.b.value} }

// rarer is how many spans have the rarer of the two.
func (p tagPair) rarer() int { return min(p.a.spans.count(), p.b.spans.count()) }

const (
	commonTags = 100 // are looked at
	askedTags  = 20  // are asked for
)

// readTags looks at the service with the most spans.
func readTags(files []string) (vocabulary, error) {
	attributes := map[string][]pcommon.Map{}
	for td, err := range otlpdump.Files(files...) {
		if err != nil {
			return vocabulary{}, err
		}
		collect(td, attributes)
	}
	if len(attributes) == 0 {
		return vocabulary{}, errors.New("no spans in the recording")
	}
	busiest := slices.MaxFunc(slices.Sorted(maps.Keys(attributes)), func(a, b string) int {
		return cmp.Compare(len(attributes[a]), len(attributes[b]))
	})
	return newVocabulary(busiest, attributes[busiest]), nil
}

func collect(td ptrace.Traces, into map[string][]pcommon.Map) {
	for _, rs := range td.ResourceSpans().All() {
		name, _ := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				into[name.AsString()] = append(into[name.AsString()], s.Attributes())
			}
		}
	}
}

func newVocabulary(service string, spans []pcommon.Map) vocabulary {
	v := vocabulary{service: service, common: frequent(spans)}
	for i, a := range v.common {
		for _, b := range v.common[i+1:] {
			if a.key != b.key && !a.spans.meets(b.spans) {
				v.apart = append(v.apart, tagPair{a, b})
			}
		}
	}
	slices.SortStableFunc(v.apart, func(a, b tagPair) int { return cmp.Compare(b.rarer(), a.rarer()) })
	v.common = v.common[:min(len(v.common), askedTags)]
	v.apart = v.apart[:min(len(v.apart), askedTags)]
	return v
}

// errorKey asks for failed spans in Jaeger's API, not for an attribute.
const errorKey = "error"

// keyValue names a tag.
type keyValue struct{ key, value string }

func (a keyValue) compare(b keyValue) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.value, b.value))
}

// frequent is the tags that most spans have, and which these are.
func frequent(spans []pcommon.Map) []tag {
	counts := map[keyValue]int{}
	for _, attributes := range spans {
		for key, value := range attributes.All() {
			if key != errorKey {
				counts[keyValue{key, value.AsString()}]++
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b keyValue) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), a.compare(b))
	})
	names = names[:min(len(names), commonTags)]
	list := make([]tag, len(names))
	for i, name := range names {
		list[i] = tag{name.key, name.value, having(spans, name)}
	}
	return list
}

func having(spans []pcommon.Map, name keyValue) bitset {
	b := newBitset(len(spans))
	for i, attributes := range spans {
		if v, ok := attributes.Get(name.key); ok && v.AsString() == name.value {
			b.set(i)
		}
	}
	return b
}

type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int) { b[i/64] |= 1 << (i % 64) }

func (b bitset) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

func (b bitset) meets(o bitset) bool {
	for i, word := range b {
		if word&o[i] != 0 {
			return true
		}
	}
	return false
}
