package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/service"
	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// storyOrders are as many as it takes for nine payments to hang: nothing after
// any of nine failures is enough for a strong dependency.
const storyOrders = 9 + 8*61

// TestStories has customers order, cancel and fail, and reads in the collector
// what the paper shows: which calls are strong and which are weak (Fig. 12), where
// a chain that failed softly began to (Fig. 11), and an order's whole way.
func TestStories(t *testing.T) {
	t.Parallel()
	collector := collectortest.Start(t, t.TempDir())
	p := start(t, "--collector", collector.Address(collectortest.PortCompact), "--gateway", "127.0.0.1:0", "--rate", "0", "--timeout", "4s")
	gateway := p.gateway()
	numbers := order(t, gateway)
	cancelStories(t, gateway, numbers)
	refuseRefunds(t, gateway, numbers)
	s := &stories{collector, t}
	for site, want := range map[string][2]string{
		"shop.Order/Place -> stock POST /reservations":          {"error", "strong"},
		"shop.Order/Place -> loyalty POST /points":              {"error", "weak"},
		"shop.Order/Place -> payment POST /payments":            {"timeout", "strong"},
		"shop.Order/Cancel -> stock POST /returns":              {"error", "strong"},
		"shop.Order/Cancel -> loyalty POST /points/revocations": {"error", "weak"},
		"POST /orders -> order shop.Order/Place":                {"error", "strong"},
		"POST /reservations -> warehouse shop.Warehouse/Pick":   {"error", "strong"},
		"orders process -> carrier POST /parcels":               {"error", "strong"},
		"shop.Order/Cancel -> payment POST /refunds":            {"error", "strong"},
	} {
		collector.Eventually(site, func(ctx context.Context) error { return s.verdict(ctx, site, want[0], want[1]) })
	}
	s.cancelled(ending(t, numbers, fault.ReturnRefused.First))
	s.short(ending(t, numbers, fault.StockShort.First))
}

// order places the orders, some at a time, and returns the numbers of those that
// came to an end.
func order(t *testing.T, gateway string) []string {
	var mu sync.Mutex
	var numbers []string
	turns, customers := make(chan struct{}, storyOrders), sync.WaitGroup{}
	for range storyOrders {
		turns <- struct{}{}
	}
	close(turns)
	for range 16 {
		customers.Go(func() {
			for range turns {
				_, body := request(t, http.MethodPost, gateway+"/orders", `{"sku":"SKU-1","quantity":2}`)
				var receipt service.Receipt
				if json.Unmarshal([]byte(body), &receipt) == nil {
					mu.Lock()
					numbers = append(numbers, receipt.Number)
					mu.Unlock()
				}
			}
		})
	}
	customers.Wait()
	slices.Sort(numbers)
	return numbers
}

// cancelStories cancels the orders whose cancellation fails in some way, and
// some others.
func cancelStories(t *testing.T, gateway string, numbers []string) {
	for i, number := range numbers {
		if i%20 == 0 || fault.ReturnRefused.Hits(number) || fault.LoyaltyDown.Hits(number) {
			request(t, http.MethodDelete, gateway+"/orders/"+number, "")
		}
	}
}

// refuseRefunds makes refunds fail, which never do by themselves: a chaos test
// shows what nobody has seen.
func refuseRefunds(t *testing.T, gateway string, numbers []string) {
	for i, number := range numbers {
		if i%20 != 7 {
			continue
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, gateway+"/orders/"+number, nil)
		require.NoError(t, err)
		r.Header.Set("baggage", "fault=POST%20/refunds")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
}

// ending is the number of the nth order.
func ending(t *testing.T, numbers []string, n int) string {
	i := slices.IndexFunc(numbers, func(s string) bool { return strings.HasSuffix(s, fmt.Sprintf("-%06d", n)) })
	require.GreaterOrEqual(t, i, 0, "order %d", n)
	return numbers[i]
}

// stories reads what the collector tells.
type stories struct {
	*collectortest.Run
	t *testing.T
}

type operation struct{ Service, Operation string }

type dependency struct {
	Caller   operation
	Callee   struct{ Peer, Operation string }
	Strength string
	Source   string
	Classes  []struct {
		Class, Strength  string
		Failures, WentOn int
	}
	Words string
}

func (d dependency) String() string {
	return d.Caller.Operation + " -> " + d.Callee.Peer + " " + d.Callee.Operation
}

// sources of verdicts that are from nothing that happened by itself.
var sources = map[string]string{"shop.Order/Cancel -> payment POST /refunds": "injected"}

// verdict fails while a call site has another verdict for a class of failures.
func (s *stories) verdict(ctx context.Context, site, class, want string) error {
	var list struct{ Dependencies []dependency }
	if err := s.GetJSON(ctx, "/api/jcg/v1/dependencies?limit=500&environment=shop-demo", &list); err != nil {
		return err
	}
	i := slices.IndexFunc(list.Dependencies, func(d dependency) bool { return d.String() == site })
	if i < 0 {
		return fmt.Errorf("no site %q among %v", site, list.Dependencies)
	}
	if wanted := sources[site]; wanted != "" && list.Dependencies[i].Source != wanted {
		return fmt.Errorf("%s: source %s, want %s", site, list.Dependencies[i].Source, wanted)
	}
	for _, c := range list.Dependencies[i].Classes {
		if c.Class == class && c.Strength == want {
			return nil
		}
	}
	return fmt.Errorf("%s: %+v, want %s for class %s", site, list.Dependencies[i], want, class)
}

type key struct{ Environment, Kind, Value string }

type logicalChain struct {
	Traces   int
	Sections []struct {
		TraceID string
		Keys    []key
		Missing bool
		Chain   struct {
			Entrance operation
			Outcome  string
			Origin   *struct {
				operation
				Outcome, Message string
			}
		}
	}
	Linked []struct {
		Key      key
		Followed bool
	}
}

// logical reads an order's logical chain.
func (s *stories) logical(ctx context.Context, number string) (chain logicalChain, err error) {
	err = s.GetJSON(ctx, "/api/jcg/v1/logical-chains/order/"+url.PathEscape(number), &chain)
	return chain, err
}

// cancelled is the story of Fig. 12: an order, and a cancellation that ends where
// the goods do not come back. Its payment and its parcel are linked with it.
func (s *stories) cancelled(number string) {
	var chain logicalChain
	s.Eventually("the cancelled order", func(ctx context.Context) (err error) {
		if chain, err = s.logical(ctx, number); err == nil && (len(chain.Sections) < 2 || len(chain.Linked) < 2) {
			err = fmt.Errorf("%+v", chain)
		}
		return err
	})
	last := chain.Sections[len(chain.Sections)-1].Chain
	require.Equal(s.t, operation{"gateway", "DELETE /orders/{number}"}, last.Entrance)
	require.Equal(s.t, "error", last.Outcome)
	require.NotNil(s.t, last.Origin)
	require.Equal(s.t, operation{"stock", "POST /returns"}, last.Origin.operation)
	require.Equal(s.t, operation{"gateway", "POST /orders"}, chain.Sections[0].Chain.Entrance)
	kinds := map[string]bool{}
	for _, l := range chain.Linked {
		kinds[l.Key.Kind] = true
	}
	require.True(s.t, kinds["payment"] && kinds["waybill"], "%v", chain.Linked)
}

// short is the story of Fig. 11: stock fails softly, the order goes on, and the
// chain's origin is in stock.
func (s *stories) short(number string) {
	s.Eventually("the chain that failed softly", func(ctx context.Context) error {
		chain, err := s.logical(ctx, number)
		if err != nil {
			return err
		}
		placed := chain.Sections[0].Chain
		if placed.Origin == nil || placed.Origin.operation != (operation{"stock", "POST /reservations"}) || placed.Origin.Outcome != "soft_error" {
			return fmt.Errorf("%+v", placed)
		}
		return nil
	})
	chain, err := s.logical(s.t.Context(), number)
	require.NoError(s.t, err)
	var one struct {
		Chain struct {
			Spans []struct{ Operation, SpanKind, Outcome, Dependency string }
		}
	}
	require.NoError(s.t, s.GetJSON(s.t.Context(), "/api/jcg/v1/chains/"+chain.Sections[0].TraceID, &one))
	after := false // calls that were made after the soft error
	for _, span := range one.Chain.Spans {
		after = after || span.Operation == "POST /payments" && span.SpanKind == "client" && span.Dependency != ""
	}
	assert.True(s.t, after, "%+v", one.Chain.Spans)
}
