package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/sdk/internal/export"
	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// Setup makes tracing ready in one call: it sets OTel's global tracer provider
// and propagator by the standard environment variables or by the file that
// OTEL_CONFIG_FILE names (docs/sdk.md), and describes the process. Options come
// before both; but exporters that OTEL_TRACES_EXPORTER or the file name are used
// beside those that options give.
//
// shutdown exports what is left and waits for it as long as its context allows,
// ten seconds where that has no deadline; it may be called again. Nothing is set where err is not nil.
func Setup(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	s, err := readSetting()
	if err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	o := optionsOf(&s)
	o.apply(opts)
	u := setup{setting: s, options: o, exporters: len(o.exporters) > 0}
	if err := u.prepare(ctx); err != nil {
		return nil, fmt.Errorf("set up tracing: %w", errors.Join(err, u.discard(ctx)))
	}
	return u.install(), nil
}

// readSetting reads the file, where there is one, or the environment.
func readSetting() (setting.Setting, error) {
	name := setting.File
	path := os.Getenv(name)
	if path == "" {
		name = setting.OldFile
		path = os.Getenv(name)
	}
	if path == "" {
		return setting.FromEnvironment(os.Getenv)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return setting.Setting{}, fmt.Errorf("%s: %w", name, err)
	}
	s, err := setting.FromFile(data, os.Getenv)
	if err != nil {
		return s, fmt.Errorf("%s=%s: %w", name, path, err)
	}
	s.Stock, err = setting.Stock(os.Getenv)
	return s, err
}

// setup is what Setup has made so far.
type setup struct {
	setting    setting.Setting
	options    options
	exporters  bool // options gave some
	propagator propagation.TextMapPropagator
	made       []closer // exporters that no provider owns yet
}

type closer interface{ Shutdown(context.Context) error }

// prepare does all that can fail.
func (u *setup) prepare(ctx context.Context) (err error) {
	if u.options.log != nil {
		if err := checkLog(u.options.log); err != nil {
			return err
		}
	}
	if u.propagator, err = propagators(u.setting.Propagators, u.options.carried(), u.setting.Stock); err != nil || u.setting.Disabled {
		return err
	}
	if err := u.describe(ctx); err != nil {
		return err
	}
	if err := u.makeSenders(ctx); err != nil {
		return err
	}
	return u.makeCounts(ctx)
}

func (u *setup) describe(ctx context.Context) error {
	found, err := detect(ctx, &u.setting)
	if err != nil {
		return fmt.Errorf("describe the process: %w", err)
	}
	u.options.resource, err = resource.Merge(found, u.options.resource)
	if errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil // the attributes are merged all the same
	}
	return err
}

// retryTime is how long a collector may be away before spans that go by OTLP are
// lost, if the queues are long enough: OTLP/HTTP exporters give up at once where
// nobody listens.
const retryTime = time.Minute

// noTimeout is for exports by compact, which wait for a collector: giving up and
// sending again could store spans twice. Meanwhile the queues fill.
const noTimeout = -1

// makeSenders makes the exporters of spans.
func (u *setup) makeSenders(ctx context.Context) error {
	if u.exporters && !u.setting.Named {
		return u.checkStock()
	}
	for _, s := range u.setting.Senders {
		e, err := export.Traces(ctx, s.Exporter, u.options.meters)
		if err != nil {
			return err
		}
		u.made = append(u.made, e)
		b := batchingOf(s.Batch)
		b.Borrows = true // as all of them do
		switch {
		case s.Exporter.Kind != setting.Compact:
			b.Retry = retryTime
		case !s.Immediate: // else the application waits, too
			b.Timeout = noTimeout
		}
		u.options.exporters = append(u.options.exporters, exporterOption{plain: e, immediate: s.Immediate, Batching: b})
	}
	return u.checkStock()
}

func (u *setup) checkStock() error {
	for _, e := range u.options.exporters {
		if u.setting.Stock && e.plain == nil {
			return fmt.Errorf("%s=stock: an exporter made for this SDK cannot be used", setting.SDK)
		}
	}
	return nil
}

// makeCounts makes the exporter of calls' counts.
func (u *setup) makeCounts(ctx context.Context) error {
	if u.options.edges.wanted() || u.setting.Edges == nil || u.setting.Stock || u.exporters && !u.setting.Named {
		return nil
	}
	if u.setting.Edges.Kind == setting.Compact {
		return u.makeIntervals(*u.setting.Edges)
	}
	e, err := export.Metrics(ctx, *u.setting.Edges)
	if err != nil {
		return err
	}
	u.made = append(u.made, e)
	u.options.edges.metrics = e
	return nil
}

// makeIntervals has counts go by the stream that spans go by, if there is one.
func (u *setup) makeIntervals(wanted setting.Exporter) error {
	for i, s := range u.setting.Senders {
		if e, ok := u.made[i].(*compact.Exporter); ok && reflect.DeepEqual(s.Exporter, wanted) {
			u.options.edges.intervals = e
			return nil
		}
	}
	e, err := export.Compact(wanted, u.options.meters)
	if err != nil {
		return err
	}
	u.made = append(u.made, e)
	u.options.edges.intervals = e
	return nil
}

// release ends the exports that OTel's SDK leaves under way once its shutdown has
// no more time.
func (u *setup) release(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return u.discard(ctx)
}

// discard closes what was made in vain.
func (u *setup) discard(ctx context.Context) error {
	var errs []error
	for _, e := range u.made {
		errs = append(errs, e.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// install sets OTel's globals, and slog's.
func (u *setup) install() (shutdown func(context.Context) error) {
	if u.options.log != nil {
		o := append([]LogOption{LogChainKeys(u.options.chainKeys...)}, u.options.logOptions...)
		slog.SetDefault(slog.New(NewLogHandler(u.options.log, o...)))
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Error("telemetry", "error", err) }))
	}
	otel.SetTextMapPropagator(u.propagator)
	provider, shutdown := u.provider()
	otel.SetTracerProvider(provider)
	return bounded(shutdown)
}

// shutdownTime is how long a shutdown takes at most where its context has no
// deadline: a collector that does not answer must not hold up a program's end.
const shutdownTime = 10 * time.Second

func bounded(shutdown func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); ok {
			return shutdown(ctx)
		}
		ctx, cancel := context.WithTimeout(ctx, shutdownTime)
		defer cancel()
		return shutdown(ctx)
	}
}

func (u *setup) provider() (trace.TracerProvider, func(context.Context) error) {
	switch {
	case u.setting.Disabled:
		return noop.NewTracerProvider(), func(context.Context) error { return nil }
	case u.setting.Stock:
		p := stockProvider(u.options, u.options.ownPolicy || u.setting.FromFile)
		return p, func(ctx context.Context) error { return errors.Join(p.Shutdown(ctx), u.release(ctx)) }
	}
	p := newProvider(u.options)
	return p, p.Shutdown
}

// checkLog refuses slog's own first handler: as slog's default it would write
// to itself for ever.
func checkLog(h slog.Handler) error {
	if fmt.Sprintf("%T", h) == "*slog.defaultHandler" {
		return errors.New("log handler: accepted: any but slog's first default, which cannot be wrapped; such as slog.NewTextHandler(os.Stderr, nil)")
	}
	return nil
}
