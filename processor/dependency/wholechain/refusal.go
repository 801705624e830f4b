package wholechain

import (
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// Refusal says why a chain tells nothing.
type Refusal uint8

const (
	// None is of chains that are whole, and a fair sample.
	None Refusal = iota
	// Gone chains are not stored, or can't be read.
	Gone
	// NoEntrance is of chains that do not begin with one span without a parent, or
	// whose first one nobody judged here.
	NoEntrance
	// Orphaned chains lack the parent of a span.
	Orphaned
	// Unstated chains have a local trace that does not say how many spans it has.
	Unstated
	// Incomplete chains have a local trace that lacks spans.
	Incomplete
	// NotSampled chains have a local trace that was kept for what happened in it, or
	// may have been.
	NotSampled
	// Unanswered chains have a call that went well without its far side, which is
	// usually there.
	Unanswered
	// Refusals is how many there are.
	Refusals = int(iota)
)

// String is the refusal as metrics carry it.
func (r Refusal) String() string {
	if int(r) < len(refusalNames) {
		return refusalNames[r]
	}
	return "invalid"
}

var refusalNames = [Refusals]string{"none", "gone", "no_entrance", "orphaned", "unstated", "incomplete", "not_sampled", "unanswered"}

// refusal looks at the whole chain. What it learns of services and of who
// answers it learns in any case.
func (j *judge) refusal(tree *calltree.Tree, c chain) Refusal {
	if r := broken(tree); r != None {
		return r
	}
	for _, l := range c.locals {
		if r := j.lacking(l); r != None {
			return r
		}
	}
	for _, l := range c.locals {
		if !j.options.samples(localtrace.HeadOf(l.Root.Span)) {
			return NotSampled
		}
	}
	return j.unanswered(c)
}

func broken(tree *calltree.Tree) Refusal {
	for _, p := range tree.Problems() {
		switch p.Oddity {
		case calltree.Orphan, calltree.Circle, calltree.NoIdentity:
			return Orphaned
		case calltree.ExtraRoot:
			return NoEntrance
		}
	}
	if tree.Len() == 0 {
		return Gone
	}
	return None
}

func (j *judge) lacking(l *localtrace.Trace) Refusal {
	whole, stated := l.Whole()
	switch {
	case whole, !stated && j.options.AssumeComplete:
		return None
	case !stated:
		return Unstated
	}
	return Incomplete
}

// samples reports whether a local trace would be here whatever happened in it.
func (o Options) samples(h localtrace.Head) bool {
	return h.Sampling == localtrace.Sampled || h.Sampling == localtrace.Unstated && o.AssumeComplete
}

// unanswered: spans of a callee that were all lost show only so.
func (j *judge) unanswered(c chain) (r Refusal) {
	for _, l := range c.locals {
		for _, call := range l.Calls {
			if result, _ := localtrace.ResultOf(call.Node); result != strength.Succeeded {
				continue
			}
			_, answered := call.Callee()
			if usual := j.answers.learn(call.Site, answered); usual && !answered {
				r = Unanswered
			}
		}
	}
	return r
}
