package sdk

import (
	"context"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// RecordExporter is an exporter that does not keep the records it is given:
// they are used again after it returned. It is cheaper than OTel's SpanExporter,
// whose spans belong to the exporter.
type RecordExporter interface {
	// ExportRecords sends records. It must return when ctx ends, and is not
	// called concurrently.
	ExportRecords(ctx context.Context, records []*Record) error
	// Shutdown is called once, after the last ExportRecords.
	Shutdown(ctx context.Context) error
}

// exporterOption is an exporter with how it is fed.
type exporterOption struct {
	plain     sdktrace.SpanExporter // or
	native    RecordExporter
	immediate bool // each record as its span is decided
	users     *users
	Batching
}

// Batching says how records wait for their exporter. Zero values stand for the
// environment's OTEL_BSP_ variables, and these for the defaults.
type Batching struct {
	// Queue is how many records wait at most, as many failed ones as others;
	// more are dropped and counted. 8,192.
	Queue int
	// Batch is how many are sent at once: 512.
	Batch int
	// Interval is how long a record waits at most: 1 s.
	Interval time.Duration
	// Timeout is how long an export may take: 30 s. Below 0: as long as it takes, for
	// exporters that wait for their receiver, such as exporter/compact's.
	Timeout time.Duration
	// Borrows says that an sdktrace.SpanExporter keeps no span once ExportSpans
	// has returned, as OTLP exporters do: the spans are then used again.
	Borrows bool
	// Retry is for how long a batch that could not be exported is tried again, while
	// the queues fill; errors that are the receiver's last word aside. The zero
	// value leaves it to the exporter. Setup's OTLP exporters have a minute.
	Retry time.Duration
}

// WithExporter sends decided spans by one of OTel's exporters. Several exporters
// do not wait for each other.
func WithExporter(e sdktrace.SpanExporter, b Batching) Option {
	return optionFunc(func(o *options) {
		if e != nil {
			o.exporters = append(o.exporters, exporterOption{plain: e, Batching: b})
		}
	})
}

// WithRecordExporter sends decided spans by an exporter made for this SDK.
func WithRecordExporter(e RecordExporter, b Batching) Option {
	return optionFunc(func(o *options) {
		if e != nil {
			o.exporters = append(o.exporters, exporterOption{native: e, Batching: b})
		}
	})
}

// WithSyncer exports each span as it is decided, while its End waits: for
// tests.
func WithSyncer(e sdktrace.SpanExporter) Option {
	return optionFunc(func(o *options) {
		if e != nil {
			o.exporters = append(o.exporters, exporterOption{plain: e, immediate: true})
		}
	})
}
