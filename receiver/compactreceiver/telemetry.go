package compactreceiver

import (
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/receiver/compactreceiver"
	prefix    = "jcallgraph.compact.receiver."
)

// metrics are the receiver's own.
var metrics = ownmetric.Set[server.Stats]{
	ownmetric.Gauge(prefix+"streams", "{stream}", "Streams that are open.", func(s server.Stats) uint64 { return uint64(s.Streams) }),
	ownmetric.Gauge(prefix+"state", "By", "What the dictionaries of all streams hold.", func(s server.Stats) uint64 { return uint64(s.State) }),
	ownmetric.Sum(prefix+"streams.opened", "{stream}", "Streams that were opened.", func(s server.Stats) uint64 { return s.Opened }),
	ownmetric.Sum(prefix+"streams.overloaded", "{stream}", "Streams that were ended since all together held too much.", func(s server.Stats) uint64 { return s.Overloaded }),
	ownmetric.Sum(prefix+"resets", "{reset}", "Epochs that streams began.", func(s server.Stats) uint64 { return s.Resets }),
	ownmetric.Sum(prefix+"frames", "{frame}", "Frames that arrived.", func(s server.Stats) uint64 { return s.Frames }),
	ownmetric.Sum(prefix+"bytes", "By", "Bytes of them.", func(s server.Stats) uint64 { return s.Bytes }),
	ownmetric.Sum(prefix+"spans", "{span}", "Spans that were stored.", func(s server.Stats) uint64 { return s.Spans }),
	ownmetric.Sum(prefix+"intervals", "{interval}", "Intervals of SDKs that were stored.", func(s server.Stats) uint64 { return s.Intervals }),
	ownmetric.Sum(prefix+"cells", "{cell}", "Edge counts in them.", func(s server.Stats) uint64 { return s.Cells }),
	ownmetric.Sum(prefix+"frames.later", "{frame}", "Frames that could not be stored then; their senders were told to send them later.", func(s server.Stats) uint64 { return s.Later }),
	ownmetric.Sum(prefix+"frames.rejected", "{frame}", "Frames that will never be stored.", func(s server.Stats) uint64 { return s.Rejected }),
	ownmetric.Sum(prefix+"frames.repeated", "{frame}", "Frames that were stored before: acknowledged, not stored again.", func(s server.Stats) uint64 { return s.Repeated }),
	ownmetric.Tally(prefix+"frames.refused", "{frame}", "Frames that could not be read, which ended their streams.", func(s server.Stats) map[string]uint64 { return wire.ByName(s.Refused) }),
}

// observe reads the counts whenever metrics are collected.
func observe(set receiver.Settings, stats func() server.Stats) (metric.Registration, error) {
	return metrics.Observe(set.MeterProvider.Meter(meterName), stats, attribute.String("receiver", set.ID.String()))
}
