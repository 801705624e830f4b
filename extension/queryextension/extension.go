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

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/extension/query"
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
	e.view = graphview.New(graphview.Options{Cells: e.config.ViewCells, Source: backend})
	e.query = query.New(query.Options{
		Backend: backend, View: e.view, BasePath: e.config.BasePath, Timeout: e.config.RequestTimeout,
		Hosts: e.config.hosts(), Observe: e.metrics.request,
	})
	if err := e.metrics.observe(e.view); err != nil {
		return fmt.Errorf("register the extension's own metrics: %w", err)
	}
	if err := e.serve(ctx, host); err != nil {
		return errors.Join(err, e.metrics.close())
	}
	e.follow()
	return nil
}

// describer is what a storage extension may say of a backend, in one line.
type describer interface{ Describe(backend string) string }

func (e *Extension) backend(host component.Host) (storage.Backend, error) {
	found, ok := host.GetExtensions()[e.config.Storage]
	if !ok {
		return nil, fmt.Errorf("storage: there is no extension %q in service::extensions", e.config.Storage)
	}
	backends, ok := found.(storage.Backends)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q has no backends", e.config.Storage)
	}
	if d, ok := found.(describer); ok {
		e.store = d.Describe(e.config.Backend)
	}
	return backends.Backend(e.config.Backend)
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
	e.server = server
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
	e.running.Go(func() {
		ticker := time.NewTicker(e.config.RefreshInterval)
		defer ticker.Stop()
		for failing := false; ctx.Err() == nil; {
			failing = e.refresh(ctx, failing)
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
	})
}

// refresh reports whether it failed; only a change of that is logged.
func (e *Extension) refresh(ctx context.Context, failing bool) bool {
	err := e.query.Refresh(ctx)
	if ctx.Err() != nil {
		return failing
	}
	switch {
	case err != nil && !failing:
		e.telemetry.Logger.Warn("the graph falls behind the store; trying on", zap.Error(err))
	case err == nil && failing:
		e.telemetry.Logger.Info("the graph follows the store again")
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
