package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/simulate"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// enough is how many failures, complete for their basis, a site must have.
const enough = 30

// result is one system at one rate and loss.
type result struct {
	n    int
	loss float64
	tally
	explained []string
}

// tally counts sites that had enough failures.
type tally struct {
	sites, decided, contradicted                 uint64
	classes, classesDecided, classesContradicted uint64
	spans                                        uint64
}

func (t *tally) add(o tally) {
	t.sites += o.sites
	t.decided += o.decided
	t.contradicted += o.contradicted
	t.classes += o.classes
	t.classesDecided += o.classesDecided
	t.classesContradicted += o.classesContradicted
	t.spans += o.spans
}

func (t *tally) print(p *figure.Printer, suffix string) {
	p.Print("contradicted_share"+suffix, part(t.contradicted, t.decided), "ratio")
	p.Print("decided_share"+suffix, part(t.decided, t.sites), "ratio")
	p.Print("sites"+suffix, float64(t.sites), "sites")
	p.Print("classes_contradicted_share"+suffix, part(t.classesContradicted, t.classesDecided), "ratio")
	p.Print("classes_decided_share"+suffix, part(t.classesDecided, t.classes), "ratio")
}

func part(k, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// systemOf is a small system: what is kept of it, and how often it fails, goes
// with the number of chains, so that sites fail some tens of times.
func systemOf(seed uint64, n, chains int) simulate.Options {
	o := simulate.Options{
		Seed: seed, Services: 3 + int(seed%5), Entrances: 1 + int(seed%3), OneIn: n, FaultRate: 150 / float64(chains),
		Skew: time.Duration(seed%4) * 50 * time.Millisecond, Interval: 20 * time.Millisecond,
	}
	if seed%4 == 0 { // the SDK's default
		o.Keep = sampler.Errors
	}
	return o
}

func chainsAt(n int) int {
	switch {
	case n < 10:
		return 8000
	case n < 100:
		return 15_000
	case n < 1000:
		return 40_000
	}
	return 200_000
}

// measure has a system's spans observed with each of the losses, and compares
// the verdicts with its truth.
func measure(seed uint64, n int, losses []float64, chains int) ([]result, error) {
	if chains == 0 {
		chains = chainsAt(n)
	}
	s, err := simulate.New(systemOf(seed, n, chains))
	if err != nil {
		return nil, err
	}
	watchers := newWatchers(seed, losses)
	for i := range chains {
		s.Chain(func(td ptrace.Traces) { watchers.add(td, s.Next()) })
		if i%512 == 0 {
			watchers.take(s.Next())
		}
	}
	s.Flush(func(td ptrace.Traces) { watchers.add(td, s.Next()) })
	watchers.take(s.Next().Add(time.Hour))
	var results []result
	truth := s.Truth()
	for _, w := range watchers.each {
		r := result{n: n, loss: w.loss, tally: tally{spans: w.spans}}
		for i := range truth.Sites {
			if e, known := w.evidence[truth.Sites[i].Site.ID()]; known {
				r.compare(seed, &truth.Sites[i], e)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// watchers see the same spans, each with more of them lost than the one before.
type watchers struct {
	random *rand.Rand
	each   []*watcher
}

// watcher is what a dependency processor's observer sees.
type watcher struct {
	loss     float64
	observer *dependency.Observer
	evidence map[callgraph.StaticID]*strength.Evidence
	spans    uint64
}

func newWatchers(seed uint64, losses []float64) watchers {
	w := watchers{random: rand.New(rand.NewPCG(seed, 99))}
	for _, loss := range slices.Sorted(slices.Values(losses)) {
		w.each = append(w.each, &watcher{
			loss: loss, observer: dependency.New(dependency.Options{}), evidence: map[callgraph.StaticID]*strength.Evidence{},
		})
	}
	return w
}

// add loses half of what is to be lost in whole batches, the other half span
// by span.
func (w *watchers) add(td ptrace.Traces, now time.Time) {
	lost := 0.0
	for _, one := range w.each {
		more := (one.loss - lost) / 2 / (1 - lost/2)
		lost = one.loss
		if w.random.Float64() < more {
			return
		}
		if more > 0 {
			lose(td, func() bool { return w.random.Float64() < more })
		}
		one.spans += uint64(td.SpanCount())
		one.observer.Add(td, now)
	}
}

func lose(td ptrace.Traces, gone func() bool) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			ss.Spans().RemoveIf(func(ptrace.Span) bool { return gone() })
		}
	}
}

func (w *watchers) take(now time.Time) {
	for _, one := range w.each {
		one.observer.Expire(now)
		take(one.observer, one.evidence)
	}
}

func take(o *dependency.Observer, to map[callgraph.StaticID]*strength.Evidence) {
	for {
		records := o.Take(1000)
		for i := range records {
			e := to[records[i].Key.Site]
			if e == nil {
				e = &strength.Evidence{}
				to[records[i].Key.Site] = e
			}
			e.Merge(records[i].Evidence)
		}
		if len(records) < 1000 {
			return
		}
	}
}

func (r *result) compare(seed uint64, truth *simulate.SiteTruth, e *strength.Evidence) {
	v := strength.Judge(*e, strength.Evidence{}, strength.Unknown)
	var seen, failures [strength.Classes]uint64
	total := uint64(0)
	for c := range strength.Classes {
		seen[c] = e.Failed[c].Seen
		if strength.Class(c) != strength.Rejected {
			failures[c] = seen[c]
			total += seen[c]
		}
	}
	wrong := false
	for _, c := range v.Classes {
		if seen[c.Class] < enough && c.Strength == strength.Unknown {
			continue
		}
		bad := c.Strength != strength.Unknown && c.Strength != truth.Of(c.Class).Is
		wrong = wrong || bad
		if seen[c.Class] >= enough {
			r.classes++
			r.classesDecided += count(c.Strength != strength.Unknown)
			r.classesContradicted += count(bad)
		}
	}
	if total < enough {
		return
	}
	r.sites++
	if v.Strength == strength.Unknown {
		r.explain("undecided", seed, truth, e, &v)
		return
	}
	r.decided++
	if wrong || !bears(truth, failures, v.Strength) {
		r.contradicted++
		r.explain("contradicted", seed, truth, e, &v)
	}
}

func count(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// bears reports whether a site's verdict is true. Where the classes that failed
// do not agree it is conditional; but where one of them had too few failures to
// be told apart, what all failures together show is true, too.
func bears(truth *simulate.SiteTruth, failures [strength.Classes]uint64, v strength.Strength) bool {
	found, differ := strength.Unknown, false
	went, total := 0.0, 0.0
	for class, n := range failures {
		c := truth.Of(strength.Class(class))
		if n == 0 {
			continue
		}
		went, total = went+c.WentOn*float64(n), total+float64(n)
		differ = differ || found != strength.Unknown && c.Is != found
		found = c.Is
	}
	if !differ {
		return v == found
	}
	return v == strength.Conditional || v == simulate.StrengthOf(went/total)
}

func (r *result) explain(what string, seed uint64, truth *simulate.SiteTruth, e *strength.Evidence, v *strength.Verdict) {
	text := fmt.Sprintf("%s seed=%d n=%d loss=%v %s: verdict %s by %s, truth by %s", what, seed, r.n, r.loss, truth.Site, v.Strength, v.Basis, truth.Basis)
	for _, c := range v.Classes {
		t := truth.Of(c.Class)
		text += fmt.Sprintf("; %s %s (%d of %d went on, %.2f–%.2f), truth %s %.2f", c.Class, c.Strength, c.WentOn, c.Failures, c.Ratio.Low, c.Ratio.High, t.Strength, t.WentOn)
	}
	text += fmt.Sprintf("; ok %+v, passed %v, fallback %v, successors %d, truly %d", e.OK, e.Passed, truth.Fallback, len(v.Successors), len(truth.Successors))
	r.explained = append(r.explained, text)
}
