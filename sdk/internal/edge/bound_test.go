package edge

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// TestHostileCallersEvictNothing: many requests, each from a caller of its own
// that somebody made up, beside calls that are meant.
func TestHostileCallersEvictNothing(t *testing.T) {
	const requests, part = 200_000, 20_000
	c := counters()
	get, site := c.Operation("GET /cart"), c.Site("prices", "Get")
	honest := Caller{From: callgraph.Reference{Caller: 0xc0ffee, Site: 7}, Counts: true}
	made := rand.New(rand.NewPCG(1, 2))
	var peak int
	counts := model{}
	for i := range requests {
		hostile := Caller{From: callgraph.Reference{Caller: callgraph.StaticID(made.Uint64()), Site: callgraph.StaticID(made.Uint64())}}
		c.Server(get, hostile, callgraph.HTTP, callgraph.OK, nanos(int64(i/part)), time.Millisecond, 0)
		if i%100 == 0 {
			c.Server(get, honest, callgraph.HTTP, callgraph.OK, nanos(int64(i/part)), time.Millisecond, 0)
			c.Client(get, site, callgraph.RPC, callgraph.OK, nanos(int64(i/part)), time.Millisecond)
		}
		if i%part == 0 {
			peak = max(peak, c.Stats().Edges)
			counts.merge(takeAll(c))
		}
	}
	counts.merge(takeAll(c))
	require.LessOrEqual(t, peak, 10_002+1)
	require.Greater(t, c.Stats().Folded.Callers, uint64(requests-part))
	served, called := calls(counts, honest.From.Operation()), calls(counts, c.operation(get))
	require.EqualValues(t, requests/100, served.Server.Count())
	require.Zero(t, served.ServerOnly)
	require.EqualValues(t, requests/100, called.Client.Count())
	var all uint64
	for _, cell := range counts {
		all += cell.ServerOnly
	}
	require.EqualValues(t, requests, all)
}

// calls sums up what a caller did.
func calls(m model, caller callgraph.Operation) (sum callgraph.Cell) {
	for _, c := range m {
		if c.Edge.Caller == caller {
			sum.Client.Merge(c.Client)
			sum.Server.Merge(c.Server)
			sum.ServerOnly += c.ServerOnly
		}
	}
	return sum
}

// TestMemoryStaysFlat: made-up callers, and times that spread over the ages,
// take no more once the bounds are met.
func TestMemoryStaysFlat(t *testing.T) {
	c := New(Options{Service: shop, MaxCells: 4_000, MaxCallers: 1_000})
	made := rand.New(rand.NewPCG(1, 2))
	flood := func() {
		for range 15_000 {
			from := Caller{From: callgraph.Reference{Caller: callgraph.StaticID(made.Uint64())}}
			c.Server(c.Operation(fmt.Sprint(made.IntN(1e6))), from, callgraph.HTTP, callgraph.Outcome(made.IntN(6)), made.Int64(), time.Millisecond, 0)
			c.Client(c.Operation(fmt.Sprint(made.IntN(1e6))), c.Site(fmt.Sprint(made.IntN(1e6)), "x"), callgraph.HTTP, callgraph.OK, made.Int64(), time.Millisecond)
		}
	}
	flood()
	first := heap()
	for range 4 {
		flood()
	}
	require.Less(t, heap(), first+first/4)
	require.LessOrEqual(t, c.Stats().Cells, 4_000+4_000/8+6)
	require.EqualValues(t, 150_000, callsOf(takeAll(c)))
}

func callsOf(cells []callgraph.Cell) (n uint64) {
	for i := range cells {
		n += cells[i].Calls()
	}
	return n
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestEntrancesAreFoldedBeforeCalls(t *testing.T) {
	c := New(Options{Service: shop, MaxCells: 16})
	for i := range 12 {
		c.Server(c.Operation(fmt.Sprint("GET /", i)), Caller{Outside: true}, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0)
	}
	for i := range 7 {
		c.Client(c.Operation("a"), c.Site("p", fmt.Sprint(i)), callgraph.HTTP, callgraph.OK, nanos(0), 1)
	}
	folded := 0
	for _, cell := range takeAll(c) {
		if cell.Folded {
			require.Equal(t, "(outside) -> production/shop/cart (other) [http]", cell.Edge.String())
			require.EqualValues(t, 4, cell.ServerOnly)
			folded++
		}
	}
	require.Equal(t, 1, folded)
	require.Equal(t, Folded{Entrances: 4}, c.Stats().Folded)
}

func TestPeersAreFoldedLast(t *testing.T) {
	c := New(Options{Service: shop, MaxSites: 4})
	for i := range 10 {
		for j := range 2 {
			c.Client(c.Operation("a"), c.Site(fmt.Sprint("p", i), fmt.Sprint(j)), callgraph.HTTP, callgraph.OK, nanos(0), 1)
		}
	}
	require.ElementsMatch(t, []string{
		"production/shop/cart a -> production//p0 (virtual) 0 [http] ok @0 client=1 server=0 only=0",
		"production/shop/cart a -> production//p0 (virtual) 1 [http] ok @0 client=1 server=0 only=0",
		"production/shop/cart a -> production//p1 (virtual) 0 [http] ok @0 client=1 server=0 only=0",
		"production/shop/cart a -> production//p1 (virtual) 1 [http] ok @0 client=1 server=0 only=0",
		"production/shop/cart a -> production//p2 (virtual) (other) [http] ok @0 client=2 server=0 only=0 folded",
		"production/shop/cart a -> production//(other) (virtual) (other) [http] ok @0 client=14 server=0 only=0 folded",
	}, lines(takeAll(c)))
}

func TestWhatIsNotUsedMakesRoom(t *testing.T) {
	c := New(Options{Service: shop, MaxCallers: 1, MaxOperations: 1, MaxSites: 1})
	c.sweepEvery = 2
	for n := range 3 {
		own, from := c.Operation(fmt.Sprint("op", n)), Caller{From: callgraph.Reference{Caller: callgraph.StaticID(n + 1)}}
		c.Server(own, from, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0)
		c.Client(own, c.Site("p", fmt.Sprint(n)), callgraph.HTTP, callgraph.OK, nanos(0), 1)
		cells := takeAll(c)
		require.Len(t, cells, 2)
		require.False(t, cells[0].Folded || cells[1].Folded, lines(cells))
		for range 4 {
			require.Empty(t, takeAll(c))
		}
		require.Zero(t, c.Stats().Edges)
		require.Zero(t, c.Stats().Operations)
	}
}

// TestAKeptOperationOutlivesItsName: a span may hold it while its name is swept.
func TestAKeptOperationOutlivesItsName(t *testing.T) {
	c := counters()
	c.sweepEvery = 1
	kept := c.Operation("a")
	takeAll(c)
	takeAll(c)
	require.Zero(t, c.Stats().Operations)
	for _, o := range []*Operation{kept, c.Operation("a")} {
		c.Server(o, Caller{Outside: true}, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0)
	}
	require.Equal(t, []string{"(outside) -> production/shop/cart a [http] ok @0 client=0 server=2 only=2"}, lines(takeAll(c)))
}

func TestAnEdgeGetsLanesWhereGoroutinesMeet(t *testing.T) {
	c := counters()
	c.maxLanes = 4
	o := c.Operation("a")
	count := func() { c.Server(o, Caller{Outside: true}, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0) }
	count()
	e := &c.edges.entries()[0].value
	for range 4 {
		e.met.Store(crowded)
		count()
		takeAll(c)
	}
	require.Len(t, e.all(), 4)
	e.all()[0].Lock() // one who counts does not wait for another
	for range 100 {
		count()
	}
	e.all()[0].Unlock()
	require.EqualValues(t, 100, takeAll(c)[0].ServerOnly)
}

// TestSweepLeavesWhatWasCountedMeanwhile: between a harvest and its sweep others
// go on counting.
func TestSweepLeavesWhatWasCountedMeanwhile(t *testing.T) {
	c := counters()
	o := c.Operation("a")
	count := func() { c.Server(o, Caller{Outside: true}, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0) }
	count()
	takeAll(c)
	c.sweep()
	count() // no harvest has seen it
	c.sweep()
	count()
	require.EqualValues(t, 2, takeAll(c)[0].ServerOnly)
	count()
	require.EqualValues(t, 1, takeAll(c)[0].ServerOnly)
}
