package compactexporter

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// maxUnderWay is how many intervals of one request are under way at once: far
// fewer than a store may see out of order of one instance.
const maxUnderWay = 16

// pushTraces returns once all spans are durable, or the rest will never be.
func (s *sender) pushTraces(ctx context.Context, td ptrace.Traces) error {
	if td.SpanCount() == 0 {
		return nil
	}
	source := wirepdata.NewSource(td)
	if s.traces != nil {
		source = s.traces.Source(source)
	}
	c := s.clients[s.next.Add(1)%uint32(len(s.clients))]
	return final(c.Send(ctx, source))
}

// pushMetrics sends all that it can: what one interval met does not keep the
// others from arriving. All may be sent again.
func (s *sender) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := s.others(md); err != nil {
		return consumererror.NewPermanent(err)
	}
	told, err := edgemetric.DecodeAll(md)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("decode edge metrics: %w", err))
	}
	err = s.sendAll(ctx, told.Intervals)
	if err == nil && len(told.Cells) > 0 {
		return consumererror.NewPermanent(errCells)
	}
	return err
}

var errCells = errors.New("counts of a collector do not travel in the compact format, those of SDKs do: store them where they are counted")

func (s *sender) sendAll(ctx context.Context, intervals []callgraph.Interval) error {
	errs := make([]error, len(intervals))
	var group errgroup.Group
	group.SetLimit(maxUnderWay)
	for i := range intervals {
		group.Go(func() error {
			errs[i] = s.streamOf(intervals[i].Instance).SendInterval(ctx, intervals[i])
			return nil
		})
	}
	_ = group.Wait()
	return worst(errs)
}

// streamOf is the same for all intervals of an instance: they keep their order,
// without which a store forgets those that come late.
func (s *sender) streamOf(instance string) *client.Client {
	return s.clients[maphash.String(s.seed, instance)%uint64(len(s.clients))]
}

// worst is an error after which sending again helps, if there is one, else one
// after which it does not.
func worst(errs []error) (last error) {
	for _, err := range errs {
		if err = final(err); err != nil && !consumererror.IsPermanent(err) {
			return err
		} else if err != nil {
			last = err
		}
	}
	return last
}

// final marks what will never arrive.
func final(err error) error {
	if lost := (*client.LostError)(nil); errors.As(err, &lost) {
		return consumererror.NewPermanent(err)
	}
	return err
}

// others refuses what does not travel, or drops it by leave of the
// configuration.
func (s *sender) others(md pmetric.Metrics) error {
	points, name := edgemetric.Foreign(md)
	if name == "" {
		return nil
	}
	if s.config.OtherMetrics != drop {
		return fmt.Errorf("metric %q is no edge metric: this exporter sends %s* only; remove it from other metrics pipelines, or set other_metrics: %s", name, edgemetric.Prefix, drop)
	}
	s.ignored.Add(uint64(points))
	s.telemetry.Logger.Debug("Metrics that are no edge metrics were dropped", zap.Int("points", points), zap.String("one", name))
	return nil
}
