package graphview

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func op(service, name string) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Name: service}, Name: name}
}

func peer(service, name string) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Name: service}, Name: name, Node: callgraph.Virtual}
}

// halves are cells of both kinds, in the bucket at a second.
func clientHalves(caller, callee callgraph.Operation, at int64, n uint64, o callgraph.Outcome) callgraph.Cell {
	c := callgraph.Cell{Sequence: 1}
	c.Edge = callgraph.Edge{Caller: caller, Callee: callee, Connection: callgraph.HTTP}
	c.Outcome, c.Bucket = o, callgraph.BucketAt(time.Unix(at, 0), callgraph.HotWidth)
	c.Client.Add(20*time.Millisecond, n)
	return c
}

func serverHalves(caller callgraph.Reference, callee callgraph.Operation, at int64, n uint64, o callgraph.Outcome) callgraph.Cell {
	c := clientHalves(caller.Operation(), callee, at, 0, o)
	c.Server.Add(10*time.Millisecond, n)
	return c
}

func refers(caller, callee callgraph.Operation) callgraph.Reference {
	return callgraph.Reference{Caller: callgraph.StaticIDOf(caller), Site: callgraph.SiteIDOf(caller.Service, callee)}
}

// shown is what a link says.
type shown struct {
	calls  Count
	served uint64
}

// linkName names a link of the operations' layer.
func linkName(caller, callee callgraph.Operation, indirect bool) string {
	name := caller.String() + " -> " + callee.String()
	if indirect {
		name += " (indirect)"
	}
	return name
}

// links are those with calls, between operations; it holds that the answers of
// the services' layer, and the figures, come to the same.
func links(t require.TestingT, v *View, w callgraph.Window) map[string]shown {
	all := map[string]shown{}
	var sum, above Count
	err := v.read(context.Background(), w, func(r *reading) {
		l := &r.topology.operations
		for i := range l.links {
			k := &l.links[i]
			f, c := r.figures(k), r.count(k)
			require.Equal(t, c, f.Count())
			require.NotEqual(t, callgraph.Referred, l.nodes[k.caller].Node)
			sum = sum.plus(c)
			if s := (shown{c, f.Sum.Server.Count()}); s != (shown{}) {
				name := linkName(l.nodes[k.caller], l.nodes[k.callee], k.indirect)
				all[name] = shown{all[name].calls.plus(c), all[name].served + s.served}
			}
		}
		for i := range r.topology.services.links {
			above = above.plus(r.count(&r.topology.services.links[i]))
		}
	})
	require.NoError(t, err)
	require.Equal(t, sum, above)
	return all
}

func viewOf(cells ...callgraph.Cell) *View {
	v := New(Options{})
	v.Apply(cells)
	return v
}

func minute() callgraph.Window {
	return callgraph.Window{From: time.Unix(0, 0), To: time.Unix(60, 0)}
}

var (
	buy, browse = op("shop", "buy"), op("shop", "browse")
	stock       = peer("stock:80", "GET")
	reserve     = op("stock", "reserve")
	release     = op("stock", "release")
	unknown     = callgraph.Operation{Node: callgraph.Unknown}
)

func TestHalvesOfASiteWithOneCalleeAreOneEdge(t *testing.T) {
	server := serverHalves(refers(buy, stock), reserve, 0, 9, callgraph.OK)
	for name, cells := range map[string][]callgraph.Cell{
		"client first": {clientHalves(buy, stock, 0, 10, callgraph.OK), clientHalves(buy, stock, 0, 1, callgraph.Timeout), server},
		"server first": {server, clientHalves(buy, stock, 0, 10, callgraph.OK), clientHalves(buy, stock, 0, 1, callgraph.Timeout)},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, map[string]shown{linkName(buy, reserve, false): {Count{11, 1}, 9}}, links(t, viewOf(cells...), minute()))
		})
	}
}

func TestTheCalleeOfASiteIsThatOfAllItsCallers(t *testing.T) {
	v := viewOf(clientHalves(buy, stock, 0, 3, callgraph.OK), clientHalves(browse, stock, 0, 5, callgraph.OK))
	require.Equal(t, map[string]shown{linkName(buy, stock, false): {calls: Count{3, 0}}, linkName(browse, stock, false): {calls: Count{5, 0}}}, links(t, v, minute()))
	v.Apply([]callgraph.Cell{serverHalves(refers(buy, stock), reserve, 0, 3, callgraph.OK)})
	require.Equal(t, map[string]shown{
		linkName(buy, reserve, false): {Count{3, 0}, 3}, linkName(browse, reserve, false): {calls: Count{5, 0}},
	}, links(t, v, minute()), "what was counted before moves")
}

func TestOfSeveralCalleesServersSayHowOftenWhichWasCalled(t *testing.T) {
	cells := []callgraph.Cell{
		clientHalves(buy, stock, 0, 10, callgraph.OK), clientHalves(buy, stock, 0, 3, callgraph.Timeout), clientHalves(browse, stock, 0, 4, callgraph.OK),
		serverHalves(refers(buy, stock), reserve, 0, 8, callgraph.OK), serverHalves(refers(buy, stock), release, 0, 2, callgraph.OK),
		serverHalves(refers(buy, stock), release, 0, 1, callgraph.Error), serverHalves(refers(browse, stock), release, 0, 5, callgraph.OK),
	}
	want := map[string]shown{
		linkName(buy, reserve, false): {Count{8, 0}, 8}, linkName(buy, release, false): {Count{3, 1}, 3},
		linkName(browse, release, false): {Count{5, 0}, 5},
		linkName(buy, stock, false):      {calls: Count{1, 1}}, // one of the three timed out before it arrived, one call of browse's has no client half
	}
	for range 10 {
		rand.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		require.Equal(t, want, links(t, viewOf(cells...), minute()))
	}
}

func TestAServerWithoutClientHalvesCounts(t *testing.T) {
	server := serverHalves(refers(buy, stock), reserve, 0, 2, callgraph.OK)
	v := viewOf(server)
	require.Equal(t, map[string]shown{linkName(unknown, reserve, false): {Count{2, 0}, 2}}, links(t, v, minute()), "nobody told the caller's name")
	v.Apply([]callgraph.Cell{clientHalves(buy, stock, 30, 0, callgraph.OK)})
	require.Equal(t, map[string]shown{linkName(buy, reserve, false): {Count{2, 0}, 2}}, links(t, v, minute()), "a cell without calls did")
	server.ServerOnly, server.Bucket.Start = 2, 10
	v.Apply([]callgraph.Cell{server, clientHalves(buy, stock, 0, 7, callgraph.OK)})
	require.Equal(t, map[string]shown{linkName(buy, reserve, false): {Count{9, 0}, 4}}, links(t, v, minute()), "where the sender counts none they are calls beside")
}

func TestAProvisionalNameIsThatOfTheOnlyOperationAtTheSite(t *testing.T) {
	provisional := op("shop", "GET")
	cells := []callgraph.Cell{
		clientHalves(buy, stock, 0, 4, callgraph.OK), clientHalves(provisional, stock, 0, 0, callgraph.OK),
		serverHalves(refers(provisional, stock), reserve, 0, 4, callgraph.OK),
	}
	v := viewOf(cells...)
	require.Equal(t, map[string]shown{linkName(buy, reserve, false): {Count{4, 0}, 4}}, links(t, v, minute()))
	v.Apply([]callgraph.Cell{clientHalves(browse, stock, 0, 1, callgraph.OK)})
	require.Equal(t, map[string]shown{
		linkName(buy, reserve, false): {calls: Count{4, 0}}, linkName(browse, reserve, false): {calls: Count{1, 0}},
		linkName(provisional, reserve, false): {served: 4},
	}, links(t, v, minute()), "of two it may be either, and no call is told twice")
}

func TestIndirectHalvesStandApart(t *testing.T) {
	indirect := refers(buy, stock)
	indirect.Indirect = true
	proxy := op("proxy", "route")
	v := viewOf(
		clientHalves(buy, stock, 0, 5, callgraph.OK), serverHalves(indirect, reserve, 0, 4, callgraph.OK), serverHalves(indirect, reserve, 0, 1, callgraph.Error),
		serverHalves(refers(buy, stock), proxy, 0, 5, callgraph.OK), clientHalves(proxy, reserve, 0, 3, callgraph.OK))
	require.Equal(t, map[string]shown{
		linkName(buy, proxy, false): {Count{5, 0}, 5}, linkName(proxy, reserve, false): {calls: Count{3, 0}},
		linkName(buy, reserve, true): {Count{5, 1}, 5},
	}, links(t, v, minute()))
	a, err := v.Neighbourhood(t.Context(), Query{Focus: Focus{Service: reserve.Service, Operation: "reserve"}, Up: 1, Window: minute(), Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, []bool{a.Links[0].Indirect, a.Links[1].Indirect})
	focus := slices.IndexFunc(a.Nodes, func(n Node) bool { return n.Hop == 0 })
	require.Equal(t, Count{5, 1}, a.Nodes[focus].Received, "three of them came by the proxy's own link")
	calls, err := v.Calls(t.Context(), minute())
	require.NoError(t, err)
	require.Len(t, calls, 2, "an indirect call is told once")
}

func TestFoldedClientHalvesAreTheOthersOfTheirServers(t *testing.T) {
	other := op("shop", callgraph.OtherOperation)
	cells := []callgraph.Cell{
		clientHalves(other, peer("stock:80", callgraph.OtherOperation), 0, 9, callgraph.OK), clientHalves(buy, peer("bank", "pay"), 0, 1, callgraph.OK),
		serverHalves(refers(buy, stock), reserve, 0, 7, callgraph.OK),
	}
	require.Equal(t, map[string]shown{
		linkName(other, peer("stock:80", callgraph.OtherOperation), false): {calls: Count{2, 0}},
		linkName(buy, peer("bank", "pay"), false):                          {calls: Count{1, 0}}, linkName(buy, reserve, false): {Count{7, 0}, 7},
	}, links(t, viewOf(cells...), minute()))
}

func TestReferencesAreNeverShown(t *testing.T) {
	broken := callgraph.Operation{Name: "no reference", Node: callgraph.Referred}
	cell := serverHalves(callgraph.Reference{}, reserve, 0, 9, callgraph.OK)
	cell.ServerOnly = 1
	other := cell
	other.Edge.Caller = broken
	v := viewOf(cell, other, serverHalves(callgraph.Reference{Caller: 7}, reserve, 0, 2, callgraph.OK), serverHalves(refers(buy, stock), reserve, 0, 4, callgraph.OK))
	require.Equal(t, map[string]shown{linkName(unknown, reserve, false): {Count{7, 0}, 15}}, links(t, v, minute()))
	_, operations, err := v.Find(t.Context(), minute(), "r", "", 10)
	require.NoError(t, err)
	require.Len(t, operations, 1)
}
