package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/freshid"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// query opens the store again and asks it.
func query(ctx context.Context, p *figure.Printer, o options, set *dataset) error {
	if o.queries == 0 {
		return nil
	}
	began := time.Now()
	s, err := pebble.Open(storeOptions(o))
	if err != nil {
		return err
	}
	p.Print("open_s", time.Since(began).Seconds(), "s")
	a := asker{ctx: ctx, printer: p, store: s, options: o, random: rand.New(rand.NewPCG(o.seed, 0)), now: time.Now()}
	return errors.Join(a.all(set), s.Close(), p.Err())
}

type asker struct {
	ctx     context.Context
	printer *figure.Printer
	store   *pebble.Store
	options options
	random  *rand.Rand
	now     time.Time
}

func (a *asker) all(set *dataset) error {
	t := countTags(set)
	absent := []tag{{"no.such.key", "value"}, {"http.method", "NO_SUCH_METHOD"}}
	kinds := []struct {
		name string
		pick func() []tag
	}{
		{"tag_rare", one(a, t.rare)},
		{"tag_common", one(a, t.common)},
		{"tag_absent", one(a, absent)},
		{"tags_never_meet", func() []tag { p := t.apart[a.random.IntN(len(t.apart))]; return p[:] }},
		{"tags_rare_and_common", func() []tag { return []tag{any1(a, t.rare), any1(a, t.common)} }},
	}
	a.printer.Note("%d rare tags, %d common ones, %d pairs of common tags that never meet in a span", len(t.rare), len(t.common), len(t.apart))
	for _, k := range kinds {
		if k.name == "tags_never_meet" && len(t.apart) == 0 || len(t.rare) == 0 || len(t.common) == 0 {
			continue
		}
		if err := a.searches(k.name, k.pick); err != nil {
			return err
		}
	}
	return a.traces(set)
}

func any1(a *asker, tags []tag) tag { return tags[a.random.IntN(len(tags))] }

func one(a *asker, tags []tag) func() []tag {
	return func() []tag { return []tag{any1(a, tags)} }
}

func (a *asker) searches(name string, pick func() []tag) error {
	var took []time.Duration
	found := 0
	slowest := ""
	for range a.options.queries {
		q := storage.Query{Limit: 20, Attributes: map[string]string{}, Window: callgraph.Window{From: a.now.Add(-2 * time.Hour), To: a.now}}
		for _, t := range pick() {
			q.Attributes[t.key] = t.value
		}
		began := time.Now()
		matches, err := a.store.Search(a.ctx, q)
		if err != nil {
			return err
		}
		took = append(took, time.Since(began))
		if took[len(took)-1] == slices.Max(took) {
			slowest = fmt.Sprint(q.Attributes)
		}
		found += len(matches)
	}
	a.print(name, took)
	a.printer.Note("%s found %d traces in %d searches; slowest %.200s", name, found, a.options.queries, slowest)
	return nil
}

func (a *asker) print(name string, took []time.Duration) {
	a.printer.Print(name+"_p50_ms", figure.Milliseconds(quantile(took, 0.5)), "ms")
	a.printer.Print(name+"_p99_ms", figure.Milliseconds(quantile(took, 0.99)), "ms")
}

func (a *asker) traces(set *dataset) error {
	rounds := (a.options.spans + set.spans - 1) / set.spans
	var ids []pcommon.TraceID
	for id := range set.traces {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y pcommon.TraceID) int { return slices.Compare(x[:], y[:]) })
	var took []time.Duration
	for range a.options.queries {
		id := pcommon.TraceID(freshid.Generation(1 + a.random.IntN(rounds)).TraceID(ids[a.random.IntN(len(ids))]))
		began := time.Now()
		if _, err := a.store.Trace(a.ctx, id); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	a.print("trace_read", took)
	return nil
}
