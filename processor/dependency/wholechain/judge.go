package wholechain

import (
	"cmp"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// judge reads chains. It learns from each what others need.
type judge struct {
	options Options
	answers answers
}

// judge returns what a chain tells of its call sites, or why it tells nothing.
// The fair ones were chosen whatever happened in them: only they tell what follows a
// call that went well.
func (j *judge) judge(tree *calltree.Tree, fair bool) ([]strength.Record, Refusal) {
	c := chainOf(tree)
	if r := j.refusal(tree, c); r != None {
		return nil, r
	}
	sites := bySite(c)
	c.noteFailures(tree, failuresOf(sites))
	records := map[strength.Key]*strength.Record{}
	for _, calls := range sites {
		r := j.record(c, calls, fair)
		if sum := records[r.Key]; sum != nil {
			sum.Evidence.Merge(r.Evidence)
			continue
		}
		records[r.Key] = &r
	}
	return sorted(records), None
}

func sorted(records map[strength.Key]*strength.Record) (all []strength.Record) {
	for _, r := range records {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b strength.Record) int {
		return cmp.Or(cmp.Compare(a.Key.Site, b.Key.Site), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source))
	})
	return all
}

// bySite are the chain's calls by site, in the order of the chain.
func bySite(c chain) [][]localtrace.Call {
	sites := map[callgraph.StaticID][]localtrace.Call{}
	for _, l := range c.locals {
		for _, call := range l.Calls {
			id := call.Site.ID()
			sites[id] = append(sites[id], call)
		}
	}
	return slices.Collect(maps.Values(sites))
}

// failuresOf are the calls by which sites failed.
func failuresOf(sites [][]localtrace.Call) map[*calltree.Node]bool {
	failed := map[*calltree.Node]bool{}
	for _, calls := range sites {
		if s := settle(calls); s.result == strength.Faulted {
			failed[s.last.Node] = true
		}
	}
	return failed
}

// record is what the chain tells of one site.
func (j *judge) record(c chain, calls []localtrace.Call, fair bool) strength.Record {
	settled := settle(calls)
	last := settled.last
	r := strength.Record{Site: last.Site, Key: strength.Key{
		Day:  strength.DayOf(last.From.Root.Span.EndTimestamp().AsTime()),
		Site: last.Site.ID(),
	}}
	failed := settled.result == strength.Faulted
	if failed && j.injected(last) {
		r.Source = strength.Injected
	}
	root := entranceFailed(c)
	r.Evidence.Callees = calleesOf(calls)
	r.Evidence.Entrances = []strength.Entrance{entranceOf(c, failed, root)}
	switch {
	case failed:
		r.Evidence.ChainFailed[settled.class] = c.tally(last, root)
	case settled.result == strength.Succeeded && fair:
		r.Evidence.ChainOK = c.tally(last, root)
	}
	return r
}

func (c chain) tally(last localtrace.Call, rootFailed bool) strength.Tally {
	went, beside := c.goesOn(last), c.beside(last.Node)
	return strength.Tally{
		Seen: 1, Went: one(went), Survived: one(!rootFailed), WentAndFailed: one(went && rootFailed),
		Beside: one(beside), BesideSurvived: one(beside && !rootFailed),
	}
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// entranceFailed: a soft error is an answer, a rejection is none, as within a
// local trace.
func entranceFailed(c chain) bool {
	o, _ := c.entrance().Root.Outcome()
	return o != callgraph.OK && o != callgraph.SoftError
}

func entranceOf(c chain, failed, rootFailed bool) strength.Entrance {
	return strength.Entrance{
		Operation: c.entrance().Root.Operation().Clean(),
		Chains:    1, Failed: one(failed), RootFailed: one(failed && rootFailed),
	}
}

// calleesOf are who answered, each once a chain: in order of name. The virtual
// peer is told only where nobody answered.
func calleesOf(calls []localtrace.Call) []strength.Named {
	answering, virtual := map[callgraph.Operation]bool{}, map[callgraph.Operation]bool{}
	for _, call := range calls {
		if o, answered := call.Callee(); answered {
			answering[o] = true
		} else {
			virtual[o] = true
		}
	}
	if len(answering) == 0 {
		answering = virtual
	}
	var named strength.Evidence
	for o := range answering {
		named.Merge(strength.Evidence{Callees: []strength.Named{{Operation: o, Chains: 1}}})
	}
	return named.Callees
}

func (j *judge) injected(last localtrace.Call) bool {
	return marked(last.Node.Span, j.options.InjectedKeys) || marked(last.From.Root.Span, j.options.InjectedKeys)
}

func marked(span ptrace.Span, keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		v, ok := span.Attributes().Get(key)
		return ok && localtrace.Marks(v)
	})
}
