package tracecontext

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

func numbered(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf("k%02d=%d", i, i))
	}
	return strings.Join(members, ",")
}

func outgoing() Outgoing {
	return Outgoing{
		TraceID: trace.TraceID{15: 0xab}, SpanID: trace.SpanID{0xff, 4: 1, 5: 2, 6: 3, 7: 4}, Flags: 0xff, Trusted: true,
		HasEntry: true, Entry: callgraph.StateEntry{Entrance: 1, Caller: 2, Sender: 0xdead, Counted: true, Site: 3},
		State: sampler.State{Threshold: sampler.ThresholdFor(0.5), HasThreshold: true}, Foreign: "vendor=1,other=2",
	}
}

const ownMembers = "jcg=1:0000000000000001:0000000000000002:01020304:01:0000000000000003,ot=th:8"

func TestOutgoingHeaders(t *testing.T) {
	o := outgoing()
	parent, state := o.headers()
	assert.Equal(t, "00-000000000000000000000000000000ab-ff00000001020304-03", parent, "only flags that are known leave")
	assert.Equal(t, ownMembers+",vendor=1,other=2", state, "the sender is the span")

	o.Trusted = false
	_, state = o.headers()
	assert.Equal(t, "ot=th:8,vendor=1,other=2", state, "our entry goes to trusted destinations only")

	o.State, o.Foreign = sampler.State{}, ""
	_, state = o.headers()
	assert.Empty(t, state)

	o.Trusted, o.HasEntry = true, false
	_, state = o.headers()
	assert.Empty(t, state)
}

func TestLimitsOfTracestate(t *testing.T) {
	long := func(key string, n int) string { return key + "=" + strings.Repeat("x", n-len(key)-1) }
	room := stateRoom - len(ownMembers) - 1
	for name, c := range map[string]struct{ foreign, want string }{
		"30 fit":                      {numbered(30), numbered(30)},
		"of 32 the last two go":       {numbered(32), numbered(30)},
		"all that fits stays":         {long("a", 200) + "," + long("b", room-201), long("a", 200) + "," + long("b", room-201)},
		"one character too many":      {long("a", 200) + "," + long("b", room-200), long("a", 200)},
		"long ones go first":          {long("a", 230) + ",b=2," + long("c", 230) + ",d=4", long("a", 230) + ",b=2,d=4"},
		"128 characters are not long": {strings.Join([]string{long("a", 128), long("b", 129), long("c", 128), long("d", 128)}, ","), long("a", 128) + "," + long("c", 128) + "," + long("d", 128)},
		"then those at the end":       {strings.Join([]string{long("a", 128), long("b", 128), long("c", 128), long("d", 128), "e=5"}, ","), long("a", 128) + "," + long("b", 128) + "," + long("c", 128)},
		"one alone is too long":       {long("a", 255) + "," + long("b", 255), long("a", 255)},
	} {
		o := outgoing()
		o.Foreign = c.foreign
		_, state := o.headers()
		want := ownMembers
		if c.want != "" {
			want += "," + c.want
		}
		assert.Equal(t, want, state, name)
		_, err := trace.ParseTraceState(state)
		assert.NoError(t, err, name)

		_, state = (&Outgoing{TraceID: o.TraceID, SpanID: o.SpanID, Foreign: c.foreign}).headers()
		assert.Equal(t, c.foreign, state, "%s: what nothing is added to leaves as it came", name)
	}
}

// TestInjectHTTP: the three headers share memory and are yet apart, and
// headers of an earlier try are replaced, not added to.
func TestInjectHTTP(t *testing.T) {
	p := New(Options{Baggage: true})
	in := p.Extract(t.Context(), propagation.MapCarrier(incoming))
	ctx := &testSpan{Context: in, out: outgoing()}
	h := http.Header{"Traceparent": {"old"}, "Tracestate": {"old", "older"}}
	p.Inject(ctx, propagation.HeaderCarrier(h))
	want := http.Header{
		"Traceparent": {"00-000000000000000000000000000000ab-ff00000001020304-03"},
		"Tracestate":  {ownMembers + ",vendor=1,other=2"},
		"Baggage":     {incoming["baggage"]},
	}
	assert.Equal(t, want, h)
	h.Add("traceparent", "x")
	h.Add("tracestate", "x")
	assert.Equal(t, want["Tracestate"][0], h["Tracestate"][0])
	assert.Equal(t, want["Baggage"], h["Baggage"])
}

// TestProxy: what a proxy copied from its caller does not reach strangers.
func TestProxy(t *testing.T) {
	p := New(Options{Baggage: true, OwnKeys: []string{"order.id"}})
	ctx := p.Extract(t.Context(), propagation.MapCarrier{"traceparent": incoming["traceparent"], "baggage": "order.id=1"})
	span := &testSpan{Context: ctx, out: Outgoing{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}}
	copied := http.Header{"Tracestate": {"jcg=1", "a=1"}, "Baggage": {"order.id=1"}, "Traceparent": {"old"}}
	p.Inject(span, propagation.HeaderCarrier(copied))
	assert.Equal(t, http.Header{"Traceparent": {"00-01000000000000000000000000000000-0100000000000000-00"}}, copied)

	other := propagation.MapCarrier{"tracestate": "jcg=1", "baggage": "order.id=1"}
	p.Inject(span, other)
	assert.Empty(t, other["tracestate"]+other["baggage"])
	fresh := propagation.MapCarrier{}
	p.Inject(span, fresh)
	assert.Len(t, fresh, 1)

	kept := http.Header{"Baggage": {"order.id=1"}}
	New(Options{OwnKeys: []string{"order.id"}}).Inject(span, propagation.HeaderCarrier(kept))
	assert.Len(t, kept["Baggage"], 1, "baggage is another propagator's")
	span.out.Trusted = true
	kept = http.Header{"Baggage": {"own=1"}}
	p.Inject(&testSpan{Context: t.Context(), out: span.out}, propagation.HeaderCarrier(kept))
	assert.Equal(t, []string{"own=1"}, kept["Baggage"], "as the stock propagator does")
}

func TestInjectWithoutASpan(t *testing.T) {
	out := propagation.MapCarrier{}
	New(Options{Baggage: true}).Inject(t.Context(), out)
	New(Options{Baggage: true}).Inject(&testSpan{Context: t.Context()}, out)
	assert.Empty(t, out)
}

func TestFields(t *testing.T) {
	assert.ElementsMatch(t, stock.Fields(), New(Options{Baggage: true}).Fields())
	assert.ElementsMatch(t, propagation.TraceContext{}.Fields(), New(Options{}).Fields())
}

func TestBaggageSwitchedOff(t *testing.T) {
	p := New(Options{})
	ctx := p.Extract(t.Context(), propagation.MapCarrier(incoming))
	assert.Zero(t, baggage.FromContext(ctx).Len())
	out := propagation.MapCarrier{}
	p.Inject(ctx, out)
	assert.NotContains(t, out, "baggage")
}

// TestOwnKeys: business keys leave for trusted destinations only, whoever has
// read or changed the baggage.
func TestOwnKeys(t *testing.T) {
	p := New(Options{Baggage: true, OwnKeys: []string{"order.id"}})
	for name, change := range applications {
		if name == "clear" {
			continue
		}
		ctx := change(p.Extract(t.Context(), propagation.MapCarrier(incoming)))
		for _, trusted := range []bool{true, false} {
			span := &testSpan{Context: ctx, out: outgoing()}
			span.out.Trusted = trusted
			out := propagation.MapCarrier{}
			p.Inject(span, out)
			assert.Equal(t, trusted, strings.Contains(out["baggage"], "order.id=20261126-4711"), name)
			assert.Contains(t, out["baggage"], "user.tier=gold", name)
			assert.Equal(t, trusted, strings.Contains(out["tracestate"], "jcg="), name)
		}
	}
}

func TestBaggageValue(t *testing.T) {
	p := New(Options{Baggage: true})
	for _, header := range []string{"order.id=a%20b%2C,n=1", " order.id=a%20b%2C;p=1 , n=1"} {
		ctx := p.Extract(t.Context(), propagation.MapCarrier{"traceparent": incoming["traceparent"], "baggage": header})
		for range 2 {
			value, ok := BaggageValue(ctx, "order.id")
			assert.True(t, ok)
			assert.Equal(t, "a b,", value)
			_, ok = BaggageValue(ctx, "order")
			assert.False(t, ok)
			_, ok = BaggageValue(ctx, "")
			assert.False(t, ok)
			baggage.FromContext(ctx)
		}
		_, ok := BaggageValue(baggage.ContextWithoutBaggage(ctx), "order.id")
		assert.False(t, ok)
	}
	_, ok := BaggageValue(t.Context(), "order.id")
	assert.False(t, ok)
}

// TestBaggageAbove: a context that has baggage already keeps it where the
// request brings none, and loses it to the request's.
func TestBaggageAbove(t *testing.T) {
	m, err := baggage.NewMember("above", "1")
	assert.NoError(t, err)
	b, err := baggage.New(m)
	assert.NoError(t, err)
	for name, p := range bothWays() {
		above := baggage.ContextWithBaggage(t.Context(), b)
		for header, want := range map[string]string{"": "above=1", "came=1": "came=1", " came=1": "came=1", "=": "above=1"} {
			carrier := propagation.MapCarrier{"traceparent": incoming["traceparent"], "baggage": header}
			assert.Equal(t, want, baggage.FromContext(p.Extract(above, carrier)).String(), "%s %q", name, header)
			nested := p.Extract(p.Extract(t.Context(), propagation.MapCarrier{"traceparent": incoming["traceparent"], "baggage": "above=1"}), carrier)
			out := propagation.MapCarrier{}
			p.Inject(nested, out)
			assert.Equal(t, want, out["baggage"], "%s %q", name, header)
		}
	}
}
