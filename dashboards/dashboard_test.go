package dashboards

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"
)

const committed = "json/invocation-graph.json"

func TestCommittedDashboardIsCurrent(t *testing.T) {
	want, err := JSON()
	require.NoError(t, err)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(committed, want, 0o644)) //nolint:gosec // Grafana reads it as another user
	}
	got, err := os.ReadFile(committed)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "make generate")
}

// read is the committed dashboard, as the schema has it.
func read(t *testing.T) dashboard.Dashboard {
	t.Helper()
	plugins.RegisterDefaultPlugins()
	raw, err := os.ReadFile(committed)
	require.NoError(t, err)
	var d dashboard.Dashboard
	require.NoError(t, d.UnmarshalJSONStrict(raw))
	return d
}

func TestDashboardKeepsTheSchema(t *testing.T) {
	d := read(t)
	require.NoError(t, d.Validate())
	require.Error(t, d.UnmarshalJSONStrict([]byte(`{"titel": "Invocation graph"}`)))
}

func panels(d dashboard.Dashboard) []*dashboard.Panel {
	var out []*dashboard.Panel
	for _, p := range d.Panels {
		if p.Panel != nil {
			out = append(out, p.Panel)
		}
	}
	return out
}

func TestPanelsAreOfOneKind(t *testing.T) {
	for _, p := range panels(read(t)) {
		require.NotEmpty(t, p.Title)
		require.NotEmpty(t, p.Description, *p.Title)
		require.Equal(t, prometheusSource(), *p.Datasource, *p.Title)
		require.NotEmpty(t, p.Targets, *p.Title)
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	taken := map[[2]uint32]string{}
	ids := map[uint32]bool{}
	for _, p := range panels(read(t)) {
		g := p.GridPos
		require.LessOrEqual(t, g.X+g.W, uint32(width), *p.Title)
		require.False(t, ids[*p.Id], *p.Title)
		ids[*p.Id] = true
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				require.Empty(t, taken[[2]uint32{x, y}], *p.Title)
				taken[[2]uint32{x, y}] = *p.Title
			}
		}
	}
}

// TestRedIsForErrors looks at series, thresholds and columns.
func TestRedIsForErrors(t *testing.T) {
	for _, p := range panels(read(t)) {
		raw, err := json.Marshal(p.FieldConfig)
		require.NoError(t, err)
		if strings.Contains(string(raw), `"red"`) {
			require.Regexp(t, "Failed|Refused|stale|Edges", *p.Title)
		}
	}
}

func TestLinksLeadToTheServiceOfTheRow(t *testing.T) {
	fill := strings.NewReplacer(rowServer, "cart", "${jcallgraph}", uiAddress, "${jaeger}", UIDJaeger,
		"${__from}", "1", "${__to}", "2", "${__from:date:iso}", "2026-11-26T11:00:00.000Z", "${__to:date:iso}", "2026-11-26T11:30:00.000Z")
	ui, err := url.Parse(fill.Replace(serverLinks()[0].URL))
	require.NoError(t, err)
	require.Equal(t, uiAddress+"/#/focus?service=cart&from=2026-11-26T11:00:00.000Z&to=2026-11-26T11:30:00.000Z", ui.String())
	explore, err := url.Parse(fill.Replace(serverLinks()[1].URL))
	require.NoError(t, err)
	require.Equal(t, "/explore", explore.Path)
	require.JSONEq(t, `{"edge": {
		"datasource": "jcallgraph-jaeger",
		"queries": [{"refId": "A", "datasource": {"type": "jaeger", "uid": "jcallgraph-jaeger"}, "queryType": "search", "service": "cart", "tags": "error=true"}],
		"range": {"from": "1", "to": "2"}
	}}`, explore.Query().Get("panes"))
}
