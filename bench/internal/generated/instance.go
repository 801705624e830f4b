// Package generated makes the spans of a service as its SDK would: local traces
// of a server span and the calls below it, with born-short IDs and the
// attributes that OpenTelemetry's conventions give them.
package generated

import (
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Instance is one process of a service. It is not safe for concurrent use.
type Instance struct {
	resource pcommon.Resource
	random   *rand.Rand
	key      uint64 // of span IDs
	spans    uint64
	now      time.Time
}

// New makes one of many instances: the same number, the same spans.
func New(number int) *Instance {
	i := &Instance{resource: pcommon.NewResource(), random: rand.New(rand.NewPCG(uint64(number), 8))} //nolint:gosec // the same in each run
	i.key = i.random.Uint64()
	i.now = time.Unix(1_764_000_000, 0)
	a := i.resource.Attributes()
	a.PutStr("service.name", fmt.Sprintf("service-%d", number%40))
	a.PutStr("service.namespace", "shop")
	a.PutStr("service.instance.id", i.uuid())
	a.PutStr("host.name", fmt.Sprintf("node-%d.shop.example", number%16))
	a.PutInt("process.pid", int64(i.random.IntN(1<<16)))
	a.PutStr("telemetry.sdk.name", "opentelemetry")
	a.PutStr("telemetry.sdk.language", "go")
	return i
}

// Batch makes so many spans, or one or two more: local traces are whole.
func (i *Instance) Batch(spans int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	i.resource.CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("github.com/jcallgraph/jcallgraph/sdk")
	for ss.Spans().Len() < spans {
		i.localTrace(ss.Spans())
	}
	return td
}

// Renew gives a batch of the instance other IDs and later times, in place.
func (i *Instance) Renew(td ptrace.Traces) {
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	shift := i.now.Sub(spans.At(0).StartTimestamp().AsTime())
	var trace pcommon.TraceID
	var root pcommon.SpanID
	for _, s := range spans.All() {
		start := s.StartTimestamp().AsTime().Add(shift)
		id := i.nextID()
		if s.ParentSpanID().IsEmpty() {
			trace, root = i.traceID(start), id
		} else {
			s.SetParentSpanID(root)
		}
		s.SetTraceID(trace)
		s.SetSpanID(id)
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(s.EndTimestamp().AsTime().Add(shift)))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		i.now = start
	}
}

func (i *Instance) nextID() pcommon.SpanID {
	i.spans++
	return callgraph.SpanIDOf(i.key, i.spans)
}

func (i *Instance) traceID(start time.Time) pcommon.TraceID {
	return callgraph.BornShort(start.UnixMilli(), callgraph.ShortID(i.random.Uint32()))
}

func (i *Instance) uuid() string {
	a, b := i.random.Uint64(), i.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a), uint16(a>>32), a>>52, b>>52, b&(1<<48-1))
}

const routes = 12

func (i *Instance) localTrace(to ptrace.SpanSlice) {
	i.now = i.now.Add(time.Duration(i.random.IntN(2_000_000)))
	trace := i.traceID(i.now)
	route := i.random.IntN(routes)
	server := i.span(to, trace, pcommon.SpanID{}, ptrace.SpanKindServer, fmt.Sprintf("POST /cart/{id}/step-%d", route))
	a := server.Attributes()
	a.PutStr("http.request.method", "POST")
	a.PutStr("http.route", fmt.Sprintf("/cart/{id}/step-%d", route))
	a.PutStr("url.path", fmt.Sprintf("/cart/%d/step-%d", i.random.IntN(1_000_000), route))
	a.PutStr("url.scheme", "http")
	a.PutStr("server.address", "cart.shop.example")
	a.PutInt("server.port", 8080)
	a.PutStr("client.address", fmt.Sprintf("10.0.%d.%d", i.random.IntN(4), i.random.IntN(256)))
	a.PutStr("user_agent.original", fmt.Sprintf("shop-app/4.%d (phone)", i.random.IntN(6)))
	a.PutInt("http.response.status_code", i.status(server))
	if i.random.IntN(20) == 0 {
		a.PutStr("order.id", i.uuid())
	}
	for call := range 1 + route%3 {
		i.call(to, trace, server.SpanID(), route+call)
	}
}

func (i *Instance) status(s ptrace.Span) int64 {
	if i.random.IntN(1000) > 0 {
		return 200
	}
	s.Status().SetCode(ptrace.StatusCodeError)
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(s.EndTimestamp())
	e.Attributes().PutStr("exception.type", "TimeoutError")
	e.Attributes().PutStr("exception.message", fmt.Sprintf("no answer within %d ms", 100+i.random.IntN(900)))
	return 503
}

func (i *Instance) call(to ptrace.SpanSlice, trace pcommon.TraceID, parent pcommon.SpanID, of int) {
	if of%2 == 0 {
		s := i.span(to, trace, parent, ptrace.SpanKindClient, fmt.Sprintf("shop.Stock/Reserve%d", of%routes))
		a := s.Attributes()
		a.PutStr("rpc.system", "grpc")
		a.PutStr("rpc.service", "shop.Stock")
		a.PutStr("rpc.method", fmt.Sprintf("Reserve%d", of%routes))
		a.PutStr("server.address", fmt.Sprintf("stock-%d.shop.example", i.random.IntN(3)))
		a.PutInt("server.port", 9090)
		a.PutInt("rpc.grpc.status_code", 0)
		return
	}
	s := i.span(to, trace, parent, ptrace.SpanKindClient, "SELECT carts")
	a := s.Attributes()
	a.PutStr("db.system.name", "postgresql")
	a.PutStr("db.namespace", "shop")
	a.PutStr("db.query.text", "SELECT id, item, amount FROM carts WHERE id = $1 ORDER BY added")
	a.PutStr("server.address", "db.shop.example")
	a.PutInt("server.port", 5432)
	a.PutInt("db.response.returned_rows", int64(i.random.IntN(40)))
}

func (i *Instance) span(to ptrace.SpanSlice, trace pcommon.TraceID, parent pcommon.SpanID, kind ptrace.SpanKind, name string) ptrace.Span {
	s := to.AppendEmpty()
	s.SetTraceID(trace)
	s.SetSpanID(i.nextID())
	s.SetParentSpanID(parent)
	s.SetKind(kind)
	s.SetName(name)
	s.SetFlags(0x101)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(i.now))
	i.now = i.now.Add(time.Duration(i.random.ExpFloat64() * 200_000))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(i.now.Add(time.Duration(i.random.ExpFloat64() * 5_000_000))))
	return s
}
