package query

import (
	"context"
	"fmt"
	"math"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// Where a rate is from.
const (
	fromEdge       = "edge"
	fromSharedEdge = "shared_edge"
	fromEntrance   = "entrance"
	fromCaller     = "caller"
)

// traffic is how many calls a second are made at each site, as far as an edge of
// the graph is known to be its calls.
type traffic map[callgraph.StaticID]siteTraffic

type siteTraffic struct {
	rate   float64
	shared bool // with other sites, by their share of the calls in local traces
}

// trafficOf reads the edges of all sites in a window. Calls through another SDK
// or a proxy stand beside: the first of the edges between is the one to its peer.
func (s *Server) trafficOf(ctx context.Context, table verdicts, w callgraph.Window) (traffic, error) {
	all, seconds := traffic{}, s.recorded(w)
	err := s.options.View.OperationCalls(ctx, w, func(c graphview.Calls) {
		sites := matching(table.edges[edgeKey{c.Caller, c.Callee}], c.Connection)
		total := uint64(0)
		for _, d := range sites {
			total += d.evidence.calls
		}
		for _, d := range sites {
			t := all[d.id]
			t.rate += rate(c.Calls, seconds) * d.share(total, len(sites))
			t.shared = t.shared || len(sites) > 1
			all[d.id] = t
		}
	})
	if err != nil {
		return nil, fmt.Errorf("calls at all sites: %w", err)
	}
	return all, nil
}

// share of an edge's calls that are the site's.
func (d *callSite) share(total uint64, sites int) float64 {
	if total == 0 {
		return 1 / float64(sites)
	}
	return float64(d.evidence.calls) / float64(total)
}

// matching are the sites whose calls may have a connection: a client that does
// not name its own is told by the server's.
func matching(sites []*callSite, c callgraph.Connection) []*callSite {
	var all []*callSite
	for _, d := range sites {
		if own := d.site.Callee.Connection; own == c || own == callgraph.ConnectionUnset || c == callgraph.ConnectionUnset {
			all = append(all, d)
		}
	}
	return all
}

// stop is how much traffic a site can stop.
type stop struct {
	rate      float64
	from      string
	share     *float64 // of its failures that ended the chain, else the caller
	shareFrom string
	canStop   float64
}

func (d *callSite) stop(t siteTraffic, known bool) (s stop) {
	if known {
		s.rate, s.from = t.rate, fromEdge
		if t.shared {
			s.from = fromSharedEdge
		}
	}
	ok, failed := d.evidence.chainOK, d.evidence.chains
	s.shareFrom = fromEntrance
	if failed.Seen == 0 {
		ok, failed, s.shareFrom = d.evidence.ok, d.evidence.failed, fromCaller
	}
	if failed.Seen == 0 {
		s.shareFrom = ""
		return s
	}
	share := strength.StopShare(ok, failed, len(d.verdict.Fallbacks) > 0)
	s.share, s.canStop = &share, s.rate*share*d.tracesACall()
	return s
}

// tracesACall is less than 1 where the caller calls in a loop, or again.
func (d *callSite) tracesACall() float64 {
	if d.evidence.calls == 0 {
		return 1
	}
	return min(1, float64(d.evidence.localTraces)/float64(d.evidence.calls))
}

// falling is a number as text that sorts the greatest first.
func falling(f float64) string {
	return fmt.Sprintf("%016x", ^math.Float64bits(max(f, 0)))
}
