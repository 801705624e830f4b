package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/service"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// orders are as many as it takes to see each fault once.
const orders = 11

// TestChains has each fault happen and compares all calls of all chains with
// testdata/chains.txt.
func TestChains(t *testing.T) {
	t.Parallel() // it waits most of the time
	spans := newSink(t)
	// Payments that hang do so until the deadline: none of the others, on however
	// busy a machine, should need as much.
	p := start(t, "--collector", spans.address, "--gateway", "127.0.0.1:0", "--rate", "0", "--timeout", "15s")
	visit(t, p.gateway())

	golden := filepath.Join("testdata", "chains.txt")
	content, err := os.ReadFile(golden)
	require.NoError(t, err)
	want := string(content)
	if _, err := exec.LookPath("redis-server"); err != nil {
		want = withoutRedis(want)
	}
	update := os.Getenv("UPDATE_GOLDEN") != ""
	var got string
	complete := assert.Eventually(t, func() bool {
		got = report(spans.traces())
		return got == want && !update
	}, patience, 5*look, "all spans")
	if update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	if !complete {
		require.Equal(t, want, got)
	}
	for _, td := range spans.traces() {
		checkChain(t, td)
	}
	checkOrigin(t, spans.traces())
}

// visit asks for what there is and is not, then places orders, all at once, and
// one for nothing, and cancels some.
func visit(t *testing.T, gateway string) {
	for url, wanted := range map[string]int{
		"/products/SKU-1": http.StatusOK, "/products/SKU-404": http.StatusNotFound, "/orders/lost-1": http.StatusNotFound,
	} {
		code, body := request(t, http.MethodGet, gateway+url, "")
		require.Equal(t, wanted, code, body)
	}
	var customers sync.WaitGroup
	numbers := make(chan string, orders)
	for range orders {
		customers.Go(func() {
			code, body := request(t, http.MethodPost, gateway+"/orders", `{"sku":"SKU-1","quantity":2}`)
			assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, code, body)
			var receipt service.Receipt
			if json.Unmarshal([]byte(body), &receipt) == nil {
				numbers <- receipt.Number
			}
		})
	}
	customers.Wait()
	close(numbers)
	cancel(t, gateway, numbers)
	code, body := request(t, http.MethodPost, gateway+"/orders", `{"sku":"SKU-1","quantity":0}`)
	require.Equal(t, http.StatusBadRequest, code, body)
}

// cancelled are the orders that are cancelled, by the end of their numbers, and
// the answers.
var cancelled = map[string]int{
	"-000001": http.StatusOK, "-000003": http.StatusServiceUnavailable, "-000006": http.StatusOK, "-000007": http.StatusConflict,
}

func cancel(t *testing.T, gateway string, numbers <-chan string) {
	for number := range numbers {
		if want, ok := cancelled[number[max(0, len(number)-7):]]; ok {
			code, body := request(t, http.MethodDelete, gateway+"/orders/"+number, "")
			assert.Equal(t, want, code, body)
		}
	}
}

// report is all calls: chain by chain between services, and in the end those
// between operations.
func report(traces map[string]ptrace.Traces) string {
	chains, all := []string{}, ptrace.NewTraces()
	for _, td := range traces {
		chains = append(chains, title(td)+"\n"+strings.Join(lines(calltree.Calls(td), between), ""))
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans()) // a copy of ours
	}
	chains = slices.DeleteFunc(chains, func(s string) bool { return strings.HasPrefix(s, "batch") }) // of any size
	slices.Sort(chains)
	edges := lines(calltree.Calls(all), func(c callgraph.Call) string {
		return fmt.Sprintf("%s %s -> %s %s [%s]\n", name(c.Edge.Caller), c.Edge.Caller.Name, name(c.Edge.Callee), c.Edge.Callee.Name, c.Edge.Connection)
	})
	return strings.Join(chains, "\n") + "\noperations\n" + strings.Join(slices.Compact(edges), "")
}

func title(td ptrace.Traces) string {
	root := calltree.Build(td).Roots()[0]
	number, ok := root.Span.Attributes().Get(telemetry.OrderKey)
	switch {
	case root.Span.Kind() == ptrace.SpanKindConsumer:
		return "batch"
	case !ok:
		return "no order: " + root.Span.Name()
	}
	title := "order …" + number.Str()[strings.LastIndex(number.Str(), "-"):]
	if !strings.HasPrefix(root.Span.Name(), http.MethodPost) {
		title += ": " + root.Span.Name()
	}
	for _, f := range fault.Table {
		if f.Hits(number.Str()) {
			title += ": " + f.Name
		}
	}
	return title
}

func lines(calls []callgraph.Call, line func(callgraph.Call) string) (lines []string) {
	for _, c := range calls {
		lines = append(lines, line(c))
	}
	slices.Sort(lines)
	return lines
}

// between tells a call by services, with the outcome of the call and, where it
// differs, of its server half.
func between(c callgraph.Call) string {
	outcome := c.Outcome().String()
	if c.Server.Seen && c.Server.Outcome != c.Outcome() {
		outcome += ", server " + c.Server.Outcome.String()
	}
	return fmt.Sprintf("  %s -> %s [%s] %s\n", name(c.Edge.Caller), name(c.Edge.Callee), c.Edge.Connection, outcome)
}

func name(o callgraph.Operation) string {
	switch o.Node {
	case callgraph.Outside:
		return "(outside)"
	case callgraph.Virtual:
		return "(" + o.Service.Name + ")"
	}
	return o.Service.Name
}

func withoutRedis(s string) string {
	kept := slices.DeleteFunc(strings.SplitAfter(s, "\n"), func(line string) bool { return strings.Contains(line, "(redis)") })
	return strings.Join(kept, "")
}

// checkChain: one root, no span without its parent, the shop's resource, and
// the order's number everywhere.
func checkChain(t *testing.T, td ptrace.Traces) {
	tree := calltree.Build(td)
	root := tree.Roots()[0]
	number := root.Span.Attributes().AsRaw()[telemetry.OrderKey] // nil: no order
	for _, problem := range tree.Problems() {
		if o := problem.Oddity; o == calltree.Orphan || o == calltree.ExtraRoot || o == calltree.Duplicate || o == calltree.NoClient {
			t.Errorf("%s: %s", title(td), problem)
		}
	}
	for _, node := range tree.Walk() {
		require.Equal(t, callgraph.Service{Environment: "shop-demo", Namespace: "shop", Name: node.Service.Name}, node.Service)
		require.Equal(t, number, node.Span.Attributes().AsRaw()[telemetry.OrderKey], "%s of %s in %s", node.Span.Name(), node.Service.Name, title(td))
		checkBooked(t, node.Span, number)
	}
}

// checkBooked: whoever takes money or delivers has a number for it, which leads
// to the order.
func checkBooked(t *testing.T, span ptrace.Span, number any) {
	for operation, key := range map[string]string{"POST /payments": telemetry.PaymentKey, "POST /refunds": telemetry.PaymentKey, "orders process": telemetry.WaybillKey} {
		if span.Name() == operation && span.Kind() != ptrace.SpanKindClient {
			require.Contains(t, span.Attributes().AsRaw()[key], "-"+number.(string), operation)
		}
	}
}

// checkOrigin: the span where the warehouse failed shows the log line and the
// code that made the error.
func checkOrigin(t *testing.T, traces map[string]ptrace.Traces) {
	for _, td := range traces {
		if !strings.Contains(title(td), fault.WarehouseDown.Name) {
			continue
		}
		for _, node := range calltree.Build(td).Walk() {
			if node.Service.Name != "warehouse" {
				continue
			}
			events := map[string]map[string]any{}
			for _, e := range node.Span.Events().All() {
				events[e.Name()] = e.Attributes().AsRaw()
			}
			require.Equal(t, map[string]any{"log.severity": "ERROR", "log.message": "aisle of SKU-1 is blocked"}, events[sdk.LogEvent])
			require.Contains(t, events["exception"]["exception.stacktrace"], "service.runWarehouse")
			return
		}
	}
	t.Error("no failed warehouse in", slices.Collect(maps.Keys(traces)))
}
