package query

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// fakeStore holds a few traces; it remembers the last search.
type fakeStore struct {
	fakeKeys
	fakeEvidence
	traces []ptrace.Traces // newest first
	cells  []callgraph.Cell
	asked  storage.Query
	window callgraph.Window // of the last short ID
	fail   error
	panics bool
	paged  bool // Search heeds the window
}

func traceID(td ptrace.Traces) pcommon.TraceID {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceID()
}

func (f *fakeStore) Trace(_ context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	if f.panics {
		panic("a bug")
	}
	for _, td := range f.traces {
		if traceID(td) == id {
			answer := ptrace.NewTraces() // it belongs to the caller
			td.CopyTo(answer)
			return answer, f.fail
		}
	}
	return ptrace.NewTraces(), storage.ErrNotFound
}

func (f *fakeStore) Search(ctx context.Context, q storage.Query) ([]storage.Match, error) {
	f.asked = q
	if f.fail == context.DeadlineExceeded { //nolint:errorlint // the fake's own value
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var found []storage.Match
	for _, td := range f.traces {
		start := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).StartTimestamp().AsTime()
		if !f.paged || q.Window.Contains(start) {
			found = append(found, storage.Match{TraceID: traceID(td), Start: start})
		}
	}
	return found[:min(q.Limit, len(found))], f.fail
}

func (f *fakeStore) ByShortID(_ context.Context, id callgraph.ShortID, w callgraph.Window) (ids []pcommon.TraceID, err error) {
	f.window = w
	for _, td := range f.traces {
		if callgraph.ShortIDOf(traceID(td)) == id {
			ids = append(ids, traceID(td))
		}
	}
	return ids, f.fail
}

func (f *fakeStore) Services(context.Context) ([]callgraph.Service, error) {
	var all []callgraph.Service
	for _, td := range f.traces {
		for _, rs := range td.ResourceSpans().All() {
			all = append(all, calltree.ServiceOf(rs.Resource()))
		}
	}
	return all, f.fail
}

func (f *fakeStore) Operations(_ context.Context, s callgraph.Service) ([]storage.OperationName, error) {
	var all []storage.OperationName
	for _, td := range f.traces {
		for _, rs := range td.ResourceSpans().All() {
			if calltree.ServiceOf(rs.Resource()).Name != s.Name {
				continue
			}
			for _, span := range rs.ScopeSpans().At(0).Spans().All() {
				if o := (storage.OperationName{Name: span.Name(), Kind: span.Kind()}); !slices.Contains(all, o) {
					all = append(all, o)
				}
			}
		}
	}
	return all, f.fail
}

func (f *fakeStore) Cells(_ context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	return yield(slices.DeleteFunc(slices.Clone(f.cells), func(c callgraph.Cell) bool { return !w.Contains(c.Bucket.Window().From) }))
}

func (f *fakeStore) Changes(_ context.Context, after storage.Cursor, yield func([]callgraph.Cell) error) (storage.Cursor, error) {
	if f.fail != nil {
		return after, f.fail
	}
	return "1", yield(f.cells)
}

// The shop at noon: web calls cart, cart calls redis (which only cart names).
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func shop() *fakeStore {
	return &fakeStore{
		traces: []ptrace.Traces{quirks(), order(0x2a), order(0x01)}, cells: shopCells(),
		fakeKeys: fakeKeys{sightings: shopKeys()}, fakeEvidence: fakeEvidence{records: shopEvidence()},
	}
}

// An order and its payment, which go through three traces of which one is not
// stored any more; and the same number elsewhere.
func shopKeys() []callgraph.Sighting {
	order4711 := callgraph.ChainKey{Environment: "test", Kind: "order", Value: "4711"}
	payment := callgraph.ChainKey{Environment: "test", Kind: "payment", Value: "P/1"}
	elsewhere := order4711
	elsewhere.Environment = "prod"
	first, second := traceID(order(0x01)), traceID(order(0x2a))
	return []callgraph.Sighting{
		{Key: order4711, TraceID: [16]byte{15: 0x77}, Start: noon.Add(-time.Hour)},
		{Key: order4711, TraceID: first, Start: noon},
		{Key: payment, TraceID: first, Start: noon.Add(time.Millisecond)},
		{Key: payment, TraceID: second, Start: noon},
		{Key: elsewhere, TraceID: [16]byte{15: 0x78}, Start: noon},
	}
}

// What was seen where web calls cart, twice a request, on two days.
func shopEvidence() []strength.Record {
	site := cartSite()
	record := func(day int64, e strength.Evidence) strength.Record {
		return strength.Record{Key: strength.Key{Day: strength.DayOf(noon) + day, Site: site.ID(), Writer: 1}, Site: site, Evidence: e}
	}
	mail := strength.Other{ID: 7, Callee: strength.Callee{Peer: "mail", Operation: "send", Connection: callgraph.RPC}, Together: 40, After: 40, OKAfter: 40}
	cart := callgraph.Operation{Service: callgraph.Service{Environment: "test", Namespace: "shop", Name: "cart"}, Name: "add"}
	yesterday := strength.Evidence{OK: strength.Tally{Seen: 40, Went: 40, Survived: 40}, Others: []strength.Other{mail}, Calls: 100, LocalTraces: 50}
	yesterday.Failed[strength.Error] = strength.Tally{Seen: 10}
	yesterday.Passed[strength.Incomplete] = 3
	yesterday.First, yesterday.Last = noon.Add(-24*time.Hour), noon.Add(-23*time.Hour)
	today := strength.Evidence{Calls: 4, LocalTraces: 2, First: noon.Add(-time.Hour), Last: noon.Add(-time.Minute)}
	today.Failed[strength.Timeout] = strength.Tally{Seen: 2}
	today.ChainFailed[strength.Timeout] = strength.Tally{Seen: 2, Survived: 1}
	today.Callees = []strength.Named{{Operation: cart, Chains: 5}}
	today.Entrances = []strength.Entrance{{Operation: site.Caller, Chains: 5, Failed: 2, RootFailed: 1}}
	today.Examples = []strength.Example{
		{TraceID: traceID(order(0x2a)), SpanID: [8]byte{7: 2}, At: noon, Class: strength.Timeout},
		{TraceID: [16]byte{15: 0x77}, SpanID: [8]byte{7: 2}, At: noon.Add(-time.Minute), Class: strength.Timeout},
	}
	return []strength.Record{record(-1, yesterday), record(0, today)}
}

func cartSite() strength.Site {
	return strength.Site{
		Caller: callgraph.Operation{Service: callgraph.Service{Environment: "test", Namespace: "shop", Name: "web"}, Name: "GET /"},
		Callee: strength.Callee{Peer: "cart:8080", Operation: "add", Connection: callgraph.RPC},
	}
}

func shopCells() []callgraph.Cell {
	shop := func(name string) callgraph.Service {
		return callgraph.Service{Environment: "test", Namespace: "shop", Name: name}
	}
	get := callgraph.Operation{Service: shop("web"), Name: "GET /"}
	add := callgraph.Operation{Service: shop("cart"), Name: "add"}
	redis := callgraph.Operation{Service: callgraph.Service{Name: "redis:6379"}, Node: callgraph.Virtual}
	edges := []callgraph.Edge{
		{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: get, Connection: callgraph.HTTP},
		{Caller: get, Callee: add, Connection: callgraph.RPC},
		{Caller: add, Callee: redis, Connection: callgraph.Database},
	}
	var cells []callgraph.Cell
	for i, e := range edges {
		for _, o := range []callgraph.Outcome{callgraph.OK, callgraph.Timeout} {
			c := callgraph.Cell{CellKey: callgraph.CellKey{Edge: e, Outcome: o, Bucket: callgraph.BucketAt(noon.Add(-5*time.Minute), 10)}, Sequence: 1}
			n := uint64(100 >> o)
			switch i {
			case 0:
				c.Server.Add(40*time.Millisecond, n)
				c.ServerOnly = n
			case 1:
				c.Client.Add(20*time.Millisecond, n)
				c.Server.Add(10*time.Millisecond, n)
			case 2:
				c.Client.Add(time.Millisecond, n)
				c.Provisional = n
			}
			cells = append(cells, c)
		}
	}
	return cells
}
