package simulate

import (
	"encoding/binary"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// Span flags of OTLP: the trace flags, and whether the parent is remote.
const (
	flagSampled   = 0x1
	flagHasRemote = 0x100
	flagRemote    = 0x200
)

// writer makes the spans of the present chain.
type writer struct {
	*System
	fate fate
	key  uint64
	keys []Key // business keys of the chain
}

// Spans of a chain have numbers, which give their IDs.
func (w *writer) callID(i int32) pcommon.SpanID  { return callgraph.SpanIDOf(w.key, uint64(i)*3+1) }
func (w *writer) stageID(i int32) pcommon.SpanID { return callgraph.SpanIDOf(w.key, uint64(i)*3+2) }
func (w *writer) rootID(e int32) pcommon.SpanID  { return callgraph.SpanIDOf(w.key, uint64(e)*3+3) }

// write makes spans of what is kept of the chain.
func (w *writer) write(id [16]byte, state sampler.State) {
	c := &w.chain
	first := &w.services[w.operations[c.executions[0].operation].service]
	w.fate = w.sdk.decide(id, state, first.stock)
	w.key = binary.BigEndian.Uint64(id[8:]) ^ w.Seed
	for e := range c.executions {
		x := &c.executions[e]
		switch {
		case x.dead:
		case w.services[w.operations[x.operation].service].stock:
			if w.fate.root.Sampled {
				w.writeStock(int32(e))
			}
		case x.kept || w.fate.root.Sampled:
			w.writeLocal(int32(e))
		}
	}
}

// writeLocal has the SDK decide a local trace.
func (w *writer) writeLocal(e int32) {
	l := local{sdk: &w.sdk, chain: &w.chain, fate: &w.fate, execution: e, head: w.fate.head(e)}
	l.export = func(m member, v sampler.Verdict) { w.writeMember(e, m, v, &l) }
	l.settle(w.sdk.membersOf(&w.chain, e), func(v sampler.Verdict) {
		s, ok := w.writeRoot(e, v)
		if !ok {
			return
		}
		w.describeHead(s, &l, v, true)
		s.Attributes().PutInt(callgraph.AttributeLocalSpans, int64(l.spans))
		s.Attributes().PutInt(callgraph.AttributeLocalDropped, int64(l.dropped))
	})
}

// writeStock writes a local trace as an SDK does that is not ours.
func (w *writer) writeStock(e int32) {
	v := sampler.Verdict{Export: true, Weighted: w.fate.root.Weighted, Threshold: w.fate.root.Threshold}
	for _, m := range w.sdk.membersOf(&w.chain, e) {
		w.writeMember(e, m, v, nil)
	}
	w.writeRoot(e, v)
}

func (w *writer) describeHead(s ptrace.Span, l *local, v sampler.Verdict, root bool) {
	if th, ok := headThreshold(l.head, v, root); ok {
		s.Attributes().PutStr(callgraph.AttributeHeadThreshold, th)
	}
}

func (w *writer) writeRoot(e int32, v sampler.Verdict) (ptrace.Span, bool) {
	x := &w.chain.executions[e]
	s, ok := w.post.span(x.process, x.end)
	if !ok {
		return s, false
	}
	op := &w.operations[x.operation]
	w.describe(s, x.process, x.start, x.end, v)
	s.SetSpanID(w.rootID(e))
	s.SetName(op.name)
	s.SetKind(ptrace.SpanKindServer)
	if x.parent >= 0 {
		s.SetParentSpanID(w.callID(x.parent))
		s.SetFlags(flagSampled | flagHasRemote | flagRemote)
	}
	if op.connection == callgraph.Messaging {
		s.SetKind(ptrace.SpanKindConsumer)
	}
	w.describeEntry(s, op, x.ending)
	if e == 0 {
		for _, k := range w.keys {
			s.Attributes().PutStr(k.attribute(), k.Value)
		}
	}
	return s, true
}

func (w *writer) writeMember(e int32, m member, v sampler.Verdict, l *local) {
	x := &w.chain.executions[e]
	s, ok := w.post.span(x.process, m.end)
	if !ok {
		return
	}
	if m.stage {
		w.writeStage(s, e, m, v)
	} else {
		w.writeCall(s, e, m.index, v)
	}
	if l != nil {
		w.describeHead(s, l, v, false)
	}
}

func (w *writer) writeStage(s ptrace.Span, e int32, m member, v sampler.Verdict) {
	g := &w.chain.stages[m.index]
	w.describe(s, w.chain.executions[e].process, g.start, m.end, v)
	s.SetSpanID(w.stageID(m.index))
	s.SetParentSpanID(w.above(e, g.parent))
	s.SetName(g.name)
	s.SetKind(ptrace.SpanKindInternal)
	if g.of >= 0 {
		k := &w.chain.calls[g.of]
		s.SetName("client " + w.sites[k.step.site].Callee.Operation)
		s.SetKind(ptrace.SpanKindClient)
		w.describeExit(s, &w.sites[k.step.site], k)
	}
}

// above is the span ID of a stage, or of the execution where there is none.
func (w *writer) above(e, stage int32) pcommon.SpanID {
	if stage >= 0 {
		return w.stageID(stage)
	}
	return w.rootID(e)
}

func (w *writer) writeCall(s ptrace.Span, e, i int32, v sampler.Verdict) {
	x, k := &w.chain.executions[e], &w.chain.calls[i]
	w.describe(s, x.process, k.start, k.end, v)
	s.SetSpanID(w.callID(i))
	s.SetParentSpanID(w.above(e, k.stage))
	site := &w.sites[k.step.site]
	s.SetName(site.Callee.Operation)
	s.SetKind(ptrace.SpanKindClient)
	if site.Callee.Connection == callgraph.Messaging {
		s.SetKind(ptrace.SpanKindProducer)
	}
	w.describeExit(s, site, k)
	if e == 0 {
		for _, key := range w.keys {
			s.Attributes().PutStr(key.attribute(), key.Value)
		}
	}
}

func (w *writer) describe(s ptrace.Span, process int32, start, end int64, v sampler.Verdict) {
	s.SetTraceID(w.fate.id)
	s.SetStartTimestamp(w.post.timestamp(process, start))
	s.SetEndTimestamp(w.post.timestamp(process, end))
	s.TraceState().FromRaw(w.sdk.traceState(&w.fate, v))
	s.SetFlags(flagSampled | flagHasRemote)
	s.Attributes().EnsureCapacity(10)
}

func (w *writer) describeEntry(s ptrace.Span, op *operation, as ending) {
	a := s.Attributes()
	switch op.connection {
	case callgraph.HTTP:
		a.PutStr("http.request.method", "POST")
		a.PutStr("http.route", op.target)
		a.PutInt("http.response.status_code", httpStatus(as))
		if httpStatus(as) >= 500 {
			fails(s, httpError(as), "")
		}
	case callgraph.RPC:
		a.PutStr("rpc.system", "grpc")
		a.PutStr("rpc.method", op.target)
		a.PutInt("rpc.grpc.status_code", grpcCode(as))
		if as == broken || as == gatewayTime {
			fails(s, grpcError(as), "")
		}
	case callgraph.Messaging:
		a.PutStr("messaging.system", "kafka")
		a.PutStr("messaging.destination.name", op.target)
		if as != fine && as != soft {
			fails(s, "java.lang.IllegalStateException", "message was not processed")
		}
	}
	if as == soft {
		a.PutBool(callgraph.AttributeSoftError, true)
	}
}

func (w *writer) describeExit(s ptrace.Span, site *site, k *call) {
	a := s.Attributes()
	switch c := site.Callee; c.Connection {
	case callgraph.HTTP:
		a.PutStr("http.request.method", "POST")
		a.PutStr("server.address", c.Peer)
		a.PutStr("url.template", strings.TrimPrefix(c.Operation, "POST "))
		if answered(k.ending) {
			a.PutInt("http.response.status_code", httpStatus(k.ending))
		}
		if k.ending != fine && k.ending != soft {
			fails(s, httpError(k.ending), "")
		}
	case callgraph.RPC:
		a.PutStr("rpc.system", "grpc")
		a.PutStr("rpc.method", c.Operation)
		a.PutStr("server.address", c.Peer)
		a.PutInt("rpc.grpc.status_code", grpcCode(k.ending))
		if k.ending != fine && k.ending != soft {
			fails(s, grpcError(k.ending), "")
		}
	case callgraph.Messaging:
		a.PutStr("messaging.system", "kafka")
		a.PutStr("messaging.destination.name", c.Peer)
		if k.ending != fine {
			fails(s, httpError(k.ending), "broker did not acknowledge")
		}
	case callgraph.Database:
		system, namespace, _ := strings.Cut(c.Peer, "/")
		a.PutStr("db.system.name", system)
		a.PutStr("db.namespace", namespace)
		a.PutStr("db.query.summary", c.Operation)
		if k.ending != fine {
			fails(s, databaseError(k.ending), "")
		}
	}
	if k.ending == soft {
		a.PutBool(callgraph.AttributeSoftError, true)
	}
}

func fails(s ptrace.Span, errorType, message string) {
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage(message)
	s.Attributes().PutStr("error.type", errorType)
}

// answered is false for calls that ended without a response.
func answered(e ending) bool { return e != refused && e != timedOut && e != cancelled }

func httpStatus(e ending) int64 {
	switch e {
	case broken:
		return 500
	case gatewayTime:
		return 504
	case overloaded:
		return 429
	case turnedDown:
		return 404
	case cancelled:
		return 499
	}
	return 200
}

func httpError(e ending) string {
	switch e {
	case refused:
		return "java.net.ConnectException"
	case timedOut:
		return "java.net.SocketTimeoutException"
	case cancelled:
		return "CANCELLED"
	case broken:
		return "500"
	case gatewayTime:
		return "504"
	case overloaded:
		return "429"
	}
	return "404"
}

// grpcCode is the code's number, as spans of gRPC carry it.
func grpcCode(e ending) int64 {
	switch e {
	case refused:
		return 14
	case broken:
		return 13
	case timedOut, gatewayTime:
		return 4
	case overloaded:
		return 8
	case turnedDown:
		return 5
	case cancelled:
		return 1
	}
	return 0
}

func grpcError(e ending) string {
	switch e {
	case refused:
		return "UNAVAILABLE"
	case broken:
		return "INTERNAL"
	case timedOut, gatewayTime:
		return "DEADLINE_EXCEEDED"
	case overloaded:
		return "RESOURCE_EXHAUSTED"
	case turnedDown:
		return "NOT_FOUND"
	}
	return "CANCELLED"
}

func databaseError(e ending) string {
	switch e {
	case refused:
		return "java.sql.SQLTransientConnectionException"
	case timedOut:
		return "java.sql.SQLTimeoutException"
	case cancelled:
		return "CANCELLED"
	}
	return "java.sql.SQLException"
}
