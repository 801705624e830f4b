package query

import (
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// judgeCalls tells the strength of each call among a chain's spans, which are in
// the order of its tree.
func (s *Server) judgeCalls(st *story, spans []chainSpan) {
	calls := map[*calltree.Node]strength.Site{}
	for _, l := range localtrace.Of(st.tree) {
		for _, c := range l.Calls {
			calls[c.Node] = c.Site
		}
	}
	known, at := s.strengths.snapshot(), 0
	for _, n := range st.tree.Walk() {
		if at == len(spans) {
			return
		}
		if site, made := calls[n]; made {
			spans[at].judge(site, known)
		}
		at++
	}
}

// judge: a site without evidence has an ID all the same.
func (c *chainSpan) judge(site strength.Site, known verdicts) {
	id, verdict := site.ID(), strength.Verdict{}
	if d := known.sites[id]; d != nil {
		verdict = d.verdict
	}
	c.Dependency, c.Strength, c.StrengthSource = id.String(), verdict.Strength.String(), verdict.Source.String()
}
