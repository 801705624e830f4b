package dashboards

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

// panelQuery is a query and where it stands.
type panelQuery struct {
	panel string
	*prometheus.Dataquery
}

func (q panelQuery) String() string { return q.panel + " " + *q.RefId }

func queries(d dashboard.Dashboard) []panelQuery {
	var out []panelQuery
	for _, p := range panels(d) {
		for _, target := range p.Targets {
			out = append(out, panelQuery{*p.Title, target.(*prometheus.Dataquery)})
		}
	}
	return out
}

// everything and failing are two choices of the variables.
var (
	everything = []string{"$client", ".*", "$server", ".*", "$connection_type", ".*"}
	failing    = []string{"$client", shop, "$server", payment, "$connection_type", ".*"}
)

// window is longer than the test takes.
const window = "10m"

// expanded is a query as Grafana sends it.
func expanded(expr string, choice []string) string {
	return strings.NewReplacer(append(choice, perStep, window, perView, window)...).Replace(expr)
}

func parse(expr string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(expr)
}

func TestQueriesParse(t *testing.T) {
	all := queries(read(t))
	require.NotEmpty(t, all)
	for _, q := range all {
		expr := expanded(q.Expr, everything)
		require.NotRegexp(t, `\$[^1]`, expr, "%s: unknown variable", q)
		_, err := parse(expr)
		require.NoError(t, err, q)
	}
}

// TestQueriesReturnSeries holds all names against a running collector, and has
// Prometheus answer all queries from its scrapes.
func TestQueriesReturnSeries(t *testing.T) {
	d := read(t)
	c := start(t)
	s := scraping(t, c)
	c.send(t, traces(1, 10))
	c.Eventually("failed calls", s.returns("traces_service_graph_request_failed_total > 0"))
	c.Eventually("calls of the database", s.returns(`traces_service_graph_request_total{connection_type="database"}`))
	c.Eventually("the collector's own metrics", s.returns("otelcol_receiver_accepted_spans > 0"))
	c.send(t, traces(2, 20)) // rates need two values
	c.Eventually("more failed calls", s.returns("increase(traces_service_graph_request_failed_total[10m]) > 0"))
	c.Eventually("more calls of the database", s.returns(`increase(traces_service_graph_request_total{connection_type="database"}[10m]) > 0`))
	for _, q := range queries(d) {
		t.Run(q.String(), func(t *testing.T) {
			s.testNames(t, q)
			s.testSeries(t, q, everything)
			s.testSeries(t, q, failing)
		})
	}
	t.Run("table", func(t *testing.T) { s.testTable(t, d) })
	t.Run("graph", func(t *testing.T) { s.testGraph(t, d) })
	t.Run("variables", func(t *testing.T) { s.testVariables(t, d) })
	t.Run("values", s.testValues)
}

func (s server) returns(expr string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.query(ctx, expr)
		return err
	}
}

// testNames requires each metric, and each label that is matched or grouped by,
// to be there or to be made by the query.
func (s server) testNames(t *testing.T, q panelQuery) {
	t.Helper()
	expr, err := parse(expanded(q.Expr, everything))
	require.NoError(t, err)
	known := made(expr)
	var used []string
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			names, err := s.labelNames(t.Context(), n.Name)
			require.NoError(t, err)
			require.NotEmpty(t, names, "%s: no metric %s", q, n.Name)
			known = append(known, names...)
			for _, m := range n.LabelMatchers {
				require.Contains(t, names, m.Name, "%s: no label of %s", q, n.Name)
			}
		case *parser.AggregateExpr:
			used = append(used, n.Grouping...)
		}
		return nil
	})
	require.Subset(t, known, used, "%s: grouped by", q)
}

// made are the labels that label_replace and label_join put on.
func made(expr parser.Expr) []string {
	var names []string
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if c, ok := n.(*parser.Call); ok && strings.HasPrefix(c.Func.Name, "label_") {
			names = append(names, c.Args[1].(*parser.StringLiteral).Val)
		}
		return nil
	})
	return names
}

var legendLabel = regexp.MustCompile(`{{(\w+)}}`)

// testSeries requires series that have the labels of the legend.
func (s server) testSeries(t *testing.T, q panelQuery, choice []string) {
	t.Helper()
	v := s.result(t, q.Expr, choice, 1)
	if q.LegendFormat == nil {
		return
	}
	for _, m := range legendLabel.FindAllStringSubmatch(*q.LegendFormat, -1) {
		has := func(sample promql.Sample) bool {
			return sample.Metric.Has(m[1]) || m[1] == edgemetric.LabelConnectionType // empty as a rule
		}
		require.True(t, slices.ContainsFunc(v, has), "%s: no label %s", q, m[1])
	}
}

// result waits for that many series: some come with a later scrape.
func (s server) result(t *testing.T, expr string, choice []string, atLeast int) promql.Vector {
	t.Helper()
	var v promql.Vector
	s.Eventually(expr, func(ctx context.Context) (err error) {
		v, err = s.query(ctx, expanded(expr, choice))
		if err == nil && len(v) < atLeast {
			err = fmt.Errorf("%d series, want %d or more", len(v), atLeast)
		}
		return err
	})
	return v
}

// edges are those of the traffic: to the shop, and from it to cart, payment and
// database, the last of which has no callee that measures.
const edges, measured = 4, 3

func panelTitled(t *testing.T, d dashboard.Dashboard, title string) *dashboard.Panel {
	t.Helper()
	all := panels(d)
	i := slices.IndexFunc(all, func(p *dashboard.Panel) bool { return *p.Title == title })
	require.GreaterOrEqual(t, i, 0, title)
	return all[i]
}

// testTable requires the queries to have the columns that are ordered and
// renamed.
func (s server) testTable(t *testing.T, d dashboard.Dashboard) {
	columns := map[string]int{}
	for _, target := range panelTitled(t, d, "Edges").Targets {
		q := target.(*prometheus.Dataquery)
		columns["Value #"+*q.RefId]++
		for _, sample := range s.result(t, q.Expr, everything, measured) {
			sample.Metric.Range(func(l labels.Label) { columns[l.Name]++ })
		}
	}
	order := edgeColumns()["indexByName"].(map[string]int)
	for name := range columns {
		require.Contains(t, order, name)
	}
	require.Len(t, columns, len(order))
}

// testGraph requires what the panel needs of an edge.
func (s server) testGraph(t *testing.T, d dashboard.Dashboard) {
	q := panelTitled(t, d, "Graph").Targets[0].(*prometheus.Dataquery)
	ids := map[string]bool{}
	for _, sample := range s.result(t, q.Expr, everything, edges) {
		require.Equal(t, sample.Metric.Get(edgemetric.LabelClient), sample.Metric.Get("source"))
		require.Equal(t, sample.Metric.Get(edgemetric.LabelServer), sample.Metric.Get("target"))
		ids[sample.Metric.Get("id")] = true
	}
	require.Len(t, ids, edges)
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// testVariables does what Grafana does with label_values.
func (s server) testVariables(t *testing.T, d dashboard.Dashboard) {
	values := map[string][]string{}
	for _, v := range d.Templating.List {
		if v.Type != dashboard.VariableTypeQuery {
			continue
		}
		m := labelValues.FindStringSubmatch(*v.Query.String)
		require.NotNil(t, m, *v.Query.String)
		for _, sample := range s.result(t, m[1], everything, edges) {
			if value := sample.Metric.Get(m[2]); value != "" && !slices.Contains(values[v.Name], value) {
				values[v.Name] = append(values[v.Name], value)
			}
		}
		slices.Sort(values[v.Name])
	}
	require.Equal(t, map[string][]string{
		edgemetric.LabelClient:         {shop, edgemetric.ClientUser},
		edgemetric.LabelServer:         {cart, payment, database, shop},
		edgemetric.LabelConnectionType: {edgemetric.ConnectionDatabase, edgemetric.ConnectionVirtual},
	}, values)
}

// testValues checks sums whose results are known.
func (s server) testValues(t *testing.T) {
	payments := expanded(edgeErrorRatio(perStep), failing)
	for expr, want := range map[string][2]float64{
		services(): {3, 3},
		payments:   {1, 1},
		expanded(errorRatio(perStep), []string{"$client", shop, "$server", cart, "$connection_type", ""}): {0, 0},
		expanded(edgeQuantile(0.95, perStep), failing):                                                    {0.039, 0.041},
		expanded(edgeGap(perStep), failing):                                                               {0.0099, 0.0101},
	} {
		s.Eventually(expr, func(ctx context.Context) error { return s.between(ctx, expr, want) })
	}
}

func (s server) between(ctx context.Context, expr string, want [2]float64) error {
	v, err := s.query(ctx, expr)
	switch {
	case err != nil:
		return err
	case len(v) != 1:
		return errors.New("more series than one")
	case v[0].F < want[0] || v[0].F > want[1]:
		return fmt.Errorf("%g is not between %g and %g", v[0].F, want[0], want[1])
	}
	return nil
}
