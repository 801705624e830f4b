package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/storage"
)

func chainKey(kind, value string) callgraph.ChainKey {
	return callgraph.ChainKey{Kind: kind, Value: value}
}

// sight says that the chain which writeChain numbers carries keys.
func sight(t require.TestingT, b storage.KeyWriter, n byte, start time.Duration, keys ...callgraph.ChainKey) {
	var all []callgraph.Sighting
	for _, key := range keys {
		all = append(all, callgraph.Sighting{Key: key, TraceID: traceNumber(n), Start: treescript.Epoch.Add(start)})
	}
	require.NoError(t, b.WriteSightings(context.Background(), all))
}

func traceNumber(n byte) pcommon.TraceID { return pcommon.TraceID{0: 1, 11: n, 15: n} }

func keyPath(kind, value string) string {
	return "/api/jcg/v1/logical-chains/" + url.PathEscape(kind) + "/" + url.PathEscape(value)
}

// The paper's Fig. 12: an order is made, paid, and cancelled by a later request
// because its stock could not be taken.
func TestACancelledOrderShowsWhy(t *testing.T) {
	s, b := realServer(t)
	order, payment := chainKey("order", "4711"), chainKey("payment", "P9")
	writeChain(t, b, 1, `web server "POST /order" 0-100
  web client create 10-90 peer.service=orders
    orders server create 20-80`)
	sight(t, b, 1, 0, order)
	writeChain(t, b, 2, `pay server "POST /pay" 60000-60200
  pay client charge 60010-60100 peer.service=bank`)
	sight(t, b, 2, time.Minute, payment, order)
	writeChain(t, b, 3, `orders consumer "orders paid" 60150-60400 status=error
  orders client take 60160-60390 status=error peer.service=stock
    stock server take 60170-60380 status=error message="no stock of 17"`)
	sight(t, b, 3, 60150*time.Millisecond, payment)
	var answer logicalChain
	fetchInto(t, s, keyPath("order", "4711"), &answer)
	require.Equal(t, 3, answer.Traces)
	require.True(t, answer.TracesExact)
	var story []string
	for _, one := range answer.Sections {
		line := fmt.Sprintf("%s: %s", one.Chain.Entrance.Operation, one.Chain.Outcome)
		if one.Wait != nil {
			line = fmt.Sprintf("(%.1fs) ", *one.Wait) + line
		}
		if o := one.Chain.Origin; o != nil {
			line += fmt.Sprintf(", for %s: %s", o.Service, o.Message)
		}
		story = append(story, line)
	}
	require.Equal(t, []string{
		"POST /order: ok",
		"(59.9s) POST /pay: ok",
		"(-0.1s) orders paid: error, for stock: no stock of 17",
	}, story)
}

// Page by page a logical chain has each of its chains once, in order, while new
// ones come behind; the waits are those of the whole.
func TestPagesOfALogicalChainAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, b := realServer(t)
		keys := []callgraph.ChainKey{chainKey("order", "1"), chainKey("order", "2"), chainKey("payment", "1")}
		add := func(n byte, least int) {
			start := rapid.IntRange(least, least+5).Draw(t, "start")
			if rapid.Bool().Draw(t, "stored") {
				writeChain(t, b, n, fmt.Sprintf("web server a %d-%d\n", start, start+rapid.IntRange(1, 5).Draw(t, "took")))
			}
			for i, carried := range rapid.SliceOfN(rapid.Bool(), len(keys), len(keys)).Draw(t, "keys") {
				if carried {
					sight(t, b, n, time.Duration(start+i)*time.Millisecond, keys[i])
				}
			}
		}
		for n := range rapid.IntRange(1, 20).Draw(t, "chains") {
			add(byte(n+1), 0)
		}
		sight(t, b, 1, 0, keys[0])
		path := fmt.Sprintf("%s?links=%d&limit=", keyPath("order", "1"), rapid.IntRange(0, 3).Draw(t, "links"))
		var whole logicalChain
		fetchInto(t, s, path+"200", &whole)
		require.Equal(t, whole.Traces, len(whole.Sections))
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		var paged []section
		for n, cursor := byte(100), ""; ; n++ {
			var page logicalChain
			fetchInto(t, s, fmt.Sprintf("%s%d&cursor=%s", path, limit, cursor), &page)
			require.LessOrEqual(t, len(page.Sections), limit)
			paged = append(paged, page.Sections...)
			if cursor = page.Cursor; cursor == "" {
				break
			}
			if n < 110 {
				add(n, 1000)
			}
		}
		require.Equal(t, len(paged), len(byTrace(paged)), "each once")
		for id := range byTrace(whole.Sections) {
			require.Contains(t, byTrace(paged), id)
		}
	})
}

func byTrace(all []section) map[string]section {
	by := map[string]section{}
	for _, one := range all {
		by[one.TraceID] = one
	}
	return by
}

func TestWaitsGoOnOverPages(t *testing.T) {
	s, b := realServer(t)
	key := chainKey("order", "1")
	for n, script := range []string{"web server a 0-500", "web server b 100-200", "web server c 1000-1100"} {
		writeChain(t, b, byte(n+1), script)
		sight(t, b, byte(n+1), time.Duration(n)*time.Second, key)
	}
	var waits []float64
	for cursor, more := "", true; more; more = cursor != "" {
		var page logicalChain
		fetchInto(t, s, keyPath("order", "1")+"?limit=1&cursor="+cursor, &page)
		if cursor = page.Cursor; page.Sections[0].Wait != nil {
			waits = append(waits, *page.Sections[0].Wait)
		}
	}
	require.InDeltaSlice(t, []float64{-0.4, 0.5}, waits, 1e-9, "from the latest end, not the last chain's")
}

func TestLinksAreFollowedAsFarAsAsked(t *testing.T) {
	s, b := realServer(t)
	order, payment, delivery, customer := chainKey("order", "1"), chainKey("payment", "1"), chainKey("delivery", "1"), chainKey("customer", "1")
	sight(t, b, 1, 0, order, payment)
	sight(t, b, 2, 1, payment, delivery)
	sight(t, b, 3, 2, delivery)
	sight(t, b, 4, 3, order, customer)
	for n := range byte(30) {
		sight(t, b, 100+n, 4, customer, chainKey("order", fmt.Sprint(100+n)))
	}
	linked := func(path string) (list []string) {
		var answer logicalChain
		fetchInto(t, s, path, &answer)
		for _, l := range answer.Linked {
			line := fmt.Sprintf("%d %s", l.Depth, l.Key.Kind)
			if !l.Followed {
				line += " " + l.WhyNot
			}
			list = append(list, line)
		}
		return append(list, fmt.Sprintf("%d chains", answer.Traces))
	}
	require.Equal(t, []string{"1 customer depth", "1 payment depth", "2 chains"}, linked(keyPath("order", "1")+"?links=0"))
	require.Equal(t, []string{"1 customer hub", "1 payment", "2 delivery depth", "3 chains"}, linked(keyPath("order", "1")+"?links=1"))
	require.Equal(t, []string{"1 customer hub", "1 payment", "2 delivery", "4 chains"}, linked(keyPath("order", "1")))
	var hub logicalChain
	fetchInto(t, s, keyPath("customer", "1"), &hub)
	require.Equal(t, 31, hub.Traces, "what was asked for is answered whatever it is")
	require.Equal(t, []string{"customer=1 is linked with more than 20 keys: these are not followed"}, hub.Notes)
	require.Equal(t, becauseHub, hub.Linked[0].WhyNot)
}

func TestAtMostSoManyKeysAreFollowed(t *testing.T) {
	s, b := realServer(t)
	for n := range byte(20) { // a line of keys, each linked with the next eight
		for next := n + 1; next <= n+8; next++ {
			sight(t, b, n, time.Duration(n), chainKey("order", fmt.Sprintf("%03d", n)), chainKey("order", fmt.Sprintf("%03d", next)))
		}
	}
	var answer logicalChain
	fetchInto(t, s, keyPath("order", "000")+"?links=3", &answer)
	followed, limited := 1, 0
	for _, l := range answer.Linked {
		switch {
		case l.Followed:
			followed++
		case l.WhyNot == becauseLimit:
			limited++
		}
	}
	require.Equal(t, maxFollowed, followed)
	require.Positive(t, limited)
}

func TestValuesOfAnyKind(t *testing.T) {
	s, b := realServer(t)
	for n, value := range []string{"a/b", "../..", "%2F", "a b", "Ü-𝕏", "?x=1#y", `"<script>'`, "a+b", strings.Repeat("7", 256), "key=value", "\u0000", "a\nb", "..."} {
		key := chainKey("order", value)
		writeChain(t, b, byte(n+1), "web server a 0-5")
		sight(t, b, byte(n+1), 0, key)
		var answer logicalChain
		fetchInto(t, s, keyPath("order", value), &answer)
		require.Equal(t, shownKey(key), answer.Key, "%q", value)
		require.Len(t, answer.Sections, 1, "%q", value)
		var spans keySpans
		fetchInto(t, s, keyPath("order", value)+"/spans", &spans)
		var found findings
		fetchInto(t, s, "/api/jcg/v1/search?q="+url.QueryEscape(value), &found)
		if value != strings.TrimSpace(value) {
			continue
		}
		require.NotEmpty(t, found.Keys, "%q", value)
	}
	for _, path := range []string{keyPath("order", strings.Repeat("7", 257)), keyPath("order", strings.Repeat("7", 2000)), keyPath(strings.Repeat("k", 65), "1")} {
		require.Equal(t, http.StatusBadRequest, ask(s, "GET", path).Code)
	}
	require.Equal(t, http.StatusNotFound, ask(s, "GET", keyPath("order", "unknown")).Code)
	require.Equal(t, http.StatusNotFound, ask(s, "GET", "/api/jcg/v1/logical-chains/order/%ff").Code)
}

// Rules may normalise a key and keep a code of it only.
func TestKeysAreFoundAsTheyWereOnSpans(t *testing.T) {
	s, b := realServer(t)
	s.options.Kinds = []string{"order"}
	s.options.Key = func(environment, kind, raw string) callgraph.ChainKey {
		if kind == "order" && !strings.HasPrefix(raw, "code-") {
			raw = "code-" + strings.ToUpper(raw)
		}
		return callgraph.ChainKey{Environment: environment, Kind: kind, Value: raw}
	}
	sight(t, b, 1, 0, chainKey("order", "code-A1"))
	for _, value := range []string{"a1", "A1", "code-A1"} {
		var answer logicalChain
		fetchInto(t, s, keyPath("order", value), &answer)
		require.Equal(t, "code-A1", answer.Key.Value, value)
	}
	for _, text := range []string{"a1", "code-A1", "paid order=a1, at last", "order='a1'"} {
		var found findings
		fetchInto(t, s, "/api/jcg/v1/search?q="+url.QueryEscape(text), &found)
		require.Len(t, found.Keys, 1, text)
	}
}

func TestAnExportIsWhatWasStored(t *testing.T) {
	s, b := realServer(t)
	key := chainKey("order", "1")
	for n := range byte(5) {
		writeChain(t, b, n+1, fmt.Sprintf("web server a %d-%d\n  web client b %d-%d", n, n+9, n+1, n+2))
		sight(t, b, n+1, time.Duration(n)*time.Millisecond, key)
	}
	sight(t, b, 100, 0, key) // not stored any more
	spans := 0
	for cursor, more := "", true; more; more = cursor != "" {
		var page keySpans
		fetchInto(t, s, keyPath("order", "1")+"/spans?limit=2&cursor="+cursor, &page)
		spans += strings.Count(string(page.ResourceSpans), `"spanId"`)
		cursor = page.Cursor
	}
	require.Equal(t, 10, spans)
}

// A page ends where it would be too large, and goes on there.
func TestLargeChainsEndAPage(t *testing.T) {
	s, b := realServer(t)
	s.options.MaxSpans = 3
	for n := range byte(3) {
		writeChain(t, b, n+1, "web server a 0-9\n  web client b 1-2")
		sight(t, b, n+1, time.Duration(n), chainKey("order", "1"))
	}
	var page logicalChain
	fetchInto(t, s, keyPath("order", "1"), &page)
	require.Len(t, page.Sections, 2)
	fetchInto(t, s, keyPath("order", "1")+"?cursor="+page.Cursor, &page)
	require.Len(t, page.Sections, 1)
	require.Empty(t, page.Cursor)
}

func TestErasingIsAskedOfWhoMay(t *testing.T) {
	store := shop()
	var erased []string
	s := newServer(t, store, func(o *Options) {
		o.Hosts = []string{}
		o.Erase = func(_ context.Context, key callgraph.ChainKey, raw string) (Erased, error) {
			erased = append(erased, key.String()+" as "+raw)
			if key.Value == "none" {
				return Erased{}, nil
			}
			return Erased{Spans: 3, Traces: 2, EdgesLeft: 5, SitesLeft: 4}, nil
		}
	})
	remove := func(path string, change func(*http.Request)) (int, string) {
		r := request("DELETE", path)
		r.Host = "localhost"
		if change != nil {
			change(r)
		}
		w := answer(s, r)
		return w.Code, w.Body.String()
	}
	code, body := remove("/api/jcg/v1/logical-chains/order/4711", nil)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, `"field":"environment"`)
	code, _ = remove("/api/jcg/v1/logical-chains/order/4711?environment=", nil)
	require.Equal(t, http.StatusBadRequest, code, "the empty one does not have it")
	code, _ = remove("/api/jcg/v1/logical-chains/order/4711?environment=prod", func(r *http.Request) { r.Host = "evil.example" })
	require.Equal(t, http.StatusForbidden, code)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"} {
		code, _ = remove("/api/jcg/v1/logical-chains/order/4711?environment=prod", func(r *http.Request) { r.Header.Set(header, value) })
		require.Equal(t, http.StatusForbidden, code, header)
	}
	code, _ = remove("/api/jcg/v1/logical-chains/order/none", nil)
	require.Equal(t, http.StatusNotFound, code)
	code, _ = remove("/api/jcg/v1/logical-chains/order/4711/spans", nil)
	require.Equal(t, http.StatusMethodNotAllowed, code)
	require.Equal(t, []string{"order=none as none"}, erased, "what an erasure before may have left")
	erased = nil
	code, body = remove("/api/jcg/v1/logical-chains/order/4711?environment=prod", nil)
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, `{"key":{"environment":"prod","kind":"order","value":"4711"},"spans":3,"traces":2,"edgesLeft":5,"sitesLeft":4}`, body)
	code, _ = remove("/api/jcg/v1/logical-chains/payment/P%2F1", nil)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, []string{"prod/order=4711 as 4711", "test/payment=P/1 as P/1"}, erased)
}

func TestAnErasureThatFailsSaysHowFarItCame(t *testing.T) {
	s := newServer(t, shop(), func(o *Options) {
		o.Erase = func(context.Context, callgraph.ChainKey, string) (Erased, error) {
			return Erased{Spans: 7, Traces: 1}, errors.New("disk on fire")
		}
	})
	w := ask(s, "DELETE", "/api/jcg/v1/logical-chains/payment/P%2F1")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Contains(t, w.Body.String(), "7 spans are gone; ask again to go on: disk on fire")
}

// What an interrupted erasure left is cleaned up though the key is not found any more.
func TestAnErasureThatFailedGoesOn(t *testing.T) {
	store := shop()
	var asked []string
	s := newServer(t, store, func(o *Options) {
		o.Key = func(environment, kind, raw string) callgraph.ChainKey {
			return callgraph.ChainKey{Environment: environment, Kind: kind, Value: strings.ToUpper(raw)}
		}
		o.Erase = func(_ context.Context, key callgraph.ChainKey, raw string) (Erased, error) {
			asked = append(asked, key.String()+" as "+raw)
			if len(asked) < 3 {
				store.sightings = nil // the rows are gone, their old bytes are not
				return Erased{Spans: 1, Traces: 1}, errors.New("old bytes are left")
			}
			return Erased{}, nil
		}
	})
	for range 2 {
		w := ask(s, "DELETE", "/api/jcg/v1/logical-chains/payment/p%2F1")
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Contains(t, w.Body.String(), "ask again")
	}
	w := ask(s, "DELETE", "/api/jcg/v1/logical-chains/payment/p%2F1?environment=test")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, []string{"test/payment=P/1 as p/1", "payment=P/1 as p/1", "test/payment=P/1 as p/1"}, asked)
}

// Cleaning a large store's files takes longer than any answer that is read.
func TestErasingHasTimeOfItsOwn(t *testing.T) {
	var deadline time.Time
	s := newServer(t, shop(), func(o *Options) {
		o.Timeout = time.Second
		o.Erase = func(ctx context.Context, _ callgraph.ChainKey, _ string) (Erased, error) {
			deadline, _ = ctx.Deadline()
			return Erased{}, ctx.Err()
		}
	})
	w := &slowWriter{ResponseWriter: httptest.NewRecorder()}
	r := request("DELETE", "/api/jcg/v1/logical-chains/payment/P%2F1")
	r.Header.Set("Accept-Encoding", "gzip")
	s.ServeHTTP(w, r)
	require.Greater(t, time.Until(deadline), eraseTimeout/2)
	require.True(t, w.deadline.After(deadline), "the answer gets through")
}

// slowWriter is told how long an answer may take.
type slowWriter struct {
	http.ResponseWriter
	deadline time.Time
}

func (w *slowWriter) SetWriteDeadline(t time.Time) error {
	w.deadline = t
	return nil
}

func TestOptionsNameDeleteWhereItIsServed(t *testing.T) {
	s := newServer(t, shop())
	w := ask(s, "OPTIONS", "/api/jcg/v1/logical-chains/order/4711")
	require.Equal(t, "GET, HEAD, OPTIONS, DELETE", w.Header().Get("Allow"))
	w = ask(s, "POST", "/api/jcg/v1/logical-chains/order/4711")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Contains(t, w.Body.String(), "only GET and DELETE is served here")
}

func TestAFaultOfTheStoresKeysIsTold(t *testing.T) {
	store := shop()
	s := newServer(t, store)
	store.failing = errors.New("disk on fire")
	for _, path := range []string{"logical-chains/order/4711", "logical-chains/order/4711/spans", "chains/0000beef", "search?q=4711"} {
		w := ask(s, "GET", "/api/jcg/v1/"+path)
		require.Equal(t, http.StatusInternalServerError, w.Code, path)
		require.Contains(t, w.Body.String(), "disk on fire", path)
	}
}

func FuzzKeyCursor(f *testing.F) {
	f.Add(keyCursor{place: storage.Place{Start: 1, TraceID: pcommon.TraceID{1}}, end: 2, followed: []callgraph.StaticID{3, 4}}.String())
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := parseKeyCursor(text); ok {
			require.Equal(t, text, c.String())
			require.LessOrEqual(t, len(c.followed), maxFollowed)
		}
	})
}

// Which of its keys a chain is shown by must not change from page to page.
func TestFollowedKeysKeepTheirOrder(t *testing.T) {
	s, b := realServer(t)
	keys := []callgraph.ChainKey{chainKey("order", "1"), chainKey("waybill", "1"), chainKey("payment", "1")}
	sight(t, b, 1, 0, keys...)
	n, err := s.networkOf(t.Context(), keys[0], 1, hashes(keys))
	require.NoError(t, err)
	require.Equal(t, keys, n.followed)
}

// A sender that makes up a kind for everything hides nobody else's key.
func TestManyKindsOfAValueHideNoKey(t *testing.T) {
	s, b := realServer(t)
	var all []callgraph.Sighting
	for n := range maxSameKeys {
		all = append(all, callgraph.Sighting{Key: chainKey(fmt.Sprintf("kind%04d", n), "4711"), TraceID: traceNumber(byte(n)), Start: treescript.Epoch})
	}
	require.NoError(t, b.WriteSightings(t.Context(), all))
	order := chainKey("order", "4711")
	writeChain(t, b, 1, "web server a 0-5")
	sight(t, b, 1, 0, order)
	var answer logicalChain
	fetchInto(t, s, keyPath("order", "4711"), &answer)
	require.Equal(t, shownKey(order), answer.Key)
	var found findings
	fetchInto(t, s, "/api/jcg/v1/search?q=order%3D4711", &found)
	require.Equal(t, []foundKey{{shownKey(order), 1, treescript.Epoch, treescript.Epoch}}, found.Keys)
}
