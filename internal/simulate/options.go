package simulate

import (
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// Options of a System. The zero value is a small one that keeps all and loses
// nothing.
type Options struct {
	Seed uint64
	// Services is how many there are, at most MaxServices; 0: 12.
	Services int
	// Entrances are operations that chains begin at; 0: one for eight services,
	// and at least the five that an order passes.
	Entrances int
	// OneIn of so many successful chains is kept; below 2: all.
	OneIn int
	// Keep is what the SDKs keep whatever the rate; None: errors and soft errors.
	Keep sampler.Marks
	// FaultRate is how many of a site's calls fail by themselves, about: sites
	// differ; 0: 0.01.
	FaultRate float64
	// SpanLoss and BatchLoss are the parts of the spans, and of the batches, that
	// do not arrive.
	SpanLoss, BatchLoss float64
	// Skew is how much a process's clock is wrong at most.
	Skew time.Duration
	// StockShare is the part of the services that have an SDK which is not ours:
	// it keeps no failures and states nothing.
	StockShare float64
	// OrderShare is the part of the chains that begin an order: others follow
	// it for hours, and carry the keys.
	OrderShare float64
	// Start is when the first chain begins, and Interval the mean time from one
	// to the next; zero: 2026-01-01, 10 ms.
	Start    time.Time
	Interval time.Duration
	// Tables has the figures of each entrance (Truth.Entrances) counted, which
	// takes memory for each operation that an entrance reaches.
	Tables bool
}

// Bounds of a System.
const (
	MaxServices  = 34_000
	MaxEntrances = 34_000
	MaxOneIn     = 100_000
)

// Validate says which option is not accepted, and what is.
func (o Options) Validate() error {
	switch {
	case o.Services < 0 || o.Services > MaxServices:
		return fmt.Errorf("services: %d, want 0 to %d", o.Services, MaxServices)
	case o.Entrances < 0 || o.Entrances > MaxEntrances:
		return fmt.Errorf("entrances: %d, want 0 to %d", o.Entrances, MaxEntrances)
	case o.OneIn < 0 || o.OneIn > MaxOneIn:
		return fmt.Errorf("one in: %d, want 0 to %d", o.OneIn, MaxOneIn)
	case o.Skew < 0 || o.Interval < 0:
		return fmt.Errorf("skew: %v, interval: %v, want 0 or more", o.Skew, o.Interval)
	}
	for _, share := range []struct {
		name  string
		value float64
	}{
		{"fault rate", o.FaultRate},
		{"span loss", o.SpanLoss},
		{"batch loss", o.BatchLoss},
		{"stock share", o.StockShare},
		{"order share", o.OrderShare},
	} {
		if !(share.value >= 0 && share.value <= 1) {
			return fmt.Errorf("%s: %v, want 0 to 1", share.name, share.value)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Services == 0 {
		o.Services = 12
	}
	if o.Entrances == 0 {
		o.Entrances = max(len(orderEntrances), o.Services/8)
	}
	if o.FaultRate == 0 {
		o.FaultRate = 0.01
	}
	if o.Keep == sampler.None {
		o.Keep = sampler.Errors | sampler.SoftErrors
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.Interval == 0 {
		o.Interval = 10 * time.Millisecond
	}
	return o
}
