package simulate

import (
	"crypto/sha256"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/sampler"
)

func newSystem(t require.TestingT, o Options) *System {
	s, err := New(o)
	require.NoError(t, err)
	return s
}

// spans are those that arrived, with their services.
type spans []arrived

type arrived struct {
	ptrace.Span
	service string
}

func (s *spans) add(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		name, _ := rs.Resource().Attributes().Get(callgraph.ServiceKey)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				*s = append(*s, arrived{span, name.Str()})
			}
		}
	}
}

func (a arrived) entry() bool { return spanfact.Kind(a.Kind()).Entry() }
func (a arrived) exit() bool  { return spanfact.Kind(a.Kind()).Exit() }

func (a arrived) number(key string) int64 {
	v, ok := a.Attributes().Get(key)
	if !ok {
		return -1
	}
	return v.Int()
}

func digest(t testing.TB, o Options, chains int) [32]byte {
	h := sha256.New()
	newSystem(t, o).Run(chains, func(td ptrace.Traces) {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		_, _ = h.Write(b)
	})
	return [32]byte(h.Sum(nil))
}

func TestASeedDecidesEveryByte(t *testing.T) {
	o := Options{Seed: 7, OneIn: 3, SpanLoss: 0.02, BatchLoss: 0.02, Skew: time.Second, StockShare: 0.3, OrderShare: 0.2}
	one := digest(t, o, 300)
	require.Equal(t, one, digest(t, o, 300))
	o.Seed = 8
	require.NotEqual(t, one, digest(t, o, 300))
}

func TestInPartsIsAsAtOnce(t *testing.T) {
	all, parts := spans{}, spans{}
	newSystem(t, Options{Seed: 3}).Run(50, all.add)
	s := newSystem(t, Options{Seed: 3})
	for range 50 {
		s.Chain(parts.add)
	}
	s.Flush(parts.add)
	require.Equal(t, len(all), len(parts))
}

// TestSitesAreWhatSpansSay: a reader of the spans finds the sites of the truth.
func TestSitesAreWhatSpansSay(t *testing.T) {
	s := newSystem(t, Options{Seed: 5, Services: 30, FaultRate: 0.05})
	var got spans
	s.Run(500, got.add)
	known := map[callgraph.StaticID]bool{}
	for _, site := range s.Truth().Sites {
		require.False(t, known[site.Site.ID()], "two sites of one identity: %s", site.Site)
		known[site.Site.ID()] = true
	}
	byID := map[pcommon.SpanID]arrived{}
	for _, span := range got {
		byID[span.SpanID()] = span
	}
	exits := 0
	for _, span := range got {
		if !span.exit() || strings.HasPrefix(span.Name(), "client ") {
			continue
		}
		root := byID[span.ParentSpanID()]
		for !root.entry() {
			root = byID[root.ParentSpanID()]
		}
		f := factsOfSpan(span.Span)
		site := strength.Site{
			Caller: callgraph.Operation{Service: s.services[s.serviceNamed(span.service)].Service, Name: root.Name()},
			Callee: strength.Callee{Peer: f.PeerName(), Operation: span.Name(), Connection: f.Connection()},
		}
		require.True(t, known[site.ID()], site.String())
		exits++
	}
	require.Greater(t, exits, 1000)
	require.Len(t, byID, len(got), "span IDs are unique")
}

func (s *System) serviceNamed(name string) int {
	for i := range s.services {
		if s.services[i].Name == name {
			return i
		}
	}
	return -1
}

func factsOfSpan(s ptrace.Span) spanfact.Facts {
	f := spanfact.New(spanfact.Kind(s.Kind()))
	for k, v := range s.Attributes().All() {
		switch v.Type() {
		case pcommon.ValueTypeStr:
			f.NoteString(k, v.Str())
		case pcommon.ValueTypeInt:
			f.NoteInt(k, v.Int())
		case pcommon.ValueTypeBool:
			f.NoteBool(k, v.Bool())
		}
	}
	return f
}

// TestWeightsAddUp: what is kept, weighted, is what was done.
func TestWeightsAddUp(t *testing.T) {
	for _, oneIn := range []int{1, 10, 100} {
		s := newSystem(t, Options{Seed: 11, OneIn: oneIn, FaultRate: 0.01})
		var got spans
		s.Run(5000, got.add)
		weights := map[[2]string]float64{}
		for _, span := range got {
			if span.entry() {
				w, _ := calltree.Weight(span.Span)
				weights[[2]string{span.service, span.Name()}] += w
			}
		}
		for o, made := range s.handled {
			op := &s.operations[o]
			w := weights[[2]string{s.services[op.service].Name, op.name}]
			// Executions of one chain are kept together: up to some tens of them.
			require.InDelta(t, float64(made), w, 6*math.Sqrt(float64(made)*float64(oneIn)*4)+1, "%s, 1 in %d", op.name, oneIn)
		}
	}
}

// watched runs chains and looks at each before the next one.
func watched(s *System, chains int, emit func(ptrace.Traces), look func(c *chain)) {
	for range chains {
		s.Chain(emit)
		look(&s.chain)
	}
	s.Flush(emit)
}

func TestEveryFailedLocalTraceIsKept(t *testing.T) {
	s := newSystem(t, Options{Seed: 13, OneIn: 1000, FaultRate: 0.03})
	var got spans
	failed := 0
	watched(s, 3000, got.add, func(c *chain) {
		for e := range c.executions {
			x := &c.executions[e]
			fails := s.sdk.keepers.entry[x.ending]
			for i := x.first; i >= 0; i = c.calls[i].next {
				k := &c.calls[i]
				fails = fails || !k.dead && s.sdk.keepers.exit[k.ending] && k.end <= x.end
			}
			if fails && !x.dead {
				failed++
			}
		}
	})
	whole, thinned := 0, 0
	for _, span := range got {
		if !span.entry() {
			continue
		}
		if _, known := span.Attributes().Get(callgraph.AttributeLocalSpans); !known {
			continue
		}
		if span.TraceState().AsRaw() == "ot=th:0" {
			whole++
		} else {
			thinned++
		}
	}
	require.Equal(t, failed, whole)
	require.Positive(t, thinned)
	require.Less(t, thinned, failed)
}

// TestStatementsMatch: a local root says how many spans there are.
func TestStatementsMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSystem(t, Options{
			Seed: rapid.Uint64().Draw(t, "seed"), OneIn: rapid.SampledFrom([]int{1, 10, 1000}).Draw(t, "n"), FaultRate: 0.05,
			Services: rapid.IntRange(1, 40).Draw(t, "services"),
		})
		var got spans
		s.Run(60, got.add)
		parents := map[pcommon.SpanID]arrived{}
		for _, span := range got {
			parents[span.SpanID()] = span
		}
		members := map[pcommon.SpanID]int64{}
		for _, span := range got {
			root := span
			for !root.entry() {
				root = parents[root.ParentSpanID()]
				if root.Span == (ptrace.Span{}) {
					break
				}
			}
			if root.Span != (ptrace.Span{}) && span.EndTimestamp() <= root.EndTimestamp() {
				members[root.SpanID()]++
			}
		}
		for _, span := range got {
			if span.entry() {
				dropped := span.number(callgraph.AttributeLocalDropped)
				stated := span.number(callgraph.AttributeLocalSpans) - dropped
				require.LessOrEqual(t, members[span.SpanID()], stated, span.Name())
				if dropped == 0 { // else the way up to the root may be missing
					require.Equal(t, stated, members[span.SpanID()], span.Name())
				}
			}
		}
	})
}

// TestTruthIsWhatHappens looks at the executions themselves.
func TestTruthIsWhatHappens(t *testing.T) {
	checked := 0
	for seed := range uint64(10) {
		s := newSystem(t, Options{Seed: seed, Services: 8, FaultRate: 0.006, OneIn: 100_000})
		seen := map[int32]*behaviour{}
		watched(s, 12_000, func(ptrace.Traces) {}, func(c *chain) { observe(s, c, seen) })
		for i := range s.sites {
			b := seen[int32(i)]
			if b == nil || s.sites[i].step.async {
				continue
			}
			truth := s.siteTruth(i)
			for _, class := range truth.all {
				if n := b.failed[class.OfClass]; n >= 40 && b.ok > 500 {
					ratio := b.went[class.OfClass] / n / (b.okWent / b.ok)
					require.InDelta(t, class.WentOn, ratio, 0.08+4*math.Sqrt(0.25/n), "seed %d: %s, %s", seed, s.sites[i].Site, class.Class)
					checked++
				}
			}
		}
	}
	require.Greater(t, checked, 30)
}

// TestFallbacksAnswer: truth is what happens to sites with a fallback, and to
// fallbacks, however often these fail.
func TestFallbacksAnswer(t *testing.T) {
	with, fallbacks := 0, 0
	for seed := range uint64(6) {
		s := newSystem(t, Options{Seed: seed, Services: 8, FaultRate: 0.04, OneIn: 100_000})
		seen := map[int32]*behaviour{}
		watched(s, 8000, func(ptrace.Traces) {}, func(c *chain) { observe(s, c, seen) })
		for i := range s.sites {
			b, site := seen[int32(i)], &s.sites[i]
			if b == nil || !site.fallback && site.step.fallback == nil || b.okWent < 50 {
				continue
			}
			truth, n, went := s.siteTruth(i), 0.0, 0.0
			for c := range strength.Classes { // one policy for all
				n, went = n+b.failed[c], went+b.went[c]
			}
			if n < 60 {
				continue
			}
			ratio := went / n / (b.okWent / b.ok)
			require.InDelta(t, truth.Of(strength.Error).WentOn, ratio, 0.08+2*math.Sqrt(1/n+1/b.ok), "seed %d: %s", seed, site.Site)
			if site.fallback {
				fallbacks++
			} else {
				with++
			}
		}
	}
	require.Greater(t, with, 10)
	require.Greater(t, fallbacks, 2)
}

// behaviour is what callers did after a site's last call.
type behaviour struct {
	ok, okWent   float64
	failed, went [strength.Classes]float64
}

func observe(s *System, c *chain, seen map[int32]*behaviour) {
	for e := range c.executions {
		last := map[int32]*call{}
		for i := c.executions[e].first; i >= 0; i = c.calls[i].next {
			if k := &c.calls[i]; !k.dead {
				last[k.step.site] = k
			}
		}
		for site, k := range last {
			if seen[site] == nil {
				seen[site] = &behaviour{}
			}
			seen[site].note(s.wentOn(c, int32(e), site, last), k)
		}
	}
}

func (b *behaviour) note(went float64, k *call) {
	if k.ending == fine {
		b.ok, b.okWent = b.ok+1, b.okWent+went
	} else if class, failed := k.ending.class(); failed && k.final {
		b.failed[class], b.went[class] = b.failed[class]+1, b.went[class]+went
	}
}

// wentOn is the best successor's chance, as truth has it: their most probable
// one's.
func (s *System) wentOn(c *chain, e, site int32, last map[int32]*call) float64 {
	following := s.successors(&s.sites[site])
	if len(following) == 0 {
		if x := c.executions[e].ending; x == broken || x == gatewayTime {
			return 0
		}
		return 1
	}
	for _, st := range following {
		if last[st.site] != nil {
			return 1
		}
	}
	return 0
}

func TestLossesAreCounted(t *testing.T) {
	s := newSystem(t, Options{Seed: 17, SpanLoss: 0.1, BatchLoss: 0.1})
	var got spans
	s.Run(2000, got.add)
	c := s.Counts()
	require.EqualValues(t, len(got), c.Sent)
	require.Equal(t, c.Kept, c.Sent+c.Lost)
	require.InDelta(t, 0.19, float64(c.Lost)/float64(c.Kept), 0.06)
	require.Equal(t, c.Made, c.Kept, "all are kept at 1 in 1")
}

func TestLossesLeaveTheWorldAlone(t *testing.T) {
	whole, lossy := newSystem(t, Options{Seed: 19}), newSystem(t, Options{Seed: 19, SpanLoss: 0.5})
	whole.Run(300, func(ptrace.Traces) {})
	lossy.Run(300, func(ptrace.Traces) {})
	require.Equal(t, whole.Counts().Steps, lossy.Counts().Steps)
}

func TestStockServicesStateNothing(t *testing.T) {
	s := newSystem(t, Options{Seed: 23, StockShare: 1, OneIn: 4, FaultRate: 0.1})
	var got spans
	s.Run(2000, got.add)
	for _, span := range got {
		require.Equal(t, int64(-1), span.number(callgraph.AttributeLocalSpans))
		require.Empty(t, span.TraceState().AsRaw())
	}
	require.InDelta(t, 0.25, float64(len(got))/float64(s.Counts().Made), 0.05)
}

func TestTablesAreThoseOfThePaper(t *testing.T) {
	s := newSystem(t, Options{Seed: 29, Services: 40, Tables: true, FaultRate: 0.02})
	s.Run(2000, func(ptrace.Traces) {})
	truth := s.Truth()
	require.NotEmpty(t, truth.Entrances)
	for _, e := range truth.Entrances {
		lr := 0.0
		for _, r := range e.Rows {
			require.GreaterOrEqual(t, r.LR, 0.0)
			lr += r.LR
			if r.Level == 0 {
				require.InDelta(t, 1, r.CR, 1e-9)
				require.InDelta(t, 1, r.DR, 1e-9)
			}
		}
		require.InDelta(t, 100, lr, 1e-6, e.Operation)
	}
}

// TestOrdersSpanHours: traces share keys, and some of them two.
func TestOrdersSpanHours(t *testing.T) {
	s := newSystem(t, Options{Seed: 31, OrderShare: 0.05, Interval: 30 * time.Second})
	var got spans
	s.Run(3000, got.add)
	carried := map[string]map[string]bool{} // trace: keys
	for _, span := range got {
		for _, kind := range []string{"order", "payment", "waybill"} {
			if v, ok := span.Attributes().Get(Key{Kind: kind}.attribute()); ok {
				id := span.TraceID().String()
				if carried[id] == nil {
					carried[id] = map[string]bool{}
				}
				carried[id][kind+v.Str()] = true
			}
		}
	}
	stories, linked := 0, 0
	for _, k := range s.Truth().Keys {
		for _, trace := range k.Traces {
			require.True(t, carried[trace][k.Kind+k.Value])
			if len(carried[trace]) > 1 {
				linked++
			}
		}
		if k.Kind == "order" && len(k.Traces) == 3 {
			stories++
		}
	}
	require.Greater(t, stories, 20)
	require.Greater(t, linked, 20)
}

func TestOrdersAreKeptTogether(t *testing.T) {
	s := newSystem(t, Options{Seed: 37, OrderShare: 0.05, Interval: 30 * time.Second, OneIn: 5, FaultRate: 1e-9})
	var got spans
	s.Run(4000, got.add)
	arrivedTraces := map[string]bool{}
	for _, span := range got {
		arrivedTraces[span.TraceID().String()] = true
	}
	kept, gone := 0, 0
	for _, k := range s.Truth().Keys {
		if k.Kind != "order" {
			continue
		}
		n := 0
		for _, trace := range k.Traces {
			if arrivedTraces[trace] {
				n++
			}
		}
		switch n {
		case 0:
			gone++
		case len(k.Traces):
			kept++
		default:
			require.Fail(t, "a part of an order was kept", k.Value)
		}
	}
	require.Positive(t, kept)
	require.Greater(t, gone, kept)
}

func TestFailuresHaveAnOrigin(t *testing.T) {
	s := newSystem(t, Options{Seed: 41, FaultRate: 0.05, OneIn: 1000})
	s.Run(2000, func(ptrace.Traces) {})
	truth := s.Truth()
	require.EqualValues(t, truth.Counts.Failed, len(truth.Failures))
	require.NotEmpty(t, truth.Failures)
	atSite := 0
	for _, f := range truth.Failures {
		require.NotEmpty(t, f.Operation)
		if f.Site != "" {
			atSite++
		}
	}
	require.Greater(t, atSite, len(truth.Failures)/2)
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		"services: -1, want 0 to 34000":      {Services: -1},
		"entrances: 34001, want 0 to 34000":  {Entrances: 34_001},
		"one in: -1, want 0 to 100000":       {OneIn: -1},
		"span loss: 2, want 0 to 1":          {SpanLoss: 2},
		"fault rate: NaN, want 0 to 1":       {FaultRate: math.NaN()},
		"skew: -1ns, interval: 0s, want 0 o": {Skew: -1},
	} {
		_, err := New(o)
		require.ErrorContains(t, err, want)
	}
}

func TestAnyOptionsWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := func(name string) float64 { return rapid.SampledFrom([]float64{0, 0.01, 0.3, 1}).Draw(t, name) }
		s := newSystem(t, Options{
			Seed: rapid.Uint64().Draw(t, "seed"), Services: rapid.IntRange(0, 60).Draw(t, "services"),
			Entrances: rapid.IntRange(0, 20).Draw(t, "entrances"), OneIn: rapid.IntRange(0, 50).Draw(t, "n"),
			Keep:      rapid.SampledFrom([]sampler.Marks{0, sampler.Errors}).Draw(t, "keep"),
			FaultRate: share("faults"), SpanLoss: share("spans"), BatchLoss: share("batches"), StockShare: share("stock"),
			OrderShare: share("orders"), Skew: time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "skew")), Tables: rapid.Bool().Draw(t, "tables"),
		})
		n := uint64(0)
		s.Run(40, func(td ptrace.Traces) { n += uint64(td.SpanCount()) })
		require.Equal(t, s.Counts().Sent, n)
		require.EqualValues(t, 40, s.Truth().Counts.Chains)
	})
}

func BenchmarkUnkeptSteps(b *testing.B) {
	s := newSystem(b, Options{Seed: 1, Services: 40, OneIn: 100_000, FaultRate: 1e-9})
	b.ReportAllocs()
	for b.Loop() {
		s.Chain(func(ptrace.Traces) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.Counts().Steps), "ns/step")
	b.ReportMetric(float64(s.Counts().Kept)/float64(b.N), "kept/chain")
}

func BenchmarkKeptSpans(b *testing.B) {
	s := newSystem(b, Options{Seed: 1, Services: 40})
	b.ReportAllocs()
	for b.Loop() {
		s.Chain(func(ptrace.Traces) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.Counts().Kept), "ns/span")
}
