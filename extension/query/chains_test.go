package query

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// later is after all times of scripts.
var later = treescript.Epoch.Add(10 * time.Minute)

// realServer answers from a real store, which it returns.
func realServer(t require.TestingT) (*Server, storage.Backend) {
	b, err := memory.Open(memory.Options{Server: memory.NewServer(64 << 20)})
	require.NoError(t, err)
	return New(Options{Backend: b, View: graphview.New(graphview.Options{}), Now: func() time.Time { return later }}), b
}

// writeChain stores a chain that is written as a script, under trace ID n.
func writeChain(t require.TestingT, b storage.SpanWriter, n byte, script string) {
	td := treescript.Parse(t, script).Traces(-1)
	for _, rs := range td.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			span.SetTraceID(pcommon.TraceID{0: 1, 11: n, 15: n})
		}
	}
	_, err := b.WriteSpans(context.Background(), td)
	require.NoError(t, err)
}

func fetchInto(t require.TestingT, s *Server, path string, answer any) {
	w := ask(s, http.MethodGet, path)
	require.Equal(t, http.StatusOK, w.Code, "%s: %s", path, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), answer))
}

// numbers are the last bytes of the trace IDs that a search of chains finds.
func numbers(t require.TestingT, s *Server, query string) (all []int) {
	var list chainList
	fetchInto(t, s, "/api/jcg/v1/chains?"+query, &list)
	for _, c := range list.Chains {
		var n int
		_, err := fmt.Sscanf(c.ShortID, "%x", &n)
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

// someChains are of a shop in two environments, newest last.
func someChains(t require.TestingT) *Server {
	s, b := realServer(t)
	writeChain(t, b, 1, `dev//web server "GET /cart" 0-50
  dev//web client get 1-49 rpc.system=grpc
    dev//cart server list 2-48 order.number=7`)
	writeChain(t, b, 2, `dev//web server "GET /cart" 100-600 status=error
  dev//web client get 101-599 status=error rpc.system=grpc
    dev//cart server list 102-598 status=error message="no cart 17"`)
	writeChain(t, b, 3, `prod//web server "GET /cart" 200-250 degraded=true
  prod//web client ads 201-249 status=error http.request.method=GET server.address=ads.example error.type=timeout`)
	writeChain(t, b, 4, `dev//web server "POST /order" 300-350 http.response.status_code=404
  dev//web client pay 301-349 http.request.method=POST
    dev//payment server pay 302-348 jcg.soft_error=true log="card declined"`)
	return s
}

func TestChainsAreFoundByWhatTheirSpansAre(t *testing.T) {
	s := someChains(t)
	for query, want := range map[string][]int{
		"":                                                     {4, 3, 2, 1},
		"service=web":                                          {4, 3, 2, 1},
		"service=web&environment=dev":                          {4, 2, 1},
		"environment=prod":                                     {3},
		"service=cart":                                         {2, 1},
		"service=web&operation=GET+/cart":                      {3, 2, 1},
		"attribute=order.number=7":                             {1},
		"attribute=order.number=8":                             nil,
		"minDuration=400ms":                                    {2},
		"service=cart&maxDuration=100ms":                       {1},
		"outcome=failed":                                       {3, 2},
		"outcome=timeout":                                      {3},
		"outcome=error":                                        {2},
		"outcome=soft_error":                                   {4, 3},
		"outcome=rejected":                                     {4},
		"outcome=ok&service=cart":                              {1},
		"outcome=failed&service=cart":                          {2},
		"outcome=failed&service=payment":                       nil,
		"service=web&calleeService=cart":                       {2, 1},
		"service=web&calleeService=payment":                    {4},
		"service=cart&calleeService=web":                       nil,
		"service=web&calleeService=cart&outcome=failed":        {2},
		"service=web&calleeService=payment&outcome=soft_error": {4},
		"service=web&calleeService=cart&outcome=soft_error":    nil,
		"service=web&calleeService=cart&outcome=ok":            {1},
		"service=web&calleeService=cart&minDuration=400ms":     {2},
		"service=web&calleeService=cart&connection=http":       nil,
		"service=web&calleeService=cart&connection=rpc":        {2, 1},
		"service=web&operation=GET+/cart&calleeService=ads.example&calleeOperation=ads":                {3},
		"service=web&operation=POST+/order&calleeService=ads.example":                                  nil,
		"service=web&calleeService=ads.example&calleeEnvironment=prod&connection=http":                 {3},
		"service=web&calleeService=ads.example&outcome=failed":                                         {3},
		"service=web&calleeService=cart&calleeEnvironment=prod":                                        nil,
		"from=" + url.QueryEscape(treescript.Epoch.Add(200*time.Millisecond).Format(time.RFC3339Nano)): {4, 3},
	} {
		require.Equal(t, want, numbers(t, s, query), query)
	}
}

// Page by page a search finds what it finds at once, each chain once, however
// many begin at the same instant or match by several spans.
func TestPagesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, b := realServer(t)
		for n := range rapid.IntRange(0, 30).Draw(t, "chains") {
			start := rapid.IntRange(0, 5).Draw(t, "start")
			writeChain(t, b, byte(n+1), fmt.Sprintf("web server a %d-%d\n  web client b %d-%d degraded=true\n", start, start+9, start+rapid.IntRange(0, 5).Draw(t, "later"), start+9))
		}
		condition := rapid.SampledFrom([]string{"service=web", "", "outcome=soft_error", "service=web&calleeService=unknown_peer", "outcome=failed"}).Draw(t, "condition")
		whole := numbers(t, s, condition+"&limit=200")
		limit := rapid.IntRange(1, 7).Draw(t, "limit")
		var paged []int
		for cursor := ""; ; {
			var list chainList
			query := fmt.Sprintf("%s&limit=%d&cursor=%s", condition, limit, cursor)
			paged = append(paged, numbers(t, s, query)...)
			fetchInto(t, s, "/api/jcg/v1/chains?"+query, &list)
			if cursor = list.Next; cursor == "" {
				break
			}
		}
		require.ElementsMatch(t, whole, paged)
		require.Len(t, unique(paged), len(paged))
	})
}

func unique(all []int) map[int]bool {
	set := map[int]bool{}
	for _, n := range all {
		set[n] = true
	}
	return set
}

func TestASearchThatFindsLittleSaysHowFarItLooked(t *testing.T) {
	s, b := realServer(t)
	writeChain(t, b, 1, "web server a 0-1 http.response.status_code=404")
	var spans strings.Builder
	for i := range maxCandidates + candidateBatch {
		fmt.Fprintf(&spans, "web server a %d-%d trace=%d\n", i+1, i+2, i)
	}
	_, err := b.WriteSpans(t.Context(), treescript.Parse(t, spans.String()).Traces(-1))
	require.NoError(t, err)
	var list chainList
	fetchInto(t, s, "/api/jcg/v1/chains?outcome=rejected", &list)
	require.Empty(t, list.Chains)
	require.Contains(t, list.Note, "candidates were looked through")
	require.NotEmpty(t, list.Next)
	fetchInto(t, s, "/api/jcg/v1/chains?outcome=rejected&cursor="+list.Next, &list)
	require.Len(t, list.Chains, 1)
	require.Empty(t, list.Next+list.Note)
}

func TestFailuresAreGroupedByTheirOrigins(t *testing.T) {
	s := someChains(t)
	lines := func(query string) (all []string) {
		var list failureList
		fetchInto(t, s, "/api/jcg/v1/failures?"+query, &list)
		for _, g := range list.Failures {
			all = append(all, fmt.Sprintf("%s %s %s %q %q in %d of %s, latest %s", g.Failure.Service, g.Failure.Operation, g.Failure.Outcome,
				g.Failure.ErrorType, g.Failure.Message, g.Chains, g.Entrances[0].Operation, g.Latest.ShortID))
		}
		return all
	}
	declined := `payment pay soft_error "" "card declined" in 1 of POST /order, latest 00000004`
	ads := `web ads timeout "timeout" "" in 1 of GET /cart, latest 00000003`
	cart := `cart list error "" "no cart 17" in 1 of GET /cart, latest 00000002`
	require.Equal(t, []string{cart, declined, ads}, lines(""), "what reached an entrance, then what did softly, then what was handled")
	require.Equal(t, []string{cart, ads}, lines("outcome=failed"))
	require.Equal(t, []string{declined}, lines("outcome=soft"))
	require.Equal(t, []string{ads}, lines("environment=prod"))
	require.Equal(t, []string{cart}, lines("service=cart"))
	require.Equal(t, []string{cart}, lines("limit=1"))
	b := s.options.Backend.(storage.Backend)
	writeChain(t, b, 9, `dev//cart server list 700-800 status=error message="no cart 18"`)
	require.Equal(t, `cart list error "" "no cart 18" in 2 of list, latest 00000009`, lines("")[0], "numbers aside they are the same")
	writeChain(t, b, 10, `dev//cart server list 900-990
  dev//cart internal look 901-980 status=error message="no shelf"`)
	require.Equal(t, `cart look error "" "no shelf" in 1 of list, latest 0000000a`, lines("")[2], "handled")
}

// While the callee's spans have not come, its caller is to blame by all that is
// known: such a chain waits.
func TestAChainWithMissingSpansWaits(t *testing.T) {
	s, b := realServer(t)
	writeChain(t, b, 1, `web server a 0-50 status=error
  web client pay 1-49 status=error server.address=payment`)
	failures := func(now time.Time) int {
		s.options.Now = func() time.Time { return now }
		var list failureList
		fetchInto(t, s, "/api/jcg/v1/failures", &list)
		return len(list.Failures)
	}
	require.Zero(t, failures(treescript.Epoch.Add(time.Second)))
	require.Equal(t, 1, failures(treescript.Epoch.Add(7*time.Second)))
}

func TestTheWholeOfAnOriginIsShown(t *testing.T) {
	s := someChains(t)
	var answer chainAnswer
	fetchInto(t, s, "/api/jcg/v1/chains/00000004", &answer)
	require.Equal(t, "payment", answer.Chain.Services[answer.Chain.Spans[answer.Chain.Origins[0].Span].Service].Service)
	var detail struct{ Spans []spanDetail }
	fetchInto(t, s, "/api/jcg/v1/chains/00000004/spans/"+answer.Chain.Origins[0].Failure.SpanID, &detail)
	require.Equal(t, "card declined", detail.Spans[0].Logs[0].Message)
	require.Equal(t, []attributeShape{{"jcg.soft_error", "bool", "true"}}, detail.Spans[0].Attributes)
}

func TestTextsThatAreSearchedFor(t *testing.T) {
	s := someChains(t)
	chains := func(text string) (ids []string) {
		var answer findings
		fetchInto(t, s, "/api/jcg/v1/search?q="+url.QueryEscape(text), &answer)
		for _, c := range answer.Chains {
			ids = append(ids, c.ShortID)
		}
		return ids
	}
	require.Equal(t, []string{"00000002"}, chains("01000000000000000000000200000002"))
	require.Equal(t, []string{"00000002"}, chains("  00000002 "))
	require.Equal(t, []string{"00000004", "00000002"}, chains("2026-11-23 00:00:01,5 ERROR [00000002] after trace=01000000000000000000000400000004;"))
	require.Empty(t, chains("2026-11-24T18:00:00Z ERROR short_id=00000002"), "of another day")
	require.Equal(t, []string{"00000002"}, chains("2026-11-23T00:30:00+00:00 ERROR short_id=00000002"))
	require.Equal(t, []string{"00000001"}, chains(`order.number="7"`))
	require.Empty(t, chains("00000002-aaaa-bbbb-cccc-000000000001"), "groups of a UUID")
	require.Empty(t, chains("a b=c"))
	require.Empty(t, chains("x00000002"))
}

func TestIDsInTexts(t *testing.T) {
	require.Empty(t, idsIn("00000000 and 00000000000000000000000000000000"))
	require.Equal(t, []string{"deadbeef"}, idsIn("DEADBEEF"))
	require.Len(t, idsIn(strings.Repeat("deadbeef ", 100)), maxTextIDs)
}
