package callgraph

import (
	"math"
	"slices"
	"time"
)

// SketchScale is the scale of OTel's exponential histogram that every sketch
// has: 16 bins an octave, a relative error of at most 2.2 %.
const SketchScale = 4

// Sketch is a sparse exponential histogram of durations in seconds. Its zero
// value is empty and ready; sums of sketches are exact in any order.
type Sketch struct {
	Zero  uint64 // durations of zero or less
	Nanos uint64 // sum of the durations in nanoseconds
	Bins  []Bin  // by rising index, counts above zero
}

// Bin counts the durations in (base^Index, base^(Index+1)] seconds, base = 2^(1/16).
type Bin struct {
	Index int32
	Count uint64
}

// BinIndex is the index of the bin that holds d, for d > 0. It reads the octave
// off the exponent and begins its search where the fraction's upper byte leads:
// two bounds never share one.
func BinIndex(d time.Duration) int32 {
	b := math.Float64bits(float64(d) / 1e9)
	octave, fraction := int32(b>>fractionBits)-1023, b&(1<<fractionBits-1)
	sub := firstBounds[fraction>>(fractionBits-8)]
	if fraction > bounds[sub] {
		sub++
	}
	return octave<<SketchScale + int32(sub) - 1
}

const fractionBits = 52 // of a float64

// bounds are the upper bounds of an octave's bins as fractions, from the
// octave's own lower bound.
var bounds = func() (m [1<<SketchScale + 1]uint64) {
	for i := range m {
		m[i] = uint64((math.Exp2(float64(i)/(1<<SketchScale)-1)*2 - 1) * (1 << fractionBits))
	}
	return m
}()

// firstBounds is, for each upper byte of a fraction, the first bound that is not
// below all such fractions.
var firstBounds = func() (first [256]uint8) {
	for i := range first {
		for bounds[first[i]] < uint64(i)<<(fractionBits-8) {
			first[i]++
		}
	}
	return first
}()

// Add counts n durations of d.
func (s *Sketch) Add(d time.Duration, n uint64) {
	if n == 0 {
		return
	}
	if d <= 0 {
		s.Zero += n
		return
	}
	s.Nanos += uint64(d) * n
	s.addBin(Bin{BinIndex(d), n})
}

func (s *Sketch) addBin(b Bin) {
	i, found := slices.BinarySearchFunc(s.Bins, b.Index, func(x Bin, index int32) int { return int(x.Index) - int(index) })
	if found {
		s.Bins[i].Count += b.Count
		return
	}
	s.Bins = slices.Insert(s.Bins, i, b)
}

// Merge adds all that o counts.
func (s *Sketch) Merge(o Sketch) {
	s.Zero += o.Zero
	s.Nanos += o.Nanos
	for _, b := range o.Bins {
		s.addBin(b)
	}
}

// Count is how many durations the sketch holds.
func (s *Sketch) Count() uint64 {
	n := s.Zero
	for _, b := range s.Bins {
		n += b.Count
	}
	return n
}

// Sum is the sum of the durations.
func (s *Sketch) Sum() time.Duration { return time.Duration(s.Nanos) }

// Quantile is the duration below which the share q of the durations lies, to
// ±2.2 %; 0 for an empty sketch. q outside [0, 1] is taken
// as its nearer end.
func (s *Sketch) Quantile(q float64) time.Duration {
	n := s.Count()
	rank := max(uint64(math.Ceil(min(max(q, 0), 1)*float64(n))), 1)
	if n == 0 || rank <= s.Zero {
		return 0
	}
	seen := s.Zero
	for _, b := range s.Bins {
		if seen += b.Count; seen >= rank {
			return b.middle()
		}
	}
	return s.Bins[len(s.Bins)-1].middle()
}

func (b Bin) middle() time.Duration {
	return time.Duration(math.Exp2((float64(b.Index)+0.5)/(1<<SketchScale)) * 1e9)
}

// Clone is a copy that shares nothing with s.
func (s Sketch) Clone() Sketch {
	s.Bins = slices.Clone(s.Bins)
	return s
}
