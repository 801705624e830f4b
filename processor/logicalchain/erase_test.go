package logicalchain

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// shelf is a store of one key whose calls may fail.
type shelf struct {
	storage.KeyReader
	storage.CellReader
	sightings []callgraph.Sighting // by start
	spans     map[pcommon.TraceID]ptrace.Traces
	cells     []callgraph.Cell
	evidence  []strength.Record
	calls     int
	failAt    int // number of the call that fails; 0: none
}

var errShelf = errors.New("shelf fell")

func (s *shelf) fails() error {
	if s.calls++; s.calls == s.failAt {
		return errShelf
	}
	return nil
}

func (s *shelf) Sightings(_ context.Context, key callgraph.ChainKey, after storage.Place, limit int) ([]callgraph.Sighting, error) {
	behind := slices.IndexFunc(s.sightings, func(x callgraph.Sighting) bool { return x.Key == key && x.Start.UnixNano() > after.Start })
	if behind < 0 {
		behind = len(s.sightings)
	}
	rest := s.sightings[behind:]
	return slices.Clone(rest[:min(limit, len(rest))]), s.fails()
}

func (s *shelf) EraseSpans(_ context.Context, traces []pcommon.TraceID, erase func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool) (n int, err error) {
	for _, id := range traces {
		for _, rs := range s.spans[id].ResourceSpans().All() {
			rs.ScopeSpans().At(0).Spans().RemoveIf(func(span ptrace.Span) bool {
				gone := erase(rs.Resource(), rs.ScopeSpans().At(0).Scope(), span)
				if gone {
					n++
				}
				return gone
			})
		}
	}
	return n, s.fails()
}

func (s *shelf) EraseKey(_ context.Context, key callgraph.ChainKey) error {
	s.sightings = slices.DeleteFunc(s.sightings, func(x callgraph.Sighting) bool { return x.Key == key })
	return s.fails()
}

func (s *shelf) Cells(_ context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	for _, c := range s.cells {
		if w.Contains(time.Unix(c.Bucket.Start, 0)) {
			if err := yield([]callgraph.Cell{c}); err != nil {
				return err
			}
		}
	}
	return s.fails()
}

func (s *shelf) Evidence(_ context.Context, q storage.EvidenceQuery, yield func([]strength.Record) error) error {
	for _, r := range s.evidence {
		if q.FromDay <= r.Day && r.Day <= q.ToDay {
			if err := yield([]strength.Record{r}); err != nil {
				return err
			}
		}
	}
	return s.fails()
}

// filled has traces with one span that carries order A and one that does not.
func filled(traces int) *shelf {
	s := &shelf{spans: map[pcommon.TraceID]ptrace.Traces{}}
	for i := range traces {
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[:], uint64(i+1))
		s.spans[id] = order(uint64(i+1), int64(i+1), "A")
		first(s.spans[id]).CopyTo(s.spans[id].ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty())
		first(s.spans[id]).Attributes().Clear()
		s.sightings = append(s.sightings, callgraph.Sighting{Key: orderA, TraceID: id, Start: time.Unix(0, int64(i+1))})
	}
	return s
}

var orderA = callgraph.ChainKey{Kind: "order", Value: "A"}

func (s *shelf) left() (n int) {
	for _, td := range s.spans {
		n += td.SpanCount()
	}
	return n
}

func TestEraseTakesEveryTraceOfTheKey(t *testing.T) {
	rules := mustRules(t, Rule{Kind: "order", Attributes: []string{"order"}})
	for _, traces := range []int{0, 1, erasePage - 1, erasePage, 2*erasePage + 1} {
		s := filled(traces)
		got, err := Erase(t.Context(), s, rules, orderA)
		require.NoError(t, err)
		require.Equal(t, Erased{Traces: traces, Spans: traces}, got)
		require.Equal(t, traces, s.left())
		require.Empty(t, s.sightings)
		got, err = Erase(t.Context(), s, rules, orderA)
		require.NoError(t, err)
		require.Zero(t, got, "a second time")
	}
}

// TestEraseGoesOnAfterAnError: whichever call fails, the next attempt ends it.
func TestEraseGoesOnAfterAnError(t *testing.T) {
	rules := mustRules(t, Rule{Kind: "order", Attributes: []string{"order"}})
	const traces = 2*erasePage + 1
	for failAt := 1; ; failAt++ {
		s := filled(traces)
		s.failAt = failAt
		got, err := Erase(t.Context(), s, rules, orderA)
		if err == nil {
			require.Equal(t, 8, failAt, "three pages, read and erased, and the key")
			return
		}
		require.ErrorIs(t, err, errShelf)
		require.NotContains(t, err.Error(), orderA.Value, "errors are logged, and the key was to vanish")
		require.LessOrEqual(t, got.Spans, traces)
		_, err = Erase(t.Context(), s, rules, orderA)
		require.NoError(t, err)
		require.Equal(t, traces, s.left())
		require.Empty(t, s.sightings)
	}
}

// TestWhichSpansCarryAKey changes one thing of a span at a time.
func TestWhichSpansCarryAKey(t *testing.T) {
	rules := mustRules(t,
		Rule{Kind: "order", Attributes: []string{"order"}, Normalise: []string{"no_leading_zeros"}},
		Rule{Kind: "payment", Attributes: []string{"payment"}, HMACKey: secret})
	put := func(name string, value any) func(ptrace.Span) {
		return func(s ptrace.Span) {
			if err := s.Attributes().PutEmpty(name).FromRaw(value); err != nil {
				panic(err)
			}
		}
	}
	order4711 := rules.Key("", "order", "4711")
	for name, c := range map[string]struct {
		key     callgraph.ChainKey
		raw     []string
		change  func(ptrace.Span)
		carries bool
	}{
		"nothing":                       {order4711, nil, func(ptrace.Span) {}, false},
		"by rule":                       {order4711, nil, put("order", int64(4711)), true},
		"by rule, another spelling":     {rules.Key("", "order", "47"), nil, put("order", "0047"), true},
		"by rule, in a list":            {rules.Key("", "order", "47"), nil, put("order", []any{"1", "2", "3", "4", "5", "6", "7", "8", "9", "47"}), true},
		"another key by rule":           {rules.Key("", "order", "47"), nil, put("order", "48"), false},
		"another kind, too short":       {rules.Key("", "order", "47"), nil, put("payment", "47"), false},
		"stated":                        {callgraph.ChainKey{Kind: "waybill", Value: "w"}, nil, put("jcg.chain.waybill", "w"), true},
		"in any attribute":              {order4711, nil, put("url.path", "/orders/4711/pay"), true},
		"in an attribute, other case":   {callgraph.ChainKey{Kind: "order", Value: "abcd"}, nil, put("url.path", "/ABCD"), true},
		"as any number":                 {order4711, nil, put("id", int64(4711)), true},
		"within a number":               {order4711, nil, put("nanoseconds", int64(1471100)), false},
		"too short for a search":        {rules.Key("", "order", "471"), nil, put("url.path", "/orders/471"), false},
		"in a list":                     {order4711, nil, put("x", []any{"a", []any{"o4711"}}), true},
		"in a map's value":              {order4711, nil, put("x", map[string]any{"a": "4711"}), true},
		"in a map's name":               {order4711, nil, put("x", map[string]any{"4711": true}), true},
		"in bytes":                      {order4711, nil, put("x", []byte("4711")), true},
		"in the name":                   {order4711, nil, func(s ptrace.Span) { s.SetName("GET /orders/4711") }, true},
		"in the status message":         {order4711, nil, func(s ptrace.Span) { s.Status().SetMessage("4711: no stock") }, true},
		"in an event's name":            {order4711, nil, func(s ptrace.Span) { s.Events().AppendEmpty().SetName("packed 4711") }, true},
		"in an event's attribute":       {order4711, nil, func(s ptrace.Span) { s.Events().AppendEmpty().Attributes().PutStr("log", "packed 4711") }, true},
		"in a link's attribute":         {order4711, nil, func(s ptrace.Span) { s.Links().AppendEmpty().Attributes().PutStr("x", "4711") }, true},
		"in the tracestate":             {order4711, nil, func(s ptrace.Span) { s.TraceState().FromRaw("vendor=o:4711") }, true},
		"in a link's tracestate":        {order4711, nil, func(s ptrace.Span) { s.Links().AppendEmpty().TraceState().FromRaw("vendor=4711") }, true},
		"percent-encoded":               {callgraph.ChainKey{Kind: "order", Value: "A/47 ü"}, nil, put("url.full", "/orders/a%2F47%20%c3%bc/pay"), true},
		"percent-encoded twice":         {callgraph.ChainKey{Kind: "order", Value: "A/47"}, nil, put("url.full", "/orders/A%252F47"), true},
		"in a form":                     {callgraph.ChainKey{Kind: "order", Value: "A 47/1"}, nil, put("url.query", "order=A+47%2F1"), true},
		"in base64":                     {callgraph.ChainKey{Kind: "order", Value: "A-4711"}, nil, put("body", base64.StdEncoding.EncodeToString([]byte(`{"order":"A-4711"}`))), true},
		"in base64, in a URL":           {callgraph.ChainKey{Kind: "order", Value: ">>>???"}, nil, put("url.query", "state="+url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(">>>???")))), true},
		"in base64, too short":          {rules.Key("", "order", "47111"), nil, put("body", base64.StdEncoding.EncodeToString([]byte("47111"))), false},
		"by HMAC":                       {rules.Key("", "payment", "77"), nil, put("payment", rules.Key("", "payment", "77").Value), true},
		"by HMAC, raw where none looks": {rules.Key("", "payment", "7777"), []string{"7777"}, put("url.path", "/pay/7777"), true},
		"by HMAC, raw is not told":      {rules.Key("", "payment", "7777"), nil, put("url.path", "/pay/7777"), false},
	} {
		span := ptrace.NewSpan()
		span.SetName("GET /")
		span.Attributes().PutStr("http.route", "/")
		c.change(span)
		require.Equal(t, c.carries, newEraser(rules, c.key, c.raw).carries(pcommon.NewResource(), pcommon.NewInstrumentationScope(), span), name)
	}
	require.False(t, newEraser(nil, order4711, nil).carries(pcommon.NewResource(), pcommon.NewInstrumentationScope(), ptrace.NewSpan()))
	require.Len(t, newEraser(nil, order4711, []string{strings.Repeat("x", 5), "abc"}).needles.texts, 2)
}

// TestSpansCarryWhatTheirSurroundingsSay changes one thing around a span at a time.
func TestSpansCarryWhatTheirSurroundingsSay(t *testing.T) {
	for name, change := range map[string]func(pcommon.Resource, pcommon.InstrumentationScope){
		"a resource's attribute": func(r pcommon.Resource, _ pcommon.InstrumentationScope) { r.Attributes().PutStr("tenant", "shop-4711") },
		"a resource's number":    func(r pcommon.Resource, _ pcommon.InstrumentationScope) { r.Attributes().PutInt("customer", 4711) },
		"a scope's name":         func(_ pcommon.Resource, s pcommon.InstrumentationScope) { s.SetName("job 4711") },
		"a scope's version":      func(_ pcommon.Resource, s pcommon.InstrumentationScope) { s.SetVersion("4711") },
		"a scope's attribute":    func(_ pcommon.Resource, s pcommon.InstrumentationScope) { s.Attributes().PutStr("run", "4711") },
	} {
		r, s := pcommon.NewResource(), pcommon.NewInstrumentationScope()
		r.Attributes().PutStr("service.name", "web")
		e := newEraser(nil, callgraph.ChainKey{Kind: "order", Value: "4711"}, nil)
		require.False(t, e.carries(r, s, ptrace.NewSpan()), name)
		change(r, s)
		require.True(t, e.carries(r, s, ptrace.NewSpan()), name)
	}
}

// TestWhatStillNamesAKeyIsCounted once an edge and a site, of any time.
func TestWhatStillNamesAKeyIsCounted(t *testing.T) {
	named := func(name string) callgraph.Operation {
		return callgraph.Operation{Service: callgraph.Service{Name: "web"}, Name: name}
	}
	edge := func(caller, callee string, start int64) callgraph.Cell {
		var c callgraph.Cell
		c.Edge, c.Bucket.Start = callgraph.Edge{Caller: named(caller), Callee: named(callee)}, start
		return c
	}
	site := func(id callgraph.StaticID, day int64, change func(*strength.Record)) strength.Record {
		r := strength.Record{Key: strength.Key{Site: id, Day: day}, Site: strength.Site{Caller: named("GET /"), Callee: strength.Callee{Peer: "db", Operation: "get"}}}
		change(&r)
		return r
	}
	s, key := filled(1), callgraph.ChainKey{Kind: "order", Value: "AB-4711"}
	s.sightings[0].Key = key
	s.cells = []callgraph.Cell{
		edge("GET /", "GET /orders/ab-4711", 10), edge("GET /", "GET /orders/ab-4711", 1<<33), edge("GET /orders/ab%2D4711", "x", 0), edge("GET /", "GET /orders/AB-471", 0),
	}
	s.evidence = []strength.Record{
		site(1, 1, func(*strength.Record) {}),
		site(2, 1, func(r *strength.Record) { r.Site.Caller.Name = "GET /AB-4711" }),
		site(2, 2, func(r *strength.Record) { r.Site.Caller.Name = "GET /AB-4711" }),
		site(3, 1<<20, func(r *strength.Record) { r.Site.Callee.Operation = "get AB-4711" }),
		site(4, 1, func(r *strength.Record) { r.Site.Callee.Peer = "ab-4711.db" }),
		site(5, 1, func(r *strength.Record) {
			r.Evidence.Others = []strength.Other{{}, {Callee: strength.Callee{Operation: "get AB-4711"}}}
		}),
		site(6, 1, func(r *strength.Record) { r.Evidence.Callees = []strength.Named{{Operation: named("get AB-4711")}} }),
		site(7, 1, func(r *strength.Record) {
			r.Evidence.Entrances = []strength.Entrance{{Operation: named("GET /AB-4711")}}
		}),
	}
	for failAt := 3; failAt <= 4; failAt++ { // after the traces were read and erased
		s.calls, s.failAt = 0, failAt
		_, err := Erase(t.Context(), s, nil, key)
		require.ErrorIs(t, err, errShelf)
		require.ErrorContains(t, err, "count what still names it")
		require.NotEmpty(t, s.sightings, "it is still found, to go on")
	}
	got, err := Erase(t.Context(), s, nil, key)
	require.NoError(t, err)
	require.Equal(t, Left{Edges: 2, Sites: 6}, got.Left)
	require.Empty(t, s.sightings)
}
