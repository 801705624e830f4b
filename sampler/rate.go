package sampler

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Start is what is known when a local trace begins.
type Start struct {
	TraceID    [16]byte
	Randomness Randomness
	Parent     Parent
	Operation  string
	Kind       trace.SpanKind
	Attributes []attribute.KeyValue // the caller's; not to be kept
}

// Parent is what a local root's parent says; the zero value is no parent.
type Parent struct {
	Valid, Remote, Sampled bool
	Threshold              Threshold
	HasThreshold           bool
}

// Head is the fate of a local trace's successes. Weighted heads have a valid
// threshold; the others are exported without.
type Head struct {
	Sampled   bool
	Threshold Threshold
	Weighted  bool
}

// Rate decides at its start whether a local trace's successes are kept. It may
// be called concurrently and must not depend on the randomness but by
// Threshold.Keeps. String explains it to people.
type Rate interface {
	Head(Start) Head
	String() string
}

// Fixed rates do not look at the trace.
type Fixed bool

// Always keeps all, Off nothing.
const (
	Always Fixed = true
	Off    Fixed = false
)

// Head implements Rate.
func (f Fixed) Head(Start) Head { return Head{Sampled: bool(f), Weighted: bool(f)} }

// String implements Rate.
func (f Fixed) String() string {
	if f {
		return "all"
	}
	return "none"
}

// Ratio keeps the traces whose randomness reaches a threshold. The zero value
// keeps all.
type Ratio struct{ Threshold Threshold }

// RatioOf keeps the given part of all traces, from 0 to 1.
func RatioOf(ratio float64) Ratio { return Ratio{ThresholdFor(ratio)} }

// OneIn keeps one of n traces; all where n is below 2.
func OneIn(n int) Ratio { return RatioOf(1 / float64(max(n, 1))) }

// Head implements Rate.
func (r Ratio) Head(s Start) Head { return headOf(r.Threshold, s.Randomness) }

func headOf(t Threshold, r Randomness) Head {
	if !t.Keeps(r) {
		return Head{}
	}
	return Head{Sampled: true, Threshold: t, Weighted: true}
}

// String implements Rate.
func (r Ratio) String() string {
	switch {
	case r.Threshold == 0:
		return Always.String()
	case r.Threshold >= Never:
		return Off.String()
	}
	if w := r.Threshold.Weight(); w < 100 {
		return fmt.Sprintf("1 of %.3g", w)
	}
	return fmt.Sprintf("1 of %.0f", r.Threshold.Weight())
}

// ParentBased does as the parent did: sampled with its threshold, sampled
// without one where it has none (or one that its randomness contradicts), or
// not sampled. Root decides where there is no parent; nil is Always.
type ParentBased struct{ Root Rate }

// Head implements Rate.
func (p ParentBased) Head(s Start) Head {
	switch {
	case !s.Parent.Valid:
		return orAlways(p.Root).Head(s)
	case !s.Parent.Sampled:
		return Head{}
	case s.Parent.HasThreshold && s.Parent.Threshold.Keeps(s.Randomness):
		return Head{Sampled: true, Threshold: s.Parent.Threshold, Weighted: true}
	}
	return Head{Sampled: true}
}

// String implements Rate.
func (p ParentBased) String() string { return "as the parent, else " + orAlways(p.Root).String() }

// Tick implements Ticker.
func (p ParentBased) Tick(unixSecond int64) { tick(p.Root, unixSecond) }

func orAlways(r Rate) Rate {
	if r == nil {
		return Always
	}
	return r
}

// PerOperation gives local roots of some names a rate of their own. Others
// decides the rest; nil is Always, for it and in the map.
type PerOperation struct {
	Operations map[string]Rate
	Others     Rate
}

// Head implements Rate.
func (p PerOperation) Head(s Start) Head {
	if r, ok := p.Operations[s.Operation]; ok {
		return orAlways(r).Head(s)
	}
	return orAlways(p.Others).Head(s)
}

// String implements Rate.
func (p PerOperation) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.Operations)) {
		fmt.Fprintf(&b, "%s: %s, ", name, orAlways(p.Operations[name]))
	}
	return "(" + b.String() + "others: " + orAlways(p.Others).String() + ")"
}

// Tick implements Ticker.
func (p PerOperation) Tick(unixSecond int64) {
	for _, r := range p.Operations {
		tick(r, unixSecond)
	}
	tick(p.Others, unixSecond)
}
