package sdk

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
)

// Bounds of what /debug/jcallgraph shows of edges.
const (
	topEdges     = 20
	watchedEdges = 1024
)

// EdgeCalls is an edge with the calls that were sent of it since the start.
type EdgeCalls struct {
	Caller string `json:"caller"`
	Callee string `json:"callee"`
	Calls  int64  `json:"calls"`
}

type edgeName struct{ caller, callee string }

// edgeWatch is the exporter of counts; it remembers how many calls it sent by
// edge. Edges beyond its bound are sent, but not shown.
type edgeWatch struct {
	edge.Exporter
	users *users
	mu    sync.Mutex
	calls map[edgeName]int64
}

func watch(e edge.Exporter, u *users) *edgeWatch {
	return &edgeWatch{Exporter: e, users: u, calls: map[edgeName]int64{}}
}

// ExportInterval implements edge.Exporter. An interval is acknowledged once.
func (w *edgeWatch) ExportInterval(ctx context.Context, i callgraph.Interval) error {
	err := w.Exporter.ExportInterval(ctx, i)
	if err == nil {
		w.note(i.Cells)
	}
	return err
}

// Shutdown implements edge.Exporter.
func (w *edgeWatch) Shutdown(ctx context.Context) error {
	if !w.users.last() {
		return nil
	}
	return w.Exporter.Shutdown(ctx)
}

func (w *edgeWatch) note(cells []callgraph.Cell) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range cells {
		c := &cells[i]
		calls := int64(c.Calls())
		if calls == 0 {
			continue // tells a name, no call
		}
		name := edgeName{endName(&c.Edge.Caller), endName(&c.Edge.Callee)}
		if _, known := w.calls[name]; known || len(w.calls) < watchedEdges {
			w.calls[name] += calls
		}
	}
}

// endName is an end of an edge for people: its service and operation, or what
// it is instead.
func endName(o *callgraph.Operation) string {
	name := o.Service.Name
	if name == "" && o.Node != callgraph.Observed {
		name = o.Node.String()
	}
	if o.Name != "" {
		name += " " + o.Name
	}
	return name
}

// top are the edges with the most calls.
func (w *edgeWatch) top() []EdgeCalls {
	w.mu.Lock()
	list := make([]EdgeCalls, 0, len(w.calls))
	for name, calls := range w.calls {
		list = append(list, EdgeCalls{name.caller, name.callee, calls})
	}
	w.mu.Unlock()
	slices.SortFunc(list, func(a, b EdgeCalls) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return list[:min(len(list), topEdges)]
}
