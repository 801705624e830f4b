package e2e

import (
	"testing"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

const (
	portGRPC    = collectortest.PortGRPC
	portHTTP    = collectortest.PortHTTP
	portCompact = collectortest.PortCompact
	portSelf    = collectortest.PortSelf
	portScrape  = collectortest.PortScrape
	portHealth  = collectortest.PortHealth
	portQuery   = collectortest.PortQuery
)

// run is one run of the collector, with what these tests ask of it.
type run struct{ *collectortest.Run }

func launch(t *testing.T, store string, offset int, args ...string) *run {
	t.Helper()
	return &run{collectortest.Launch(t, store, offset, args...)}
}

func start(t *testing.T, store string, args ...string) *run {
	t.Helper()
	return &run{collectortest.Start(t, store, args...)}
}

func (r *run) restart() *run { return &run{r.Restart()} }
