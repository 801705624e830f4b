package queryextension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/extension/query"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Extension serves the API between Start and Shutdown.
type Extension struct {
	config    *Config
	telemetry component.TelemetrySettings
	terminal  io.Writer // for the start-up message

	view    *graphview.View
	query   *query.Server
	metrics *metrics
	server  *http.Server
	stop    context.CancelFunc
	running sync.WaitGroup

	address   string // at which it listens
	store     string // what the storage extension says of the backend
	listeners []listener
}

var (
	_ extensioncapabilities.Dependent             = (*Extension)(nil)
	_ extensioncapabilities.ConfigSnapshotWatcher = (*Extension)(nil)
	_ extensioncapabilities.PipelineWatcher       = (*Extension)(nil)
)

// Dependencies implements extensioncapabilities.Dependent.
func (e *Extension) Dependencies() []component.ID { return []component.ID{e.config.Storage} }

// Start listens and begins to follow the store.
func (e *Extension) Start(ctx context.Context, host component.Host) error {
	backend, err := e.backend(host)
	if err != nil {
		return err
	}
	if e.metrics, err = newMetrics(e.telemetry.MeterProvider); err != nil {
		return fmt.Errorf("create the extension's own metrics: %w", err)
	}
	rules, err := logicalchain.New(logicalchain.Config{Keys: e.config.Keys})
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	e.view = graphview.New(graphview.Options{Cells: e.config.ViewCells, Source: backend})
	e.query = query.New(query.Options{
		Backend: backend, View: e.view, BasePath: e.config.BasePath, Timeout: e.config.RequestTimeout,
		Hosts: e.config.hosts(), Observe: e.metrics.request,
		Key: rules.Key, Kinds: e.config.kinds(), Erase: e.eraser(backend, rules),
		StrengthDays: e.config.StrengthDays, Declared: e.config.declared(),
	})
	if err := e.metrics.observe(e.view, e.query.StrengthStats); err != nil {
		return fmt.Errorf("register the extension's own metrics: %w", err)
	}
	if err := e.serve(ctx, host); err != nil {
		return errors.Join(err, e.metrics.close())
	}
	e.follow()
	return nil
}

// eraser is nil where nothing is to be erased.
func (e *Extension) eraser(store storage.Backend, rules *logicalchain.Rules) func(context.Context, callgraph.ChainKey, string) (query.Erased, error) {
	if !e.config.Erase {
		return nil
	}
	return func(ctx context.Context, key callgraph.ChainKey, raw string) (query.Erased, error) {
		done, err := logicalchain.Erase(ctx, store, rules, key, raw)
		return query.Erased{Spans: done.Spans, Traces: done.Traces, EdgesLeft: done.Left.Edges, SitesLeft: done.Left.Sites}, err
	}
}

// describer is what a storage extension may say of a backend, in one line.
type describer interface{ Describe(backend string) string }

func (e *Extension) backend(host component.Host) (storage.Backend, error) {
	extensions := host.GetExtensions()
	if d, ok := extensions[e.config.Storage].(describer); ok {
		e.store = d.Describe(e.config.Backend)
	}
	return storage.Find(extensions, e.config.Storage, e.config.Backend)
}

func (e *Extension) serve(ctx context.Context, host component.Host) error {
	l, err := e.config.HTTP.ToListener(ctx)
	if err != nil {
		return listenError("query API", e.config.HTTP.NetAddr.Endpoint, err)
	}
	server, err := e.config.HTTP.ToServer(ctx, host.GetExtensions(), e.telemetry, e.query)
	if err != nil {
		return errors.Join(fmt.Errorf("http: %w", err), l.Close())
	}
	e.server, e.address = server, withPortOf(l.Addr(), e.config.HTTP.NetAddr.Endpoint)
	e.running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serve the query API: %w", err)))
		}
	})
	return nil
}

// follow takes changes into the graph until Shutdown.
func (e *Extension) follow() {
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.repeat(ctx, judgeInterval, "the verdicts on dependencies", e.query.RefreshStrengths)
	e.repeat(ctx, e.config.RefreshInterval, "the graph", e.query.Refresh)
}

// judgeInterval at which evidence is taken into the verdicts; how often the
// store is read for it is decided below.
const judgeInterval = time.Second

// repeat reads the store until Shutdown; only a change of whether that fails is logged.
func (e *Extension) repeat(ctx context.Context, every time.Duration, what string, read func(context.Context) error) {
	e.running.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for failing := false; ctx.Err() == nil; {
			failing = e.told(ctx, failing, read(ctx), what)
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
	})
}

// told logs and counts what became of a reading of the store.
func (e *Extension) told(ctx context.Context, failing bool, err error, what string) bool {
	if ctx.Err() != nil {
		return failing
	}
	switch {
	case err != nil && !failing:
		e.telemetry.Logger.Warn("can't read the store, trying on", zap.String("behind", what), zap.Error(err))
	case err == nil && failing:
		e.telemetry.Logger.Info("follows the store again", zap.String("behind", what))
	}
	if err != nil {
		e.metrics.refreshFailed(ctx)
	}
	return err != nil
}

// Shutdown answers what was asked and stops. It is safe twice and before Start.
func (e *Extension) Shutdown(ctx context.Context) error {
	var errs []error
	if e.server != nil {
		errs = append(errs, e.server.Shutdown(ctx), e.server.Close())
		e.server = nil
	}
	if e.stop != nil {
		e.stop()
		e.stop = nil
	}
	e.running.Wait()
	if e.metrics != nil {
		errs = append(errs, e.metrics.close())
		e.metrics = nil
	}
	return errors.Join(errs...)
}
