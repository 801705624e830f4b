package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ownMetric is a row of docs/metrics.md: name, type and unit.
var ownMetric = regexp.MustCompile("(?m)^\\| `(jcallgraph\\.[^`]*)` \\| (\\w+) \\| `([^`]*)` \\|")

// documentedMetrics are the types of the metrics by their names in a scrape.
func documentedMetrics(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	require.NoError(t, err)
	types := map[string]string{}
	for _, row := range ownMetric.FindAllStringSubmatch(string(page), -1) {
		require.Regexp(t, `^jcallgraph(\.[a-z]+)+(\.[a-z_]+)?$`, row[1])
		require.Regexp(t, `^(s|By|\{[a-z]+\})$`, row[3], row[1])
		types[strings.ReplaceAll(row[1], ".", "_")] = row[2]
	}
	return types
}

// scrapedMetrics are those that a collector really has.
func (r *run) scrapedMetrics(ctx context.Context) (map[string]string, error) {
	body, err := r.Get(ctx, portSelf, "/metrics")
	types := map[string]string{}
	for line := range strings.Lines(string(body)) {
		if f := strings.Fields(line); len(f) == 4 && f[1] == "TYPE" && !foreignMetric.MatchString(f[2]) {
			types[f[2]] = f[3]
		}
	}
	return types, err
}

// foreignMetric is one that the collector's own parts make.
var foreignMetric = regexp.MustCompile("^(otelcol_(exporter|process|processor|receiver|scraper|fanout)_.*|promhttp_.*|rpc_.*|http_.*|target_info)$")

// forwarding adds what the built-in configuration does not use.
const forwarding = `
exporters: {compact: {endpoint: "127.0.0.1:4319"}}
service: {pipelines: {traces/forwarded: {receivers: [otlp], exporters: [compact]}}}
`

func TestOwnMetricsAreThoseOfTheDocs(t *testing.T) {
	want := documentedMetrics(t)
	require.NotEmpty(t, want)
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", file(t, forwarding))
	_, err := r.Get(t.Context(), portQuery, "/api/services")
	require.NoError(t, err)
	r.Eventually("the documented metrics", func(ctx context.Context) error {
		got, err := r.scrapedMetrics(ctx)
		if err == nil && !reflect.DeepEqual(want, got) {
			err = fmt.Errorf("docs/metrics.md only: %v; in the scrape only: %v", difference(want, got), difference(got, want))
		}
		return err
	})
}

// difference is what b does not have as a has it.
func difference(a, b map[string]string) map[string]string {
	rest := maps.Clone(a)
	maps.DeleteFunc(rest, func(name, kind string) bool { return b[name] == kind })
	return rest
}
