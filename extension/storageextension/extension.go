package storageextension

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/storage"
)

// Extension keeps the backends open between Start and Shutdown.
type Extension struct {
	config    *Config
	telemetry component.TelemetrySettings

	mu       sync.Mutex
	backends map[string]opened
	observer metric.Registration
}

var _ storage.Backends = (*Extension)(nil)

// opened is a backend and what a person should know of it.
type opened struct {
	storage.Backend
	description string
}

// Start opens all backends or none.
func (e *Extension) Start(context.Context, component.Host) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.open(); err != nil {
		return errors.Join(err, e.close())
	}
	observer, err := observe(e.telemetry.MeterProvider, e.backends)
	if err != nil {
		return errors.Join(fmt.Errorf("create the extension's own metrics: %w", err), e.close())
	}
	e.observer = observer
	return nil
}

func (e *Extension) open() error {
	e.backends = map[string]opened{}
	for _, name := range e.names() {
		backend, err := e.config.Backends[name].open(e.telemetry.Logger)
		if err != nil {
			return fmt.Errorf("open backend %q: %w", name, err)
		}
		e.backends[name] = backend
		e.telemetry.Logger.Info("backend opened", zap.String("backend", name), zap.String("store", backend.description))
	}
	return nil
}

// Shutdown makes everything durable and closes the backends. It is safe twice
// and before Start.
func (e *Extension) Shutdown(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.close()
}

func (e *Extension) close() error {
	var errs []error
	if e.observer != nil {
		errs = append(errs, e.observer.Unregister())
		e.observer = nil
	}
	for name, b := range e.backends {
		if err := b.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close backend %q: %w", name, err))
		}
	}
	e.backends = nil
	return errors.Join(errs...)
}

// Backend implements storage.Backends.
func (e *Extension) Backend(name string) (storage.Backend, error) {
	b, err := e.find(name)
	if err != nil {
		return nil, err
	}
	return b.Backend, nil
}

// Describe says in a line where the backend keeps its data, how much at most
// and how to wipe it; empty for an unknown name.
func (e *Extension) Describe(name string) string {
	b, err := e.find(name)
	if err != nil {
		return ""
	}
	return b.description
}

func (e *Extension) find(name string) (opened, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, ok := e.backends[name]
	switch {
	case ok:
		return b, nil
	case e.backends == nil:
		return opened{}, fmt.Errorf("backend %q: the storage extension is not running", name)
	}
	return opened{}, fmt.Errorf("no backend %q: the storage extension has %s", name, strings.Join(e.names(), ", "))
}

func (e *Extension) names() []string { return slices.Sorted(maps.Keys(e.config.Backends)) }
