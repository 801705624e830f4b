package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// Calls that every source makes.
const (
	succeed = 20
	fail    = 5
)

// overlay shortens the wait for halves that do not come. A client half that comes
// first is waited for as long as buckets are open; a server half no longer than
// the window. Processes that export on their own have more of it.
const (
	overlay = "yaml:connectors::call_graph: {pairing_window: 5s, open_time: 20s}"
	patient = "yaml:connectors::call_graph: {pairing_window: 15s, open_time: 45s}"
)

// pair is two services, front calling back, in a collector that they send to.
type pair struct {
	*collectortest.Run
	front, back string
	environment string
	shared      bool // client and server of a call have one span ID
}

// call asks front over HTTP for what it must ask back for.
func call(t *testing.T, front string) {
	t.Helper()
	for range succeed {
		require.Equal(t, http.StatusOK, ask(t, front+"/item"))
	}
	for range fail {
		require.Equal(t, http.StatusInternalServerError, ask(t, front+"/broken"))
	}
}

func ask(t *testing.T, url string) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// requireSeen waits until the API shows all calls, and no other.
func (p pair) requireSeen(t *testing.T) {
	t.Helper()
	p.Eventually("whole chains", p.wholeChains)
	p.Eventually("nothing to wait for another half", func(ctx context.Context) error {
		pending, err := p.Metric(ctx, "jcallgraph_callgraph_spans_pending")
		if err == nil && pending > 0 {
			err = fmt.Errorf("%v spans wait", pending)
		}
		return err
	})
	p.Eventually("the exact edge", p.exactEdge)
	calls, err := p.CallsFrom(t.Context(), p.front)
	require.NoError(t, err)
	require.Equal(t, map[string]uint64{p.back: succeed + fail}, calls)
}

// wholeChains checks that every call is a chain of both services.
func (p pair) wholeChains(ctx context.Context) error {
	ids, err := p.chains(ctx)
	if err != nil {
		return err
	}
	if len(ids) != succeed+fail {
		return fmt.Errorf("%d chains, must be %d", len(ids), succeed+fail)
	}
	failed := 0
	for _, id := range ids {
		td, err := p.Trace(ctx, id)
		if err != nil {
			return err
		}
		c := chainOf(td)
		if err := p.whole(c); err != nil {
			return fmt.Errorf("chain %s: %w: %v", id, err, c)
		}
		if c.one(p.back, ptrace.SpanKindServer).failed() {
			failed++
		}
	}
	if failed != fail {
		return fmt.Errorf("%d chains failed, must be %d", failed, fail)
	}
	return nil
}

// chains are the traces that Jaeger's search finds for front.
func (p pair) chains(ctx context.Context) (ids []pcommon.TraceID, err error) {
	var answer struct {
		Data []struct {
			TraceID string
		}
	}
	if err := p.GetJSON(ctx, "/api/traces?limit=100&service="+url.QueryEscape(p.front), &answer); err != nil {
		return nil, err
	}
	for _, d := range answer.Data {
		ids = append(ids, traceID(d.TraceID))
	}
	return ids, nil
}

// whole checks a chain: front's server span, its client span somewhere below,
// back's server span right below that.
func (p pair) whole(c chain) error {
	entrance, client, server := c.one(p.front, ptrace.SpanKindServer), c.one(p.front, ptrace.SpanKindClient), c.one(p.back, ptrace.SpanKindServer)
	switch {
	case entrance == nil || client == nil || server == nil:
		return errors.New("front's server and client span and back's server span must be there, once")
	case !entrance.ParentSpanID().IsEmpty():
		return errors.New("front's server span must be the root")
	case !c.below(client, entrance):
		return errors.New("the client span must lie below front's server span")
	case p.shared && (server.SpanID() != client.SpanID() || server.ParentSpanID() != client.ParentSpanID()):
		return errors.New("both halves must share span ID and parent")
	case !p.shared && server.ParentSpanID() != client.SpanID():
		return errors.New("back's server span must be the client span's child")
	}
	return nil
}

// exactEdge checks that front is called from outside and calls back, and that
// nothing else happens.
func (p pair) exactEdge(ctx context.Context) error {
	var g graph
	query := url.Values{"service": {p.front}, "environment": {p.environment}, "up": {"1"}, "down": {"1"}}
	if err := p.GetJSON(ctx, "/api/jcg/v1/neighbourhood?"+query.Encode(), &g); err != nil {
		return err
	}
	calls := fmt.Sprintf("calls=%d errors=%d outcomes=map[error:%d ok:%d]", succeed+fail, fail, fail, succeed)
	here := p.environment + "/"
	want := []string{
		"outside / -> observed " + here + p.front + " " + calls,
		"observed " + here + p.front + " -> observed " + here + p.back + " " + calls,
	}
	if got := g.lines(); !slices.Equal(got, want) {
		return fmt.Errorf("calls are %q, must be %q", got, want)
	}
	return nil
}

type graph struct {
	Nodes []struct{ Kind, Environment, Service string }
	Edges []struct {
		Caller, Callee int
		Calls, Errors  uint64
		Outcomes       map[string]uint64
	}
}

func (g graph) lines() (all []string) {
	node := func(i int) string { return g.Nodes[i].Kind + " " + g.Nodes[i].Environment + "/" + g.Nodes[i].Service }
	for _, e := range g.Edges {
		all = append(all, fmt.Sprintf("%s -> %s calls=%d errors=%d outcomes=%v", node(e.Caller), node(e.Callee), e.Calls, e.Errors, e.Outcomes))
	}
	return all
}

func (c chain) String() string {
	var lines []string
	for _, s := range c {
		lines = append(lines, fmt.Sprintf("%s %s %q %s<-%s", s.service, s.Kind(), s.Name(), s.SpanID(), s.ParentSpanID()))
	}
	return fmt.Sprint(slices.Sorted(slices.Values(lines)))
}
