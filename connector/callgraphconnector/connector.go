package callgraphconnector

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
	"github.com/jcallgraph/jcallgraph/storage"
)

// graphConnector counts the calls of traces.
type graphConnector struct {
	settings component.TelemetrySettings
	id       component.ID
	config   *Config
	routes   routes

	joins    bool               // what SDKs counted is shown, from Start on
	counter  *edgecount.Counter // from Start on
	flusher  *flusher           // from Start to Shutdown
	follower *follower          // likewise, where SDKs' counts are shown
	observed *telemetry         // from Start to Shutdown
}

func newConnector(set connector.Settings, cfg *Config, r routes) *graphConnector {
	return &graphConnector{settings: set.TelemetrySettings, id: set.ID, config: cfg, routes: r}
}

// Capabilities implements consumer.Traces.
func (*graphConnector) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeTraces implements consumer.Traces. It never fails.
func (c *graphConnector) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	c.counter.Add(td, time.Now())
	return nil
}

// Start implements component.Component. It counts again what an earlier run
// left open before it returns, and so before any traffic.
func (c *graphConnector) Start(ctx context.Context, host component.Host) error {
	backend, err := c.backend(host)
	if err != nil {
		return err
	}
	c.joins = backend != nil && c.routes.graph != nil && !c.config.Prometheus.SpansOnly
	writer := c.writer(backend)
	c.counter = edgecount.New(writer, c.options(), time.Now())
	if backend != nil {
		if err := c.recount(ctx, backend); err != nil {
			return err
		}
	}
	if c.observed, err = observe(c.settings.MeterProvider, c.counter); err != nil {
		return fmt.Errorf("create the connector's own metrics: %w", err)
	}
	if c.follower, err = c.newFollower(ctx, backend); err != nil {
		return errors.Join(err, c.observed.Unregister())
	}
	c.flusher = newFlusher(c.config, c.routes, c.counter, c.settings.Logger, c.observed)
	if backend != nil {
		c.flusher.checkpoints, c.flusher.writer = backend, writer
	}
	c.flusher.start()
	c.follower.start()
	return nil
}

// Shutdown implements component.Component: it sends on what changed since the
// last flush. Buckets stay open: the next start counts them again.
func (c *graphConnector) Shutdown(ctx context.Context) error {
	if c.flusher == nil {
		return nil
	}
	c.follower.stop()
	err := c.flusher.stop(ctx)
	c.flusher = nil
	if unobserved := c.observed.Unregister(); err == nil {
		err = unobserved
	}
	return err
}

func (c *graphConnector) options() edgecount.Options {
	o := edgecount.Options{
		Window: c.config.PairingWindow, Open: c.config.OpenTime,
		MaxSpans: c.config.MaxSpans, MaxCells: c.config.MaxCells,
	}
	if c.routes.graph != nil {
		o.Graph = &edgemetric.ServiceGraphOptions{
			Limit: c.config.Prometheus.Limit, Bounds: c.config.Prometheus.ExplicitBuckets, Joined: c.joins,
		}
	}
	return o
}

// backend is nil where none is configured.
func (c *graphConnector) backend(host component.Host) (storage.Backend, error) {
	if c.config.Backend == "" {
		return nil, nil
	}
	return storage.Find(host.GetExtensions(), c.config.Storage, c.config.Backend)
}

// writer is the store's, told apart by the connector's name where it has one.
func (c *graphConnector) writer(backend storage.Backend) callgraph.Writer {
	if backend == nil {
		return callgraph.Writer{ID: rand.Uint64(), Source: callgraph.Derived}
	}
	return callgraph.Writer{ID: storage.WriterIDOf(backend, c.id.Name()), Source: callgraph.Derived}
}

func (c *graphConnector) recount(ctx context.Context, store edgecount.Store) error {
	begun := time.Now()
	done, err := c.counter.Recount(ctx, store, begun)
	if err != nil {
		return fmt.Errorf("count again what was open at the last stop: %w", err)
	}
	if !done.Since.IsZero() {
		c.settings.Logger.Info("counted again what was open at the last stop",
			zap.Time("since", done.Since), zap.Int("spans", done.Spans), zap.Int("calls", done.Calls),
			zap.Int("final_calls", done.Final), zap.Int("cells", done.Cells), zap.Duration("took", time.Since(begun)))
	}
	return nil
}
