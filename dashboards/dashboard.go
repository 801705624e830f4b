// Package dashboards decides what an engineer on call sees first of the
// invocation graph in Grafana: how many calls go over its edges, how many of
// them fail, how long they take, and whether the collector that says so is well.
//
// The dashboard is built here, and committed as JSON for Grafana to read. The
// queries are proven against a running collector by the package's test.
package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// UIDs by which Grafana knows what is provisioned, in links and in the files
// below provisioning.
const (
	UID           = "jcallgraph-invocation-graph"
	UIDPrometheus = "jcallgraph-prometheus"
	UIDJaeger     = "jcallgraph-jaeger"
)

// InvocationGraph is the dashboard over the edges between services.
func InvocationGraph() (dashboard.Dashboard, error) {
	b := dashboard.NewDashboardBuilder("Invocation graph").
		Uid(UID).
		Description("Calls between services: rate, errors, duration; and the collector that counts them.").
		Tags([]string{"jcallgraph"}).
		Timezone("browser").
		Time("now-30m", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Variables(variables())
	for _, s := range sections() {
		b.WithRow(dashboard.NewRowBuilder(s.title))
		for _, p := range s.panels {
			b.WithPanel(p)
		}
	}
	d, err := b.Build()
	if err != nil {
		return d, fmt.Errorf("build the dashboard %q: %w", UID, err)
	}
	number(d.Panels)
	return d, nil
}

// JSON is the dashboard as Grafana imports it.
func JSON() ([]byte, error) {
	d, err := InvocationGraph()
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(d, "", "  ")
	return append(out, '\n'), err
}

// section is a row's title and what stands below it.
type section struct {
	title  string
	panels []cog.Builder[dashboard.Panel]
}

func sections() []section {
	return []section{
		{"Calls", callPanels()},
		{"Edges", edgePanels()},
		{"The collector itself", collectorPanels()},
	}
}

// number gives panels the IDs that links to them carry.
func number(panels []dashboard.PanelOrRowPanel) {
	for i, p := range panels {
		id := uint32(i + 1)
		if p.RowPanel != nil {
			p.RowPanel.Id = id
			continue
		}
		p.Panel.Id = &id
	}
}
