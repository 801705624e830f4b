package graphview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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

// world is what really happened: calls, as both their ends count them.
type world struct {
	cells []callgraph.Cell
	want  map[string]Count
	total uint64
}

// TestJoiningCountsEachCallOnce lets services call each other, with failures on
// either side and names that change, and tells the halves in any order: each
// call is on the edge that it was made over.
func TestJoiningCountsEachCallOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := world{want: map[string]Count{}}
		for s := range rapid.IntRange(1, 6).Draw(t, "sites") {
			w.site(t, s)
		}
		cells := rapid.Permutation(w.cells).Draw(t, "order")
		v := New(Options{})
		for part := range slices.Chunk(cells, 3) {
			v.Apply(part)
			_ = links(t, v, minute()) // holds along the way, too
		}
		got, total := links(t, v, minute()), uint64(0)
		for name, s := range got {
			total += s.calls.Calls
			if s.calls != (Count{}) {
				require.Equal(t, w.want[name], s.calls, name)
			}
		}
		require.Equal(t, w.total, total)
	})
}

func (w *world) site(t *rapid.T, n int) {
	service := fmt.Sprintf("service %d", n)
	there, callees := peer(fmt.Sprintf("peer %d", n), "GET"), rapid.IntRange(1, 3).Draw(t, "callees")
	answered := map[int]bool{}
	type call struct {
		caller callgraph.Operation
		callee int // that answered; -1: nobody
		saw    callgraph.Outcome
	}
	var calls []call
	for range rapid.IntRange(1, 12).Draw(t, "calls") {
		c := call{op(service, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "caller")), rapid.IntRange(-1, callees-1).Draw(t, "callee"), callgraph.OK}
		if c.callee < 0 {
			c.saw = callgraph.Timeout
		} else {
			answered[c.callee] = true
		}
		calls = append(calls, c)
	}
	for _, c := range calls {
		at := rapid.Int64Range(0, 5).Draw(t, "at") * 10
		client := clientHalves(c.caller, there, at, 1, c.saw)
		w.add(client)
		if c.callee >= 0 {
			w.add(serverHalves(refers(c.caller, there), op(fmt.Sprintf("callee %d", n), fmt.Sprint(c.callee)), at, 1, callgraph.OK))
		}
		w.total++
		to := there
		switch {
		case len(answered) == 1:
			to = op(fmt.Sprintf("callee %d", n), fmt.Sprint(slices.Collect(maps.Keys(answered))[0]))
		case c.callee >= 0:
			to = op(fmt.Sprintf("callee %d", n), fmt.Sprint(c.callee))
		}
		name := linkName(c.caller, to, false)
		w.want[name] = w.want[name].plus(countOf(c.saw, 1))
	}
}

// add makes each half a cell of its own writer, so that they add up.
func (w *world) add(c callgraph.Cell) {
	c.Writer = callgraph.Writer{ID: uint64(len(w.cells)), Source: callgraph.Counted}
	w.cells = append(w.cells, c)
}

// kept is a Source that has all cells.
type kept []callgraph.Cell

func (k *kept) Cells(_ context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	for i := range *k {
		if w.Contains((*k)[i].Bucket.Window().From) {
			if err := yield(slices.Clone((*k)[i : i+1])); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestJoiningIsTheSameInEveryView draws halves of all kinds, whether they fit or
// not: a view that seals, evicts and reads again answers like one that holds all,
// in whatever order it came, and like the naive way to join.
func TestJoiningIsTheSameInEveryView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const hours = 4
		clock, cells := time.Unix(0, 0), &kept{}
		small := New(Options{Cells: 40, Source: cells, Now: func() time.Time { return clock }})
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			clock = clock.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "minutes")) * time.Minute)
			var some []callgraph.Cell
			for range rapid.IntRange(1, 5).Draw(t, "cells") {
				c := anyHalf(t, 10*rapid.Int64Range(0, hours*360-1).Draw(t, "at"))
				c.Writer.ID = uint64(len(*cells))
				some, *cells = append(some, c), append(*cells, c)
			}
			small.Apply(some)
			clock = clock.Add(11 * time.Minute) // views of the past are kept for a while
			from := rapid.Int64Range(0, hours-1).Draw(t, "from")
			w := callgraph.Window{From: time.Unix(from*3600, 0), To: time.Unix(rapid.Int64Range(from+1, hours).Draw(t, "to")*3600, 0)}
			if rapid.IntRange(0, 3).Draw(t, "look") > 0 {
				continue
			}
			large := New(Options{})
			large.Apply(rapid.Permutation(*cells).Draw(t, "order"))
			want := naive(*cells, w)
			require.Equal(t, want, links(t, large, w))
			var tooMuch *TooMuchError
			if _, err := small.Calls(context.Background(), w); err != nil {
				require.ErrorAs(t, err, &tooMuch)
				continue
			}
			require.Equal(t, want, links(t, small, w))
		}
	})
}

func anyHalf(t *rapid.T, at int64) callgraph.Cell {
	callers := []callgraph.Operation{op("x", "a"), op("x", "b"), op("x", "late"), op("y", "a"), op("x", callgraph.OtherOperation)}
	peers := []callgraph.Operation{peer("p", "GET"), peer("q", "GET"), peer("p", callgraph.OtherOperation)}
	caller, there := rapid.SampledFrom(callers).Draw(t, "caller"), rapid.SampledFrom(peers).Draw(t, "peer")
	n := rapid.Uint64Range(0, 9).Draw(t, "n")
	o := callgraph.Outcome(rapid.IntRange(0, callgraph.Outcomes-1).Draw(t, "outcome"))
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0, 1:
		return clientHalves(caller, there, at, n, o)
	case 2: // joined by a collector
		return clientHalves(caller, op("z", "a"), at, n, o)
	}
	ref := refers(caller, there)
	ref.Indirect = rapid.IntRange(0, 5).Draw(t, "indirect") == 0
	if rapid.IntRange(0, 9).Draw(t, "nowhere") == 0 {
		ref.Site = 0
	}
	c := serverHalves(ref, op("z", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "callee")), at, n, o)
	c.ServerOnly = rapid.Uint64Range(0, n).Draw(t, "alone")
	return c
}

// naive joins as the spec tells it, looking at everything again for each step.
func naive(cells []callgraph.Cell, w callgraph.Window) map[string]shown {
	names := map[callgraph.StaticID]callgraph.Operation{}
	callees, callers := map[callgraph.StaticID]map[callgraph.Operation]bool{}, map[callgraph.StaticID]map[callgraph.Operation]bool{}
	note := func(m map[callgraph.StaticID]map[callgraph.Operation]bool, id callgraph.StaticID, o callgraph.Operation) {
		if m[id] == nil {
			m[id] = map[callgraph.Operation]bool{}
		}
		m[id][o] = true
	}
	calls, served := map[callgraph.Edge]Count{}, map[callgraph.Edge]Count{}
	service := map[callgraph.StaticID]callgraph.Service{}
	for i := range cells {
		c := &cells[i]
		for _, o := range []callgraph.Operation{c.Edge.Caller, c.Edge.Callee} {
			if o.Node == callgraph.Observed {
				names[callgraph.StaticIDOf(o)] = o
			}
		}
		switch roleOf(&c.Edge) {
		case server:
			r, _ := callgraph.ParseReference(c.Edge.Caller.Name)
			note(callees, r.Site, c.Edge.Callee)
		case client:
			service[callgraph.SiteIDOf(c.Edge.Caller.Service, c.Edge.Callee)] = c.Edge.Caller.Service
			if c.Calls() > 0 {
				note(callers, callgraph.SiteIDOf(c.Edge.Caller.Service, c.Edge.Callee), c.Edge.Caller)
			}
		}
		if w.Contains(c.Bucket.Window().From) {
			calls[c.Edge] = calls[c.Edge].plus(countOf(c.Outcome, c.Calls()))
			served[c.Edge] = served[c.Edge].plus(countOf(c.Outcome, c.Server.Count()))
		}
	}
	resolve := func(e callgraph.Edge, role role) callgraph.Operation {
		r, _ := callgraph.ParseReference(e.Caller.Name)
		named, known := names[r.Caller]
		if at := callers[r.Site]; role == server && len(at) == 1 && !at[named] {
			return slices.Collect(maps.Keys(at))[0]
		}
		if known {
			return named
		}
		return unknown
	}
	edges := slices.SortedFunc(maps.Keys(calls), func(a, b callgraph.Edge) int {
		return cmp.Or(compare(a.Caller, b.Caller), compare(a.Callee, b.Callee))
	})
	clientsAt, serversAt := map[callgraph.StaticID][]callgraph.Edge{}, map[callgraph.StaticID][]callgraph.Edge{}
	foldedOf := map[callgraph.Service][]callgraph.Edge{}
	for _, e := range edges {
		switch roleOf(&e) {
		case client:
			id := callgraph.SiteIDOf(e.Caller.Service, e.Callee)
			clientsAt[id] = append(clientsAt[id], e)
		case folded:
			foldedOf[e.Caller.Service] = append(foldedOf[e.Caller.Service], e)
		case server:
			r, _ := callgraph.ParseReference(e.Caller.Name)
			serversAt[r.Site] = append(serversAt[r.Site], e)
		}
	}
	out := map[string]shown{}
	show := func(caller, callee callgraph.Operation, indirect bool, s shown) {
		if s != (shown{}) {
			name := linkName(caller, callee, indirect)
			out[name] = shown{out[name].calls.plus(s.calls), out[name].served + s.served}
		}
	}
	for id := range clientsAt {
		serversAt[id] = append([]callgraph.Edge{}, serversAt[id]...)
	}
	excess := map[callgraph.Service]uint64{}
	for id, servers := range serversAt {
		var all Count
		for _, e := range clientsAt[id] {
			all = all.plus(calls[e])
		}
		count := len(callees[id]) > 1 || all.Calls == 0
		answered := map[callgraph.Operation]uint64{}
		for _, e := range servers {
			s := shown{calls[e], served[e].Calls}
			if count {
				s.calls = served[e]
			}
			show(resolve(e, server), e.Callee, false, s)
			answered[resolve(e, server)] += served[e].Calls - calls[e].Calls
		}
		left := map[callgraph.Edge]Count{}
		for _, e := range clientsAt[id] {
			left[e] = calls[e]
			if count {
				left[e], answered[e.Caller] = calls[e].less(answered[e.Caller])
			}
		}
		over := uint64(0)
		if count {
			for _, a := range answered {
				over += a
			}
			for _, e := range clientsAt[id] {
				left[e], over = left[e].less(over)
			}
		}
		if s, told := service[id]; told {
			excess[s] += over
		} else if count {
			for caller, a := range answered {
				excess[caller.Service] += a
			}
		}
		for _, e := range clientsAt[id] {
			to := e.Callee
			if len(callees[id]) == 1 {
				to = slices.Collect(maps.Keys(callees[id]))[0]
			}
			show(e.Caller, to, false, shown{calls: left[e]})
		}
	}
	for s, edges := range foldedOf {
		over := excess[s]
		for _, e := range edges {
			var left Count
			left, over = calls[e].less(over)
			show(e.Caller, e.Callee, false, shown{calls: left})
		}
	}
	for _, e := range edges {
		switch roleOf(&e) {
		case plain:
			show(e.Caller, e.Callee, false, shown{calls[e], served[e].Calls})
		case apart:
			r, _ := callgraph.ParseReference(e.Caller.Name)
			show(resolve(e, apart), e.Callee, r.Indirect, shown{served[e], served[e].Calls})
		}
	}
	return out
}
