package edge

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

const noon = 1795435200 // 2026-11-23T12:00:00Z

var shop = callgraph.Service{Environment: "production", Namespace: "shop", Name: "cart"}

func counters() *Counters { return New(Options{Service: shop, Instance: "cart-7d9f"}) }

func nanos(second int64) int64 { return (noon + second) * 1e9 }

// takeAll is all that Take hands out until there is no more.
func takeAll(c *Counters) (cells []callgraph.Cell) {
	for more := true; more; {
		var i Interval
		i, more = c.Take()
		cells = append(cells, i.Cells...)
	}
	return cells
}

func lines(cells []callgraph.Cell) (lines []string) {
	for _, c := range cells {
		line := fmt.Sprintf("%s %s @%d client=%d server=%d only=%d", c.Edge, c.Outcome, c.Bucket.Start-noon, c.Client.Count(), c.Server.Count(), c.ServerOnly)
		if c.Folded {
			line += " folded"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestHalvesAreCountedUnderTheirOwnEdgeOutcomeAndBucket(t *testing.T) {
	c := counters()
	get := c.Operation("GET /cart")
	from := callgraph.Reference{Caller: 0xc0ffee, Site: 7}
	c.Client(get, c.Site("prices", "Get"), callgraph.RPC, callgraph.OK, nanos(3), time.Second)
	c.Client(get, c.Site("prices", "Get"), callgraph.RPC, callgraph.OK, nanos(9), 2*time.Second)
	c.Client(get, c.Site("prices", "Get"), callgraph.RPC, callgraph.OK, nanos(10), time.Second)
	c.Client(get, c.Site("prices", "Get"), callgraph.RPC, callgraph.Timeout, nanos(10), time.Second)
	c.Server(get, Caller{From: from, Counts: true}, callgraph.HTTP, callgraph.OK, nanos(0), time.Second, 0)
	c.Server(get, Caller{From: from}, callgraph.HTTP, callgraph.OK, nanos(0), time.Second, 0)
	c.Server(get, Caller{Outside: true}, callgraph.HTTP, callgraph.Rejected, nanos(0), time.Second, time.Minute)
	i, more := c.Take()
	require.False(t, more)
	require.EqualValues(t, 1, i.Number)
	require.EqualValues(t, 6, i.Calls())
	require.ElementsMatch(t, []string{
		"production/shop/cart GET /cart -> production//prices (virtual) Get [rpc] ok @0 client=2 server=0 only=0",
		"production/shop/cart GET /cart -> production//prices (virtual) Get [rpc] ok @10 client=1 server=0 only=0",
		"production/shop/cart GET /cart -> production//prices (virtual) Get [rpc] timeout @10 client=1 server=0 only=0",
		"(referred 0000000000c0ffee:0000000000000007) -> production/shop/cart GET /cart [http] ok @0 client=0 server=2 only=1",
		"(outside) -> production/shop/cart GET /cart [http] rejected @0 client=0 server=1 only=1",
	}, lines(i.Cells))
	require.Equal(t, time.Minute, i.Cells[slices.IndexFunc(i.Cells, func(c callgraph.Cell) bool { return c.Outcome == callgraph.Rejected })].Queue.Sum())
}

func TestWhatWasTakenIsNotTakenAgain(t *testing.T) {
	c := counters()
	c.Server(c.Operation("a"), Caller{Outside: true}, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0)
	first, _ := c.Take()
	second, _ := c.Take()
	require.EqualValues(t, 1, first.Number)
	require.Equal(t, Interval{Instance: first.Instance}, second, "nothing to tell has no number")
	c.Server(c.Operation("a"), Caller{Outside: true}, callgraph.HTTP, callgraph.OK, nanos(0), 1, 0)
	third, _ := c.Take()
	require.EqualValues(t, 2, third.Number)
	require.Equal(t, first.Cells, third.Cells)
	require.Zero(t, c.Stats().Cells)
}

func TestAnInstanceIsAnotherOneAfterEachStart(t *testing.T) {
	first, _ := counters().Take()
	second, _ := counters().Take()
	require.Regexp(t, "^cart-7d9f@[0-9a-f]{16}$", first.Instance)
	require.NotEqual(t, first.Instance, second.Instance)
}

func TestIDsAreThoseOfTheNamesThatAreTold(t *testing.T) {
	c := counters()
	long, broken := strings.Repeat("é", 400), "GET /\xff"
	for _, name := range []string{"GET /cart", long, broken, ""} {
		o, s := c.Operation(name), c.Site(name, name)
		require.Same(t, o, c.Operation(name))
		require.Same(t, s, c.Site(name, name))
		c.Client(o, s, callgraph.HTTP, callgraph.OK, nanos(0), 1)
		cells := takeAll(c)
		require.Len(t, cells, 1)
		require.Equal(t, o.ID(), callgraph.StaticIDOf(cells[0].Edge.Caller))
		require.Equal(t, s.ID(), callgraph.SiteIDOf(shop, cells[0].Edge.Callee))
		require.Equal(t, o.Name(), cells[0].Edge.Caller.Name)
	}
	require.Equal(t, strings.Repeat("é", 256), c.Operation(long).Name())
	require.Equal(t, "GET /\uFFFD", c.Operation(broken).Name())
}

func TestAProvisionalNameIsToldOnceAnHour(t *testing.T) {
	c := counters()
	get, site := c.Operation("GET"), c.Site("prices", "Get")
	for second := range int64(2 * 3600) {
		c.Tell(get, site, nanos(second))
	}
	require.Equal(t, []string{
		"production/shop/cart GET -> production//prices (virtual) Get ok @0 client=0 server=0 only=0",
		"production/shop/cart GET -> production//prices (virtual) Get ok @3600 client=0 server=0 only=0",
	}, lines(takeAll(c)))
}

func TestTimesThatNoMetricCarriesAreTaken(t *testing.T) {
	c := counters()
	for _, end := range []int64{math.MinInt64, -1, 0, math.MaxInt64} {
		c.Server(c.Operation("a"), Caller{Outside: true}, callgraph.HTTP, callgraph.OK, end, -5, 0)
	}
	for _, cell := range takeAll(c) {
		w := cell.Bucket.Window()
		require.GreaterOrEqual(t, w.From.UnixNano(), int64(0))
		require.Greater(t, w.To.UnixNano(), w.From.UnixNano())
	}
}

func TestHistogramIsASketch(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var h histogram
		var s callgraph.Sketch
		for _, d := range rapid.SliceOf(rapid.Int64()).Draw(r, "durations") {
			d := time.Duration(d) >> rapid.IntRange(0, 63).Draw(r, "shift")
			h.add(d)
			s.Add(d, 1)
		}
		require.Equal(r, s, h.sketch())
	})
}

func TestHistogramTakesAnyDuration(t *testing.T) {
	var h histogram
	h.add(1)
	h.add(math.MaxInt64)
	require.EqualValues(t, 1, h.where[0])
	require.EqualValues(t, 2, h.where[octaves-1])
}

func TestLargeHarvestsAreTakenInParts(t *testing.T) {
	c := counters()
	for i := range maxIntervalCells + 5 {
		c.Client(c.Operation("a"), c.Site("p", fmt.Sprint(i)), callgraph.HTTP, callgraph.OK, nanos(0), 1)
	}
	first, more := c.Take()
	require.True(t, more)
	require.Len(t, first.Cells, maxIntervalCells)
	require.Equal(t, 5, c.Stats().Cells)
	second, more := c.Take()
	require.False(t, more)
	require.Len(t, second.Cells, 5)
	require.EqualValues(t, 2, second.Number)
	require.Zero(t, c.Stats().Cells)
}

func TestSitesOfPeersInParts(t *testing.T) {
	c := New(Options{Service: shop, MaxSites: 3})
	c.sweepEvery = 1
	address := func(port int64) spanfact.Peer {
		f := spanfact.New(spanfact.Client)
		f.NoteString("server.address", "10.0.0.7")
		f.NoteInt("server.port", port)
		return f.Peer()
	}
	s := c.SiteOf(address(80), "GET")
	require.Same(t, s, c.Site("10.0.0.7:80", "GET"))
	require.Same(t, s, c.SiteOf(address(80), "GET"))
	require.NotSame(t, s, c.SiteOf(address(81), "GET"))
	require.NotSame(t, s, c.SiteOf(address(80), "POST"))
	require.Equal(t, otherName, c.SiteOf(address(82), "GET").name)
	require.Zero(t, testing.AllocsPerRun(100, func() { c.SiteOf(address(80), "GET") }))
	takeAll(c)
	require.Same(t, s, c.SiteOf(address(80), "GET"), "it was in use")
	takeAll(c)
	takeAll(c)
	require.Zero(t, c.Stats().Sites)
	require.Zero(t, c.peers.size.Load())
}

func TestCallsToAnUnknownSiteCount(t *testing.T) {
	c := counters()
	c.Client(c.Operation("a"), nil, callgraph.HTTP, callgraph.OK, nanos(0), 1)
	require.Equal(t, []string{"production/shop/cart a -> production//(other) (virtual) (other) [http] ok @0 client=1 server=0 only=0 folded"}, lines(takeAll(c)))
}

func BenchmarkServer(b *testing.B) {
	c := counters()
	o, from := c.Operation("GET /cart"), Caller{From: callgraph.Reference{Caller: 0xc0ffee, Site: 7}, Counts: true}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Server(o, from, callgraph.HTTP, callgraph.OK, nanos(0), 3*time.Millisecond, 0)
		}
	})
	b.Run("together", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				c.Server(o, from, callgraph.HTTP, callgraph.OK, nanos(0), 3*time.Millisecond, 0)
			}
		})
	})
}

func BenchmarkClientOfManyEdges(b *testing.B) {
	c := counters()
	var own [16]*Operation
	var sites [16]*Site
	for i := range own {
		own[i], sites[i] = c.Operation(fmt.Sprint("GET /", i)), c.Site("peer", fmt.Sprint("Get", i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Client(own[i&15], sites[i>>4&15], callgraph.RPC, callgraph.OK, nanos(int64(i>>20)), time.Duration(i&0xfffff)*100)
	}
}

func BenchmarkNames(b *testing.B) {
	c := counters()
	b.ReportAllocs()
	b.Run("operation", func(b *testing.B) {
		for b.Loop() {
			c.Operation("GET /cart/{id}/items")
		}
	})
	var f spanfact.Facts
	b.Run("site of an address", func(b *testing.B) {
		f = spanfact.New(spanfact.Client)
		f.NoteString("server.address", "10.0.0.7")
		f.NoteInt("server.port", 80)
		for b.Loop() {
			c.SiteOf(f.Peer(), "shop.Prices/GetPrice")
		}
	})
	b.Run("site", func(b *testing.B) {
		for b.Loop() {
			c.Site("prices", "shop.Prices/GetPrice")
		}
	})
}

func BenchmarkTakeOf1000Edges(b *testing.B) {
	c := counters()
	var sites []*Site
	for i := range 1000 {
		sites = append(sites, c.Site("p", fmt.Sprint(i)))
	}
	o := c.Operation("a")
	for b.Loop() {
		b.StopTimer()
		for i, s := range sites {
			for d := range 20 {
				c.Client(o, s, callgraph.HTTP, callgraph.OK, nanos(0), time.Duration(i*d)*time.Microsecond)
			}
		}
		b.StartTimer()
		c.Take()
	}
}
