package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/storage"
)

// siteTo is where the shop's web calls a peer.
func siteTo(peer string) strength.Site {
	site := cartSite()
	site.Callee.Peer = peer
	return site
}

// seen is one writer's record of a day, of that many failures after which
// nothing followed, or all did.
func seen(site strength.Site, day int64, writer uint64, ok, failed, went uint64) strength.Record {
	next := strength.Other{ID: 7, Callee: strength.Callee{Peer: "mail"}, Together: ok, After: ok, OKAfter: ok}
	next.FailedAfter[strength.Error], next.FailedTogether[strength.Error] = went, went
	e := strength.Evidence{OK: strength.Tally{Seen: ok, Went: ok, Survived: ok}, Others: []strength.Other{next}, Calls: ok + failed, LocalTraces: ok + failed}
	e.Failed[strength.Error] = strength.Tally{Seen: failed, Went: went, Survived: went}
	return strength.Record{Key: strength.Key{Day: strength.DayOf(noon) + day, Site: site.ID(), Writer: writer}, Site: site, Evidence: e}
}

func strengthOf(t *testing.T, s *Server, site strength.Site) string {
	var detail dependencyDetail
	w := ask(s, "GET", "/api/jcg/v1/dependencies/"+site.ID().String())
	if w.Code == http.StatusNotFound {
		return "none"
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &detail))
	return detail.Dependency.Strength + " " + detail.Dependency.Source
}

func TestVerdictsAreMergedOverDaysAndWriters(t *testing.T) {
	site := siteTo("cart")
	store := &fakeStore{fakeEvidence: fakeEvidence{records: []strength.Record{
		seen(site, -6, 1, 20, 4, 0), seen(site, -1, 2, 20, 4, 0), seen(site, 0, 1, 0, 4, 0), seen(site, -7, 1, 0, 1000, 1000),
	}}}
	s := newServer(t, store)
	require.Equal(t, "strong observed", strengthOf(t, s, site), "none of them is enough alone; a day before the last seven does not count")
}

func TestWhatIsWrittenNowIsSeenSoonAndClosedDaysSeldom(t *testing.T) {
	site := siteTo("cart")
	store := &fakeStore{}
	now := noon
	s := newServer(t, store, func(o *Options) { o.Now = func() time.Time { return now } })
	require.Equal(t, "none", strengthOf(t, s, site))
	refresh := func(after time.Duration) int {
		before := len(store.fakeEvidence.asked)
		now = now.Add(after)
		require.NoError(t, s.RefreshStrengths(t.Context()))
		return len(store.fakeEvidence.asked) - before
	}
	store.records = []strength.Record{seen(site, 0, 1, 40, 0, 0)}
	require.Zero(t, refresh(time.Second), "it was read a second ago")
	require.Equal(t, 1, refresh(4*time.Second))
	require.Equal(t, "unknown observed", strengthOf(t, s, site))
	store.records = append(store.records, seen(site, 0, 2, 0, 100, 0))
	require.Equal(t, 1, refresh(5*time.Second))
	require.Equal(t, "strong observed", strengthOf(t, s, site))
	require.Equal(t, 2, refresh(10*time.Minute), "and the days before")
	require.Equal(t, 2, refresh(12*time.Hour+time.Minute), "the next day, with yesterday still open")
	require.Equal(t, storage.EvidenceQuery{FromDay: strength.DayOf(noon), ToDay: strength.DayOf(noon) + 1}, store.fakeEvidence.asked[len(store.fakeEvidence.asked)-1])
	require.Equal(t, "strong observed", strengthOf(t, s, site))
	refresh(8 * 24 * time.Hour)
	require.Equal(t, "none", strengthOf(t, s, site), "too old")
}

func TestDeclaredAndInjectedOverrideAndTheObservedIsShownBeside(t *testing.T) {
	site, other, never := siteTo("cart"), siteTo("mail"), siteTo("ads")
	injected := seen(other, 0, 1, 0, 100, 100)
	injected.Source = strength.Injected
	store := &fakeStore{fakeEvidence: fakeEvidence{records: []strength.Record{
		seen(site, 0, 1, 40, 100, 100), seen(other, 0, 1, 40, 100, 0), injected,
	}}}
	s := newServer(t, store, func(o *Options) {
		o.Declared = []DeclaredStrength{{site, strength.Strong}, {never, strength.Weak}}
	})
	require.Equal(t, "strong declared", strengthOf(t, s, site))
	require.Equal(t, "weak injected", strengthOf(t, s, other))
	require.Equal(t, "weak declared", strengthOf(t, s, never), "also where nothing was seen")
	for peer, want := range map[string]string{"cart": "weak", "mail": "strong", "ads": "unknown"} {
		var detail dependencyDetail
		fetchInto(t, s, "/api/jcg/v1/dependencies/"+siteTo(peer).ID().String(), &detail)
		require.Equal(t, want, detail.Observed.Strength, peer)
		require.Equal(t, peer == "ads", strings.Contains(detail.Dependency.Words, "No such call was seen"), detail.Dependency.Words)
	}
}

type failingEvidence struct{ *fakeStore }

func (failingEvidence) Evidence(context.Context, storage.EvidenceQuery, func([]strength.Record) error) error {
	return errors.New("disk on fire")
}

func TestVerdictsStayWhereEvidenceCantBeRead(t *testing.T) {
	site, now := siteTo("cart"), noon
	store := &fakeStore{fakeEvidence: fakeEvidence{records: []strength.Record{seen(site, 0, 1, 40, 100, 0)}}}
	s := newServer(t, store, func(o *Options) { o.Now = func() time.Time { return now } })
	s.options.Backend = failingEvidence{store}
	now = now.Add(time.Hour)
	require.ErrorContains(t, s.RefreshStrengths(t.Context()), "disk on fire")
	require.NoError(t, s.RefreshStrengths(t.Context()), "not at once again")
	require.Equal(t, http.StatusOK, ask(s, "GET", "/api/jcg/v1/dependencies").Code)
	require.Equal(t, http.StatusInternalServerError, ask(s, "GET", "/api/jcg/v1/dependencies/"+site.ID().String()).Code)
	s.options.Backend = store
	require.Equal(t, "strong observed", strengthOf(t, s, site))
}

// Each call of a chain has its site's strength, other spans have none.
func TestCallsOfAChainHaveTheirStrength(t *testing.T) {
	scripted := treescript.Parse(t, `test/shop/web server "GET /" 0-100
  test/shop/web internal check 5-90
    test/shop/web client orm 10-40 rpc.system=grpc
      test/shop/web client add 11-39 rpc.system=grpc server.address=cart
        test/shop/cart server add 12-30
    test/shop/web client send 50-60 peer.service=mail`).Traces(-1)
	store := &fakeStore{traces: []ptrace.Traces{scripted}, fakeEvidence: fakeEvidence{records: []strength.Record{seen(siteTo("cart"), 0, 1, 40, 100, 0)}}}
	s := newServer(t, store)
	var answer chainAnswer
	fetchInto(t, s, "/api/jcg/v1/chains/"+traceID(scripted).String(), &answer)
	var lines []string
	for _, span := range answer.Chain.Spans {
		if span.Dependency != "" {
			lines = append(lines, fmt.Sprintf("%s %s %s", span.Operation, span.Strength, span.StrengthSource))
		}
	}
	require.Equal(t, []string{"add strong observed", "send unknown observed"}, lines)
	require.Equal(t, siteTo("cart").ID().String(), answer.Chain.Spans[3].Dependency)
}

func TestAnEdgeHasTheStrengthOfItsSites(t *testing.T) {
	site := func(id callgraph.StaticID, s strength.Strength, calls uint64) *callSite {
		return &callSite{id: id, verdict: strength.Verdict{Strength: s}, evidence: figures{calls: calls}}
	}
	for _, c := range []struct {
		sites []*callSite
		shown string
		first callgraph.StaticID
	}{
		{nil, "", 0},
		{[]*callSite{site(1, strength.Unknown, 9)}, "unknown", 1},
		{[]*callSite{site(1, strength.Unknown, 9), site(2, strength.Weak, 1)}, "weak", 2},
		{[]*callSite{site(1, strength.Weak, 5), site(2, strength.Strong, 5)}, "strong", 2},
		{[]*callSite{site(1, strength.Weak, 5), site(2, strength.Strong, 3), site(3, strength.Strong, 3)}, "strong", 2},
		{[]*callSite{site(1, strength.Weak, 500), site(2, strength.Strong, 3)}, "weak", 1},
	} {
		shown, ids := edgeStrength(c.sites)
		require.Equal(t, c.shown, shown)
		if c.first != 0 {
			require.Equal(t, c.first.String(), ids[0])
			require.Len(t, ids, len(c.sites))
		}
	}
	_, ids := edgeStrength([]*callSite{site(1, 0, 1), site(2, 0, 1), site(3, 0, 1), site(4, 0, 1), site(5, 0, 1), site(6, 0, 1)})
	require.Len(t, ids, maxEdgeSites)
}

// Two sites of one caller whose calls one operation answers share its edge.
func TestTrafficIsThatOfTheEdgeAndSharedWhereSitesShareIt(t *testing.T) {
	cart := callgraph.Operation{Service: callgraph.Service{Environment: "test", Namespace: "shop", Name: "cart"}, Name: "add"}
	record := func(peer string, calls, traces uint64) strength.Record {
		r := seen(siteTo(peer), 0, 1, 30, 10, 0)
		r.Evidence.Calls, r.Evidence.LocalTraces = calls, traces
		r.Evidence.Callees = []strength.Named{{Operation: cart, Chains: 1}}
		return r
	}
	store := &fakeStore{cells: shopCells(), fakeEvidence: fakeEvidence{records: []strength.Record{record("cart-a", 60, 30), record("cart-b", 20, 20), seen(siteTo("unseen"), 0, 1, 30, 10, 0)}}}
	s := newServer(t, store)
	var list dependencyList
	fetchInto(t, s, "/api/jcg/v1/dependencies", &list)
	whole := 0.0
	by := map[string]dependencyShape{}
	for _, d := range list.Dependencies {
		by[d.Callee.Peer] = d
		whole += d.Rate
	}
	require.Equal(t, []string{fromSharedEdge, fromSharedEdge, ""}, []string{by["cart-a"].RateFrom, by["cart-b"].RateFrom, by["unseen"].RateFrom})
	require.InDelta(t, 3, by["cart-a"].Rate/by["cart-b"].Rate, 1e-9)
	require.InDelta(t, by["cart-a"].Rate/2, by["cart-a"].CanStop, 1e-9, "it calls twice a request")
	require.InDelta(t, by["cart-b"].Rate, by["cart-b"].CanStop, 1e-9)
	require.Equal(t, fromCaller, by["cart-a"].StopFrom)
	require.Zero(t, by["unseen"].CanStop)
	var g graph
	fetchInto(t, s, "/api/jcg/v1/map", &g)
	for _, e := range g.Edges {
		if g.Nodes[e.Callee].Service == "cart" {
			require.InDelta(t, e.Rate, whole, 1e-9)
			require.Equal(t, "strong", e.Strength)
			require.Len(t, e.Dependencies, 2)
		}
	}
}

func TestStrongOnesThatStopMostComeFirstOverPages(t *testing.T) {
	var records []strength.Record
	for i := range 7 {
		records = append(records, seen(siteTo(fmt.Sprintf("weak-%d", i)), 0, 1, 40, 100, 100), seen(siteTo(fmt.Sprintf("strong-%d", i)), 0, 1, 40, uint64(100+i), 0))
	}
	s := newServer(t, &fakeStore{fakeEvidence: fakeEvidence{records: records}})
	var names []string
	for cursor, more := "", true; more; more = cursor != "" {
		var page dependencyList
		fetchInto(t, s, "/api/jcg/v1/dependencies?limit=4&cursor="+cursor, &page)
		require.Equal(t, 14, page.Total)
		for _, d := range page.Dependencies {
			names = append(names, d.Callee.Peer)
		}
		cursor = page.Cursor
	}
	require.Len(t, names, 14)
	require.Equal(t, []string{"strong-6", "strong-5", "strong-4", "strong-3", "strong-2", "strong-1", "strong-0"}, names[:7], "of equals those with more failures")
	require.Len(t, uniqueTexts(names), 14)
}

// A weak call that fails in the same requests as a strong one stops nothing.
func TestWhatFailsBesideAStrongOneStopsNothing(t *testing.T) {
	weak, strong := seen(siteTo("ads"), 0, 1, 40, 40, 40), seen(siteTo("stock"), 0, 1, 40, 40, 0)
	for _, r := range []*strength.Record{&weak, &strong} {
		r.Evidence.ChainOK = strength.Tally{Seen: 400, Went: 400, Survived: 396, WentAndFailed: 4}
		r.Evidence.Callees = []strength.Named{{Operation: callgraph.Operation{Service: callgraph.Service{Environment: "test", Namespace: "shop", Name: "cart"}, Name: "add"}, Chains: 1}}
	}
	weak.Evidence.ChainFailed[strength.Error] = strength.Tally{Seen: 40, Went: 40, Survived: 8, WentAndFailed: 32, Beside: 32}
	strong.Evidence.ChainFailed[strength.Error] = strength.Tally{Seen: 40, Beside: 32}
	s := newServer(t, &fakeStore{cells: shopCells(), fakeEvidence: fakeEvidence{records: []strength.Record{weak, strong}}})
	for peer, want := range map[string]float64{"ads": 0, "stock": 0.99} {
		var detail dependencyDetail
		fetchInto(t, s, "/api/jcg/v1/dependencies/"+siteTo(peer).ID().String(), &detail)
		require.InDelta(t, want, *detail.Dependency.StopShare, 0.001, peer)
		require.InDelta(t, want*detail.Dependency.Rate, detail.Dependency.CanStop, 0.001, peer)
		require.Positive(t, detail.Dependency.Rate)
	}
}

// TestUnknownOnesRankByWhatTheyCarry, whatever their few failures ended.
func TestUnknownOnesRankByWhatTheyCarry(t *testing.T) {
	table, rates := verdicts{sites: map[callgraph.StaticID]*callSite{}}, traffic{}
	for i, c := range []struct {
		is    strength.Strength
		ended uint64
		rate  float64
	}{{strength.Unknown, 0, 50}, {strength.Unknown, 1, 9}, {strength.Weak, 0, 1}, {strength.Unknown, 1, 70}, {strength.Strong, 1, 2}} {
		id := callgraph.StaticID(i)
		table.sites[id] = &callSite{
			id: id, verdict: strength.Verdict{Strength: c.is}, evidence: figures{failed: strength.Tally{Seen: 1, Survived: 1 - c.ended}},
		}
		rates[id] = siteTraffic{rate: c.rate}
	}
	var order []callgraph.StaticID
	for _, r := range rank(table, rates, dependencySearch{}) {
		order = append(order, r.id)
	}
	require.Equal(t, []callgraph.StaticID{4, 2, 3, 0, 1}, order)
}

func uniqueTexts(all []string) map[string]bool {
	set := map[string]bool{}
	for _, text := range all {
		set[text] = true
	}
	return set
}

func TestSitesBeyondTheBoundAreCounted(t *testing.T) {
	s := newServer(t, &fakeStore{})
	full := ledger{}
	for i := range callgraph.StaticID(maxSites) {
		full[i+1<<32] = &entry{}
	}
	s.options.Backend = &fakeStore{fakeEvidence: fakeEvidence{records: []strength.Record{seen(siteTo("cart"), 0, 1, 1, 1, 0)}}}
	all, refused, err := s.evidence(t.Context(), strength.DayOf(noon), strength.DayOf(noon), full)
	require.NoError(t, err)
	require.EqualValues(t, 1, refused)
	require.Len(t, all, maxSites)
}

func TestAnExampleTellsWhereItIsFrom(t *testing.T) {
	td := treescript.Parse(t, `test/shop/web server "GET /" 0-100
  test/shop/web client add 11-39 status=error server.address=cart code.function.name=shop.Cart.Add code.file.path=cart.go code.line.number=17`).Traces(-1)
	for _, rs := range td.ResourceSpans().All() {
		rs.Resource().Attributes().PutStr("service.instance.id", "web-7")
		rs.Resource().Attributes().PutStr("host.name", "h1")
	}
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1)
	e := span.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.stacktrace", "at Cart.Add")
	w, found := whereIs(td, span.SpanID())
	require.True(t, found)
	require.Equal(t, where{"web-7", "h1", "shop.Cart.Add cart.go:17", "at Cart.Add"}, w)
	_, found = whereIs(td, [8]byte{9})
	require.False(t, found)
}
