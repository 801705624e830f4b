package graphview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

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
