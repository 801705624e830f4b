package query

import (
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	pathTraces = 200  // that paths are taken from, the newest
	maxPaths   = 1000 // of one answer
)

// The shapes of Jaeger UI's deep dependency graph.
type (
	callPath struct {
		Path       []pathStep      `json:"path"`
		Attributes []pathAttribute `json:"attributes"`
	}
	pathStep struct {
		Service   string `json:"service"`
		Operation string `json:"operation"`
	}
	pathAttribute struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
)

// paths are the ways that calls took through a service or an operation of it,
// from the entrance to the last callee, each once with a trace that took it.
func (s *Server) paths(r *http.Request) (any, error) {
	p := s.parameters(r)
	focus := pathStep{p.required("service"), p.text("operation")}
	q := storage.Query{
		Service: callgraph.Service{Name: focus.Service}, Operation: focus.Operation,
		Attributes: map[string]string{}, Window: p.pathWindow(), Limit: pathTraces,
	}
	if p.err != nil {
		return nil, p.err
	}
	found, _, err := s.find(r.Context(), q)
	t := trie{focus: focus}
	for _, td := range found {
		t.add(td)
	}
	return map[string][]callPath{"dependencies": t.paths()}, err
}

// pathWindow is start and end in microseconds. Zero is none: Jaeger's UI says so.
func (p *parameters) pathWindow() callgraph.Window {
	w := callgraph.Window{To: p.epoch("end", time.Microsecond, p.now)}
	if w.To.UnixMicro() == 0 {
		w.To = p.now
	}
	w.From = p.epoch("start", time.Microsecond, anyTime.From)
	if w.From.UnixMicro() == 0 {
		w.From = notBefore1970(w.To.Add(-defaultLookback))
	}
	p.ordered("start", "end", w.From, w.To)
	return w
}

// trie holds paths that begin alike once. Its size is that of the traces.
type trie struct {
	focus pathStep
	steps []trieStep
	index map[trieKey]int
}

type trieStep struct {
	trieKey
	exemplar string
	inner    bool // a longer path goes through here
	focused  bool // the focus is here or above
}

type trieKey struct {
	above int // -1: nothing
	step  pathStep
}

// add takes a trace's paths in. Only what enters a service is a step; the rest
// of its spans are at the step above them, except for the one that is asked for.
func (t *trie) add(td ptrace.Traces) {
	var at []int // by depth
	for depth, n := range calltree.Build(td).Walk() {
		above := -1
		if at = at[:depth]; depth > 0 {
			above = at[depth-1]
		}
		step := pathStep{n.Service.Name, n.Span.Name()}
		if depth == 0 || enters(n) || step == t.focus {
			above = t.step(above, step, n.Span.TraceID().String())
		}
		at = append(at, above)
	}
}

func enters(n *calltree.Node) bool {
	kind := n.Span.Kind()
	return kind == ptrace.SpanKindServer || kind == ptrace.SpanKindConsumer || n.Service != n.Parent.Service
}

func (t *trie) step(above int, step pathStep, exemplar string) int {
	key := trieKey{above, step}
	if i, known := t.index[key]; known {
		return i
	}
	if t.index == nil {
		t.index = map[trieKey]int{}
	}
	added := trieStep{trieKey: key, exemplar: exemplar}
	added.focused = step.Service == t.focus.Service && (t.focus.Operation == "" || step.Operation == t.focus.Operation)
	if above >= 0 {
		t.steps[above].inner = true
		added.focused = added.focused || t.steps[above].focused
	}
	t.steps = append(t.steps, added)
	t.index[key] = len(t.steps) - 1
	return len(t.steps) - 1
}

func (t *trie) paths() []callPath {
	all := []callPath{}
	for i := 0; i < len(t.steps) && len(all) < maxPaths; i++ {
		if s := t.steps[i]; s.focused && !s.inner {
			all = append(all, callPath{t.path(i), []pathAttribute{{"exemplar_trace_id", s.exemplar}}})
		}
	}
	return all
}

func (t *trie) path(i int) (steps []pathStep) {
	for ; i >= 0; i = t.steps[i].above {
		steps = append(steps, t.steps[i].step)
	}
	slices.Reverse(steps)
	return steps
}
