package query

import (
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/failure"
	"github.com/jcallgraph/jcallgraph/storage"
)

// maxChainSpans is how many spans of a chain are answered; its summary counts all.
const maxChainSpans = 100_000

// The shapes of a chain; durations are in seconds.
type (
	chainAnswer struct {
		Chain  chain     `json:"chain"`
		Others []summary `json:"others"`
	}
	chain struct {
		Summary   summary       `json:"summary"`
		Keys      []keyShape    `json:"keys"`
		States    []keyState    `json:"states"`
		Services  []serviceName `json:"services"`
		Spans     []chainSpan   `json:"spans"`
		Origins   []chainOrigin `json:"origins"`
		Truncated bool          `json:"truncated"`
	}
	chainSpan struct {
		ID        string   `json:"id"`
		Parent    int      `json:"parent"`
		Depth     int      `json:"depth"`
		Service   int      `json:"service"`
		Operation string   `json:"operation"`
		SpanKind  string   `json:"spanKind"`
		Start     float64  `json:"start"` // after the chain's
		Duration  float64  `json:"duration"`
		Outcome   string   `json:"outcome"`
		Source    string   `json:"source"`
		Problems  []string `json:"problems"`
		Events    int      `json:"events"`
		Links     int      `json:"links"`

		Strength       string `json:"strength"`
		StrengthSource string `json:"strengthSource"`
		Dependency     string `json:"dependency"`
	}
	chainOrigin struct {
		Span    int          `json:"span"`
		Failure failureShape `json:"failure"`
	}
	failureShape struct {
		SpanID string `json:"spanId"`
		operationName
		SpanKind  string `json:"spanKind"`
		Outcome   string `json:"outcome"`
		Source    string `json:"source"`
		ErrorType string `json:"errorType"`
		Message   string `json:"message"`
		Peer      string `json:"peer"`
		Handled   bool   `json:"handled"`
		WaiterID  string `json:"waiterSpanId"`
	}
)

// chainByID answers with the newest chain that an ID names, and tells of the
// others that have the same short ID.
func (s *Server) chainByID(r *http.Request) (any, error) {
	found, err := s.tracesOf(r, maxSameShortID)
	if err != nil {
		return nil, err
	}
	st := newStory(found[0])
	answer := chainAnswer{Chain: st.shown(), Others: make([]summary, 0, len(found)-1)}
	keys, err := s.options.Backend.KeysOf(r.Context(), st.entrance.Span.TraceID())
	if err != nil {
		return nil, fmt.Errorf("keys of chain %s: %w", r.PathValue("id"), err)
	}
	answer.Chain.Keys, answer.Chain.States = shownKeys(keys), st.states(keys)
	s.judgeCalls(st, answer.Chain.Spans)
	for _, td := range found[1:] {
		answer.Others = append(answer.Others, newStory(td).summary())
	}
	return answer, nil
}

// tracesOf reads the traces that a path's ID names, newest first.
func (s *Server) tracesOf(r *http.Request, limit int) ([]ptrace.Traces, error) {
	p := s.parameters(r)
	w := callgraph.Window{From: p.instant("from", anyTime.From), To: p.instant("to", anyTime.To)}
	p.ordered("from", "to", w.From, w.To)
	if err := p.fault(); err != nil {
		return nil, err
	}
	return s.traces(r.Context(), r.PathValue("id"), w, limit)
}

// chainSpans are all spans of an ID: both halves of a call may share one.
func (s *Server) chainSpans(r *http.Request) (any, error) {
	id, err := parseSpanID(r.PathValue("span"))
	if err != nil {
		return nil, err
	}
	found, err := s.tracesOf(r, 1)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Spans []spanDetail `json:"spans"`
	}{[]spanDetail{}}
	for _, n := range calltree.Build(found[0]).Walk() {
		if n.Span.SpanID() == id {
			answer.Spans = append(answer.Spans, shownSpan(n))
		}
	}
	if len(answer.Spans) == 0 {
		return nil, fmt.Errorf("span %s in trace %s: %w", id, r.PathValue("id"), storage.ErrNotFound)
	}
	return answer, nil
}

// shown numbers spans as the tree has them, parents first.
func (st *story) shown() chain {
	c := chain{
		Summary: st.summary(), Services: []serviceName{}, Spans: make([]chainSpan, 0, min(st.tree.Len(), maxChainSpans)),
		Origins: make([]chainOrigin, 0, len(st.origins)), Truncated: st.tree.Len() > maxChainSpans,
	}
	problems := problemsOf(st.tree)
	index, services := make(map[*calltree.Node]int, st.tree.Len()), map[callgraph.Service]int{}
	for depth, n := range st.tree.Walk() {
		if len(c.Spans) == maxChainSpans {
			break
		}
		service, known := services[n.Service]
		if !known {
			service = len(c.Services)
			services[n.Service] = service
			c.Services = append(c.Services, nameOf(n.Service))
		}
		parent := -1
		if n.Parent != nil {
			parent = index[n.Parent]
		}
		index[n] = len(c.Spans)
		c.Spans = append(c.Spans, st.shownNode(n, depth, parent, service, problems[n]))
	}
	for i := range st.origins {
		if at, shown := index[st.origins[i].Node]; shown {
			c.Origins = append(c.Origins, chainOrigin{at, shownFailure(&st.origins[i])})
		}
	}
	return c
}

func (st *story) shownNode(n *calltree.Node, depth, parent, service int, problems []string) chainSpan {
	outcome, source := n.Outcome()
	if problems == nil {
		problems = []string{}
	}
	return chainSpan{
		ID: n.Span.SpanID().String(), Parent: parent, Depth: depth, Service: service, Operation: n.Span.Name(),
		SpanKind: spanKind(n.Span.Kind()), Start: st.after(n.Span.StartTimestamp()), Duration: n.Duration().Seconds(),
		Outcome: outcome.String(), Source: source, Problems: problems, Events: n.Span.Events().Len(), Links: n.Span.Links().Len(),
	}
}

func problemsOf(t *calltree.Tree) map[*calltree.Node][]string {
	all := map[*calltree.Node][]string{}
	for _, p := range t.Problems() {
		all[p.Node] = append(all[p.Node], p.Oddity.String())
	}
	return all
}

func shownFailure(f *failure.Failure) failureShape {
	waiter := ""
	if f.Waiter != nil {
		waiter = f.Waiter.Span.SpanID().String()
	}
	return failureShape{
		SpanID: f.Node.Span.SpanID().String(), operationName: operationName{nameOf(f.Node.Service), f.Node.Span.Name()},
		SpanKind: spanKind(f.Node.Span.Kind()), Outcome: f.Outcome.String(), Source: f.Source,
		ErrorType: f.Type, Message: f.Message, Peer: f.Peer, Handled: f.Handled, WaiterID: waiter,
	}
}
