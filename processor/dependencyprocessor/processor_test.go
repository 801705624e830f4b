package dependencyprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/wholechain"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// order is the trace n of a shop, of which half are sampled: it calls pay and stock,
// both of which fail every third time, and then ship, unless stock failed. It
// ended now.
func order(n uint64) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(callgraph.ServiceKey, "shop")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	payFails, stockFails := n%3 == 0, n%3 == 1
	names := []string{"POST /order", "pay", "stock"}
	if !stockFails {
		names = append(names, "ship")
	}
	failed := map[string]bool{"pay": payFails, "stock": stockFails, "POST /order": stockFails}
	begin := time.Now().Add(-time.Second)
	for i, name := range names {
		s := spans.AppendEmpty()
		s.SetTraceID(traceOf(n))
		s.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
		s.SetName(name)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(i) * 10 * time.Millisecond)))
		s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(5*time.Millisecond))
		s.SetKind(ptrace.SpanKindClient)
		s.Attributes().PutStr("db.system.name", "x")
		s.Attributes().PutStr("peer.service", name)
		if i > 0 {
			s.SetParentSpanID(pcommon.SpanID{7: 1})
		}
		if failed[name] {
			s.Status().SetCode(ptrace.StatusCodeError)
		}
		s.TraceState().FromRaw("ot=th:8")
		if payFails || stockFails {
			s.TraceState().FromRaw("ot=th:0")
		}
	}
	root := spans.At(0)
	root.SetKind(ptrace.SpanKindServer)
	root.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Second)))
	root.Attributes().Clear()
	root.Attributes().PutInt(callgraph.AttributeLocalSpans, int64(spans.Len()))
	root.Attributes().PutInt(callgraph.AttributeLocalDropped, 0)
	root.Attributes().PutStr(callgraph.AttributeHeadThreshold, "8")
	td.MarkReadOnly()
	return td
}

// traceOf meets a threshold of 8.
func traceOf(n uint64) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:], n+1)
	id[9] = 0xff
	return id
}

const (
	paySite   = "shop POST /order -> pay pay [database]"
	stockSite = "shop POST /order -> stock stock [database]"
	shipSite  = "shop POST /order -> ship ship [database]"
)

// consume stores traces and shows them to a processor, as behind call_graph_durable.
func consume(t testing.TB, p consumer.Traces, b storage.Backend, from, to uint64) {
	t.Helper()
	for n := from; n < to; n++ {
		td := order(n)
		_, err := b.WriteSpans(t.Context(), td)
		require.NoError(t, err)
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
	}
}

func requireVerdicts(t testing.TB, all map[string]strength.Evidence) {
	t.Helper()
	require.ElementsMatch(t, []string{paySite, stockSite, shipSite}, slices.Collect(maps.Keys(all)))
	require.Equal(t, strength.Weak, strength.Judge(all[paySite], strength.Evidence{}, strength.Unknown).Strength)
	require.Equal(t, strength.Strong, strength.Judge(all[stockSite], strength.Evidence{}, strength.Unknown).Strength)
}

func TestSpansPassAndEvidenceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sink := inMemory(t, memory.NewServer(1<<30)), new(consumertest.TracesSink)
		p := start(t, b, &Config{}, sink)
		require.False(t, p.Capabilities().MutatesData)
		consume(t, p, b, 0, 90)
		require.Len(t, sink.AllTraces(), 90)
		require.Equal(t, order(89), sink.AllTraces()[89])
		time.Sleep(3 * time.Second)
		requireVerdicts(t, evidence(t, b))
		time.Sleep(time.Minute)
		chains := evidence(t, b)[paySite]
		require.EqualValues(t, 30, chains.Failed[strength.Error].Seen)
		require.EqualValues(t, 30, chains.ChainFailed[strength.Error].Seen)
		require.EqualValues(t, 30, chains.ChainFailed[strength.Error].Went)
		require.EqualValues(t, 30, chains.ChainFailed[strength.Error].Survived)
		require.Positive(t, chains.ChainOK.Seen)
		require.Equal(t, "shop POST /order", chains.Entrances[0].Operation.String())
		require.EqualValues(t, 30, chains.Entrances[0].Failed)
		require.Zero(t, chains.Entrances[0].RootFailed)
		require.NoError(t, p.Shutdown(t.Context()))
		require.NoError(t, p.Shutdown(t.Context()), "twice")
	})
}

func TestWholeChainsCanBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := inMemory(t, memory.NewServer(1<<30))
		p := start(t, b, &Config{WholeChains: WholeChainsConfig{Off: true}}, consumertest.NewNop())
		consume(t, p, b, 0, 30)
		time.Sleep(time.Hour)
		require.Zero(t, evidence(t, b)[paySite].ChainFailed)
		require.EqualValues(t, 10, evidence(t, b)[paySite].Failed[strength.Error].Seen)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// TestRestarts: what runs saw one after the other is what one run would have,
// whether they end or die.
func TestRestarts(t *testing.T) {
	opened := map[string]func(t *testing.T) func() storage.Backend{
		"memory": func(t *testing.T) func() storage.Backend {
			s := memory.NewServer(1 << 30)
			return func() storage.Backend { return inMemory(t, s) }
		},
		"pebble": func(t *testing.T) func() storage.Backend {
			dir := t.TempDir()
			return func() storage.Backend {
				b, err := pebble.Open(pebble.Options{Directory: dir})
				require.NoError(t, err)
				return b
			}
		},
	}
	for name, prepare := range opened {
		t.Run(name, func(t *testing.T) {
			open := prepare(t)
			for run := range uint64(3) {
				b := open()
				p := start(t, b, &Config{}, consumertest.NewNop())
				consume(t, p, b, run*60, run*60+60)
				require.NoError(t, p.Shutdown(t.Context()), "writes what was not written")
				require.NoError(t, b.Close())
			}
			b := open()
			requireVerdicts(t, evidence(t, b))
			require.EqualValues(t, 60, evidence(t, b)[paySite].Failed[strength.Error].Seen)
			require.EqualValues(t, 120, evidence(t, b)[paySite].OK.Seen)
			require.NoError(t, b.Close())
		})
	}
}

// TestAChainIsReadByOneRun: of two runs, and of two collectors on one store,
// only that reads a chain that judged its entrance.
func TestAChainIsReadByOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.NewServer(1 << 30)
		b := inMemory(t, s)
		p := start(t, b, &Config{}, consumertest.NewNop())
		consume(t, p, b, 0, 3)
		time.Sleep(2 * time.Minute)
		require.NoError(t, p.Shutdown(t.Context()))
		p = start(t, inMemory(t, s), &Config{}, consumertest.NewNop())
		late := ptrace.NewTraces() // of the same trace, below its last span
		order(0).CopyTo(late)
		late.ResourceSpans().At(0).Resource().Attributes().PutStr(callgraph.ServiceKey, "ship")
		for i, span := range late.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			span.SetSpanID(pcommon.SpanID{6: 1, 7: byte(i + 1)})
			span.SetParentSpanID(pcommon.SpanID{6: 1, 7: 1})
		}
		late.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetParentSpanID(pcommon.SpanID{7: 4})
		_, err := b.WriteSpans(t.Context(), late)
		require.NoError(t, err)
		require.NoError(t, p.ConsumeTraces(t.Context(), late))
		time.Sleep(time.Hour)
		require.EqualValues(t, 1, evidence(t, b)[paySite].ChainFailed[strength.Error].Seen)
		require.Contains(t, evidence(t, b), "ship POST /order -> pay pay [database]")
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// TestAFailingStoreCountsNothingTwice in whatever way it fails, and loses
// nothing.
func TestAFailingStoreCountsNothingTwice(t *testing.T) {
	for mode := refusing; mode < modes; mode++ {
		synctest.Test(t, func(t *testing.T) {
			f := &faulty{Backend: inMemory(t, memory.NewServer(1<<30))}
			p := start(t, f, &Config{}, consumertest.NewNop())
			for round := range uint64(6) {
				f.mode.Store([]int32{working, mode}[round%2])
				consume(t, p, f, round*30, round*30+30)
				time.Sleep(13 * time.Second)
			}
			f.mode.Store(working)
			time.Sleep(20 * time.Second)
			all := evidence(t, f)
			requireVerdicts(t, all)
			require.EqualValues(t, 60, all[paySite].Failed[strength.Error].Seen, "mode %d", mode)
			require.EqualValues(t, 60, all[stockSite].Failed[strength.Error].Seen)
			require.EqualValues(t, 120, all[paySite].OK.Seen)
			require.NoError(t, p.Shutdown(t.Context()))
			require.Equal(t, all[paySite].OK, evidence(t, f)[paySite].OK)
		})
	}
}

func TestADeadStoreDoesNotHoldUpShutdownOrSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Backend: inMemory(t, memory.NewServer(1<<30))}
		f.mode.Store(hanging)
		p := start(t, f, &Config{}, consumertest.NewNop())
		consume(t, p, f, 0, 30)
		time.Sleep(5 * time.Second)
		begun := time.Now()
		consume(t, p, f, 30, 60)
		require.Equal(t, begun, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, p.Shutdown(ctx))
		require.LessOrEqual(t, time.Since(begun), 2*time.Second)
	})
}

// TestTwoCollectorsJudgeAsOne that split the input by local trace.
func TestTwoCollectorsJudgeAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sums := map[string]strength.Evidence{}
		for part := range uint64(2) {
			b := inMemory(t, memory.NewServer(1<<30))
			p := start(t, b, &Config{}, consumertest.NewNop())
			for n := part; n < 90; n += 2 {
				consume(t, p, b, n, n+1)
			}
			require.NoError(t, p.Shutdown(t.Context()))
			for site, e := range evidence(t, b) {
				sum := sums[site]
				sum.Merge(e)
				sums[site] = sum
			}
		}
		one := inMemory(t, memory.NewServer(1<<30))
		p := start(t, one, &Config{}, consumertest.NewNop())
		consume(t, p, one, 0, 90)
		require.NoError(t, p.Shutdown(t.Context()))
		requireVerdicts(t, sums)
		require.Equal(t, evidence(t, one), sums)
	})
}

func TestErrorsOfWhatFollowsReachTheSender(t *testing.T) {
	broken := errors.New("broken")
	b := inMemory(t, memory.NewServer(1<<30))
	p := start(t, b, &Config{}, consumertest.NewErr(broken))
	require.ErrorIs(t, p.ConsumeTraces(t.Context(), order(0)), broken)
	require.ErrorIs(t, p.ConsumeTraces(t.Context(), order(0)), broken)
	require.NoError(t, p.Shutdown(t.Context()))
	require.EqualValues(t, 1, evidence(t, b)[paySite].Failed[strength.Error].Seen, "what is sent again is known")
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	storageID := component.MustNewID("call_graph_storage")
	for want, c := range map[string]struct {
		backend string
		host    component.Host
	}{
		`storage: there is no extension "call_graph_storage"; add it to service::extensions`: {"local", componenttest.NewNopHost()},
		`storage: extension "call_graph_storage" keeps no backends`: {"local", extensions{
			storageID: struct{ component.Component }{},
		}},
		`backend: no backend "other": there is local`: {"other", host{inMemory(t, memory.NewServer(1<<20))}},
	} {
		p := create(t, &Config{Backend: c.backend}, consumertest.NewNop())
		require.ErrorContains(t, p.Start(t.Context(), c.host), want)
		require.NoError(t, p.Shutdown(t.Context()))
	}
}

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func TestOwnMetricsAreDocumented(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processortest.NewNopSettings(component.MustNewType("call_graph_dependency"))
	set.TelemetrySettings = tel.NewTelemetrySettings()
	p, err := NewFactory().CreateTraces(t.Context(), set, &Config{Backend: "local"}, consumertest.NewNop())
	require.NoError(t, err)
	b := inMemory(t, memory.NewServer(1<<30))
	require.NoError(t, p.Start(t.Context(), host{b}))
	require.NoError(t, p.ConsumeTraces(t.Context(), order(0)))
	judged, err := tel.GetMetric(prefix + "traces.judged")
	require.NoError(t, err)
	require.Equal(t, "{trace}", judged.Unit)
	require.NoError(t, p.Shutdown(t.Context()))

	documented, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	for _, i := range metrics {
		require.Contains(t, string(documented), "`"+i.Name+"`")
		require.Contains(t, string(documented), "`"+i.Unit+"`")
	}
	for r := wholechain.Gone; int(r) < wholechain.Refusals; r++ {
		require.Contains(t, string(documented), "`"+r.String()+"`")
	}
	explained, err := os.ReadFile("../../docs/dependencies.md")
	require.NoError(t, err)
	for r := range strength.Reasons {
		require.Contains(t, string(explained), "`"+strength.Reason(r).String()+"`")
	}
}
