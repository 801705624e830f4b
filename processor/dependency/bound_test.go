package dependency_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

var start = treescript.Epoch

func script(t *testing.T, text string) ptrace.Traces { return treescript.Parse(t, text).Traces(-1) }

// failing is a local trace in which a call to a site of that name fails.
func failing(t *testing.T, trace, site string) ptrace.Traces {
	return script(t, fmt.Sprintf(`shop server "POST /order" 0-100 trace=%s status=error jcg.local.spans=2 jcg.local.dropped=0
  shop client "%s" 10-20 server.address=stock status=error`, trace, site))
}

func TestTheOldestSpansGo(t *testing.T) {
	o := dependency.New(dependency.Options{MaxSpans: 10})
	for i := range 20 {
		o.Add(script(t, fmt.Sprintf(`shop client "GET" 10-20 trace=%d parent=x`, i)), start)
	}
	require.Equal(t, 10, o.Stats().Spans)
	require.EqualValues(t, 10, o.Stats().Evicted)
	require.EqualValues(t, 10, o.Stats().Passed[strength.Gone])
	o.Add(failing(t, "whole", "GET"), start)
	require.EqualValues(t, 1, o.Stats().Judged, "what comes now has room")
}

func TestWhatWasJudgedGoesWithoutLoss(t *testing.T) {
	o := dependency.New(dependency.Options{MaxSpans: 10})
	for i := range 20 {
		o.Add(failing(t, fmt.Sprint(i), "GET"), start)
	}
	stats := o.Stats()
	require.EqualValues(t, 20, stats.Judged)
	require.Zero(t, stats.Evicted)
	require.LessOrEqual(t, stats.Spans, 10)
}

func TestSitesAreBounded(t *testing.T) {
	o := dependency.New(dependency.Options{MaxSites: 8})
	for i := range 20 {
		o.Add(failing(t, fmt.Sprint(i), fmt.Sprint("GET /", i)), start)
	}
	stats := o.Stats()
	require.Equal(t, 8, stats.Sites)
	require.EqualValues(t, 12, stats.SitesRefused, "none may go that has something to hand out")
	require.Len(t, o.Take(100), 8)
	for i := range 20 {
		o.Add(failing(t, fmt.Sprint("again", i), fmt.Sprint("POST /", i)), start)
		o.Take(100)
	}
	require.Equal(t, 8, o.Stats().Sites)
	require.Positive(t, o.Stats().SitesEvicted)
	require.EqualValues(t, 12, o.Stats().SitesRefused)
}

func TestTakenEvidenceIsHandedOutOnce(t *testing.T) {
	o := dependency.New(dependency.Options{})
	for i := range 5 {
		o.Add(failing(t, fmt.Sprint(i), fmt.Sprint("GET /", i)), start)
	}
	require.Len(t, o.Take(2), 2)
	require.Equal(t, 3, o.Stats().Pending)
	require.Len(t, o.Take(10), 3)
	require.Empty(t, o.Take(10))
	require.Empty(t, o.Take(-1))
	o.Add(failing(t, "new", "GET /1"), start)
	records := o.Take(10)
	require.Len(t, records, 1)
	require.EqualValues(t, 1, records[0].Evidence.Failed[strength.Error].Seen)
	require.Equal(t, strength.DayOf(start), records[0].Day)
	require.Zero(t, records[0].Writer)
	require.Equal(t, records[0].Site.ID(), records[0].Key.Site)
}

// TestDuplicatesCountOnce: also those that come after the local trace was
// judged, as long as it is remembered.
func TestDuplicatesCountOnce(t *testing.T) {
	o := dependency.New(dependency.Options{Wait: 10 * time.Second})
	td := failing(t, "a", "GET")
	o.Add(td, start)
	o.Expire(start.Add(9 * time.Second))
	o.Add(td, start.Add(9*time.Second))
	require.EqualValues(t, 1, o.Stats().Judged)
	require.EqualValues(t, 2, o.Stats().Duplicates)
	o.Expire(start.Add(19 * time.Second)) // from the last arrival
	require.Zero(t, o.Stats().Spans)
	require.EqualValues(t, 1, o.Take(1)[0].Evidence.Failed[strength.Error].Seen)
}

func TestDaysAreKeptApart(t *testing.T) {
	o := dependency.New(dependency.Options{})
	day := 24 * 60 * 60 * 1000
	for i := range 3 {
		o.Add(script(t, fmt.Sprintf(`shop server "POST /order" %d-%d trace=%d jcg.local.spans=2 jcg.local.dropped=0
  shop client "GET" %d-%d server.address=stock status=error`, i*day, i*day+9, i, i*day+1, i*day+2)), start)
	}
	records := o.Take(10)
	require.Len(t, records, 3)
	require.Equal(t, records[0].Day+2, records[2].Day)
}

func TestJudgedLocalTracesAreTold(t *testing.T) {
	var told []localtrace.Judged
	o := dependency.New(dependency.Options{Judged: func(j localtrace.Judged) { told = append(told, j) }})
	o.Add(failing(t, "a", "GET"), start)
	o.Add(script(t, `shop server "GET /" 0-9 parent=x trace=b jcg.local.spans=1 jcg.local.dropped=0 jcg.head_th=0`), start)
	o.Add(script(t, `shop server "GET /" 0-9 trace=c`), start)
	o.Expire(start.Add(time.Hour))
	require.Len(t, told, 2)
	require.True(t, told[0].Entrance && told[0].Failed)
	require.False(t, told[1].Entrance || told[1].Failed)
	require.Equal(t, localtrace.Sampled, told[1].Head.Sampling)
}

func TestManyAtOnce(t *testing.T) {
	o := dependency.New(dependency.Options{MaxSpans: 50})
	var all sync.WaitGroup
	for i := range 4 {
		td := make([]ptrace.Traces, 50)
		for j := range td {
			td[j] = failing(t, fmt.Sprint(i, "-", j), fmt.Sprint("GET /", j%5))
		}
		all.Go(func() {
			for _, one := range td {
				o.Add(one, start)
				o.Expire(start)
				o.Stats()
			}
		})
	}
	all.Wait()
	var seen uint64
	for _, r := range o.Take(100) {
		seen += r.Evidence.Failed[strength.Error].Seen
	}
	require.EqualValues(t, 200, seen)
}

// TestManySpansInOneLocalTrace exceeds what is looked through without an index.
func TestManySpansInOneLocalTrace(t *testing.T) {
	const calls = 2000
	td := ptrace.NewTraces()
	root := script(t, `shop server "POST /order" 0-100 id=root jcg.head_th=0 jcg.local.dropped=0`)
	rootSpan := root.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	rootSpan.Attributes().PutInt("jcg.local.spans", calls+1)
	for i := range calls {
		s := script(t, fmt.Sprintf(`shop client "GET /%d" 10-20 parent=root server.address=stock`, i%200)).ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		id := s.SpanID()
		id[0], id[1] = byte(i>>8), byte(i)
		s.SetSpanID(id)
		treescript.AddSpan(td, "shop", s)
	}
	o := dependency.New(dependency.Options{})
	o.Add(td, start)
	o.Add(td, start)
	o.Add(root, start)
	require.EqualValues(t, 1, o.Stats().Judged)
	require.EqualValues(t, calls, o.Stats().Duplicates)
	require.Equal(t, 200, o.Stats().Sites)
	for _, r := range o.Take(1000) {
		require.LessOrEqual(t, len(r.Evidence.Others), strength.OthersKept)
		require.EqualValues(t, 10, r.Evidence.Calls)
	}
}

func TestCirclesOfParents(t *testing.T) {
	o := dependency.New(dependency.Options{})
	o.Add(script(t, `shop server "GET /" 0-9 jcg.local.spans=3 jcg.local.dropped=0
shop client "GET" 1-2 id=a parent=b
shop client "GET" 1-2 id=b parent=a`), start)
	o.Expire(start.Add(time.Hour))
	require.Zero(t, o.Stats().Spans)
	require.EqualValues(t, 1, o.Stats().Passed[strength.Incomplete])
}
