package dashboards

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	promclient "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/teststorage"
	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// server is Prometheus without its web server: it scrapes, stores and queries.
type server struct {
	collector
	db     *tsdb.DB
	engine *promql.Engine
}

// scraping runs Prometheus with provisioning/prometheus.yml on a collector,
// every second and on the collector's ports.
func scraping(t *testing.T, c collector) server {
	t.Helper()
	yaml, err := os.ReadFile("provisioning/prometheus.yml")
	require.NoError(t, err)
	cfg, err := config.Load(strings.NewReplacer(
		"127.0.0.1:8888", c.Address(collectortest.PortSelf),
		"127.0.0.1:8889", c.Address(collectortest.PortScrape),
		"scrape_interval: 15s", "scrape_interval: 1s").Replace(string(yaml)), promslog.NewNopLogger())
	require.NoError(t, err)
	db := teststorage.New(t).DB
	runManager(t, cfg, db)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: collectortest.Patience, Parser: parser.NewParser(parser.Options{})})
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	return server{collector: c, db: db, engine: engine}
}

func runManager(t *testing.T, cfg *config.Config, db *tsdb.DB) {
	t.Helper()
	options := &scrape.Options{DiscoveryReloadOnStartup: true}
	m, err := scrape.NewManager(options, promslog.NewNopLogger(), nil, db, nil, promclient.NewRegistry())
	require.NoError(t, err)
	require.NoError(t, m.ApplyConfig(cfg))
	targets := make(chan map[string][]*targetgroup.Group, 1)
	targets <- targetsOf(t, cfg)
	ended := make(chan error, 1)
	go func() { ended <- m.Run(targets) }()
	t.Cleanup(func() {
		m.Stop()
		require.NoError(t, <-ended)
	})
}

func targetsOf(t *testing.T, cfg *config.Config) map[string][]*targetgroup.Group {
	t.Helper()
	jobs, err := cfg.GetScrapeConfigs()
	require.NoError(t, err)
	targets := map[string][]*targetgroup.Group{}
	for _, j := range jobs {
		for _, d := range j.ServiceDiscoveryConfigs {
			require.IsType(t, discovery.StaticConfig{}, d)
			targets[j.JobName] = append(targets[j.JobName], d.(discovery.StaticConfig)...)
		}
	}
	return targets
}

// query returns the series of an instant query; none is an error.
func (s server) query(ctx context.Context, expr string) (promql.Vector, error) {
	q, err := s.engine.NewInstantQuery(ctx, s.db, nil, expr, time.Now())
	if err != nil {
		return nil, err
	}
	defer q.Close()
	v, err := q.Exec(ctx).Vector()
	if err == nil && len(v) == 0 {
		err = fmt.Errorf("%s: no series", expr)
	}
	for i := range v {
		v[i].Metric = v[i].Metric.Copy()
	}
	return v, err
}

// labelNames are those of a metric's series, none if it has not been scraped.
func (s server) labelNames(ctx context.Context, metric string) (names []string, err error) {
	q, err := s.db.Querier(0, time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	names, _, err = q.LabelNames(ctx, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, metric))
	return names, err
}
