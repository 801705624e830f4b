package edgemetric

import (
	"errors"
	"fmt"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// point is what all kinds of points have.
type point interface {
	Attributes() pcommon.Map
	StartTimestamp() pcommon.Timestamp
	Timestamp() pcommon.Timestamp
}

// state is what the points of Calls alone say.
type state struct {
	folded bool
	closed int64
}

// readPoint reads the key but for the writer. Attributes that the schema does
// not name are not looked at: processors may have added them.
func readPoint(p point) (callgraph.CellKey, state, error) {
	var (
		key callgraph.CellKey
		s   state
		r   = reader{}
	)
	for k, v := range p.Attributes().All() {
		r.read(&key, &s, k, v)
	}
	r.bucket(&key.Bucket, p)
	if !r.outcome {
		r.failf("attribute %s is missing", AttributeOutcome)
	}
	r.reference(&key.Edge)
	return key, s, r.err
}

// reader keeps the first error.
type reader struct {
	outcome bool
	err     error
}

func (r *reader) read(key *callgraph.CellKey, s *state, k string, v pcommon.Value) {
	switch k {
	case AttributeOutcome:
		r.outcome = true
		key.Outcome = named(r, k, v, outcomes)
	case AttributeConnection:
		key.Edge.Connection = named(r, k, v, connections)
	case AttributeOpened:
		key.Opened = r.int(k, v)
	case AttributeClosed:
		s.closed = r.int(k, v)
	case AttributeFolded:
		s.folded = r.bool(k, v)
	default:
		if !r.end(&clientKeys, &key.Edge.Caller, k, v) {
			r.end(&serverKeys, &key.Edge.Callee, k, v)
		}
	}
}

// end is false where the attribute is not of that end.
func (r *reader) end(keys *endKeys, o *callgraph.Operation, k string, v pcommon.Value) bool {
	switch k {
	case keys.service:
		o.Service.Name = r.str(k, v)
	case keys.namespace:
		o.Service.Namespace = r.str(k, v)
	case keys.environment:
		o.Service.Environment = r.str(k, v)
	case keys.operation:
		o.Name = r.str(k, v)
	case keys.node:
		o.Node = named(r, k, v, nodes)
	default:
		return false
	}
	return true
}

// reference checks who is known by static IDs: a caller, by nothing else.
func (r *reader) reference(e *callgraph.Edge) {
	if e.Callee.Node == callgraph.Referred {
		r.failf("attribute %s is %s: callees know their own names", serverKeys.node, callgraph.Referred)
	}
	if e.Caller.Node != callgraph.Referred {
		return
	}
	if e.Caller.Service != (callgraph.Service{}) {
		r.failf("attribute %s is %s, and a service is named", clientKeys.node, callgraph.Referred)
	}
	if _, err := callgraph.ParseReference(e.Caller.Name); err != nil {
		r.failf("attribute %s: %w", clientKeys.operation, err)
	}
}

func named[T any](r *reader, k string, v pcommon.Value, names map[string]T) T {
	t, ok := names[r.str(k, v)]
	if !ok {
		r.failf("attribute %s is %q, which is none of its values", k, v.AsString())
	}
	return t
}

func (r *reader) str(k string, v pcommon.Value) string {
	if !r.is(k, v, pcommon.ValueTypeStr) {
		return ""
	}
	return v.Str()
}

func (r *reader) int(k string, v pcommon.Value) int64 {
	if !r.is(k, v, pcommon.ValueTypeInt) {
		return 0
	}
	return v.Int()
}

func (r *reader) bool(k string, v pcommon.Value) bool {
	return r.is(k, v, pcommon.ValueTypeBool) && v.Bool()
}

func (r *reader) is(k string, v pcommon.Value, t pcommon.ValueType) bool {
	if v.Type() != t {
		r.failf("attribute %s is of type %s, not %s", k, v.Type(), t)
	}
	return v.Type() == t
}

func (r *reader) failf(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// bucket reads the time that the point covers.
func (r *reader) bucket(b *callgraph.Bucket, p point) {
	start, end := int64(p.StartTimestamp()), int64(p.Timestamp())
	width := (end - start) / 1e9
	switch width {
	case callgraph.HotWidth, callgraph.MinuteWidth, callgraph.HourWidth:
	default:
		r.failf("its time is no bucket of 10, 60 or 3600 s")
		return
	}
	if start%(width*1e9) != 0 || end-start != width*1e9 {
		r.failf("its time is not aligned to a bucket of %d s", width)
		return
	}
	*b = callgraph.Bucket{Start: start / 1e9, Width: uint32(width)}
}

// readSketch fills the sketch with the point's bins.
func readSketch(p pmetric.ExponentialHistogramDataPoint, sk *callgraph.Sketch) error {
	switch {
	case p.Scale() != callgraph.SketchScale:
		return fmt.Errorf("scale is %d, not %d", p.Scale(), callgraph.SketchScale)
	case p.ZeroThreshold() != 0:
		return errors.New("zero threshold is not 0")
	}
	for _, n := range p.Negative().BucketCounts().All() {
		if n != 0 {
			return errors.New("durations below zero count as zero")
		}
	}
	bins, err := readBins(p.Positive())
	if err != nil {
		return err
	}
	sum, err := readSum(p)
	if err != nil {
		return err
	}
	*sk = callgraph.Sketch{Zero: p.ZeroCount(), Nanos: sum, Bins: bins}
	return countable(sk, p.Count())
}

// countable checks the count; one beyond 2^63-1 would not add up.
func countable(sk *callgraph.Sketch, count uint64) error {
	sum := sk.Zero
	for _, b := range sk.Bins {
		if sum += b.Count; sum < b.Count || sum > math.MaxInt64 {
			return errors.New("its bins hold more than 2^63-1 calls")
		}
	}
	if sum != count || sum > math.MaxInt64 {
		return fmt.Errorf("count is %d, its bins hold %d", count, sum)
	}
	return nil
}

func readBins(b pmetric.ExponentialHistogramDataPointBuckets) ([]callgraph.Bin, error) {
	first, n := int64(b.Offset()), int64(b.BucketCounts().Len())
	if n > 0 && (first < minIndex || first+n-1 > maxIndex) {
		return nil, fmt.Errorf("bins %d to %d are outside %d to %d", first, first+n-1, minIndex, maxIndex)
	}
	var bins []callgraph.Bin
	for i, count := range b.BucketCounts().All() {
		if count > 0 {
			bins = append(bins, callgraph.Bin{Index: int32(first) + int32(i), Count: count})
		}
	}
	return bins, nil
}

func readSum(p pmetric.ExponentialHistogramDataPoint) (uint64, error) {
	if v, ok := p.Attributes().Get(AttributeSumNanos); ok {
		if v.Type() != pcommon.ValueTypeInt {
			return 0, fmt.Errorf("attribute %s is of type %s, not Int", AttributeSumNanos, v.Type())
		}
		return uint64(v.Int()), nil
	}
	n, ok := edgeschema.Nanos(p.Sum())
	if !ok || !p.HasSum() {
		return 0, fmt.Errorf("sum %v is no duration", p.Sum())
	}
	return n, nil
}
