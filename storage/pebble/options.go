package pebble

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of a store. Zero values are the defaults named here.
type Options struct {
	// Directory of the store; made if it is missing. Required.
	Directory string
	// Retention of spans, from their arrival; 168 h.
	Retention time.Duration
	// EdgeRetention of cells, from the arrival of their last call; Retention.
	EdgeRetention time.Duration
	// MaxBytes that the store may take on disk; 10 GiB. Beyond it the oldest
	// spans go; cells go by EdgeRetention only, and are warned of where they
	// take more than half, business keys where they take more than a quarter.
	MaxBytes int64
	// MinFree bytes of the medium that the store leaves alone: with less,
	// writes fail with storage.ErrFull. 128 MiB.
	MinFree int64
	// MaxNames is how many operations the list of names holds, of 256 bytes on
	// average; 100,000.
	MaxNames int
	// Logger of what goes wrong behind the caller's back; none.
	Logger *slog.Logger
	// Now is the clock; time.Now.
	Now func() time.Time

	fs          vfs.FS        // of tests
	maintenance time.Duration // between calls of maintain; a minute
}

func (o Options) withDefaults() Options {
	o.Retention = cmp.Or(o.Retention, 168*time.Hour)
	o.EdgeRetention = cmp.Or(o.EdgeRetention, o.Retention)
	o.MaxBytes = cmp.Or(o.MaxBytes, 10<<30)
	o.MinFree = cmp.Or(o.MinFree, 128<<20)
	o.MaxNames = cmp.Or(o.MaxNames, 100_000)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.fs == nil {
		o.fs = vfs.Default
	}
	o.maintenance = cmp.Or(o.maintenance, time.Minute)
	return o
}
