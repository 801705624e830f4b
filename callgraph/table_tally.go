package callgraph

import (
	"math"
	"math/bits"
	"slices"
	"sort"
	"time"
)

// Weight is an adjusted count in fixed point, so that sums of fractions are
// the same in any order and what was added can be taken back without a rest.
type Weight int64

// One is the weight of a call that stands for itself.
const One Weight = 1 << weightBits

const (
	weightBits = 24
	// maxWeight lets a bin hold half a million of the heaviest calls; what
	// would overflow is refused.
	maxWeight = 1 << 20
)

// WeightOf is f to 2^-24. It is false for what is no weight: NaN, below zero
// or above 1,048,576.
func WeightOf(f float64) (Weight, bool) {
	if !(f >= 0 && f <= maxWeight) { // also false for NaN
		return 0, false
	}
	return Weight(math.Round(f * float64(One))), true
}

// Calls is the nearest whole number of calls; 0 for a sum below zero.
func (w Weight) Calls() uint64 {
	return uint64(max(w+One/2, 0) >> weightBits)
}

// Tally is a Sketch in the making: it counts durations by weight and can take
// them back. Its zero value is empty and ready.
type Tally struct {
	zero  Weight
	nanos uint64 // wraps around, as taking back does
	bins  []tallyBin
}

type tallyBin struct {
	index  int32
	weight Weight
}

// Add counts w durations of d; with a negative w it takes them back. It is
// false, and changes nothing, where less than that was counted.
func (t *Tally) Add(d time.Duration, w Weight) bool {
	if d <= 0 {
		return addWeight(&t.zero, w)
	}
	if !t.addBin(BinIndex(d), w) {
		return false
	}
	t.nanos += weighted(d, w)
	return true
}

// addWeight is false where the sum would fall below zero, or overflow to there.
func addWeight(sum *Weight, w Weight) bool {
	if *sum+w < 0 {
		return false
	}
	*sum += w
	return true
}

func (t *Tally) addBin(index int32, w Weight) bool {
	i := t.search(index)
	if i < len(t.bins) && t.bins[i].index == index {
		return addWeight(&t.bins[i].weight, w)
	}
	if w < 0 {
		return false
	}
	t.bins = slices.Insert(t.bins, i, tallyBin{index, w})
	return true
}

func (t *Tally) search(index int32) int {
	return sort.Search(len(t.bins), func(i int) bool { return t.bins[i].index >= index })
}

// weighted is d × w to the nanosecond, modulo 2^64 and odd in w.
func weighted(d time.Duration, w Weight) uint64 {
	if w < 0 {
		return -weighted(d, -w)
	}
	hi, lo := bits.Mul64(uint64(d), uint64(w))
	lo, carry := bits.Add64(lo, uint64(One/2), 0)
	return (hi+carry)<<(64-weightBits) | lo>>weightBits
}

// Merge adds all that o counts.
func (t *Tally) Merge(o *Tally) {
	t.zero += o.zero
	t.nanos += o.nanos
	for _, b := range o.bins {
		t.addBin(b.index, b.weight)
	}
}

// AddSketch adds all that s counts.
func (t *Tally) AddSketch(s *Sketch) {
	t.zero += Weight(s.Zero) * One
	t.nanos += s.Nanos
	for _, b := range s.Bins {
		t.addBin(b.Index, Weight(b.Count)*One)
	}
}

// Weight is the sum of all weights.
func (t *Tally) Weight() Weight {
	sum := t.zero
	for _, b := range t.bins {
		sum += b.weight
	}
	return sum
}

// Sketch rounds the weights to whole calls. What rounding one bin leaves goes
// to the next: the sketch's count is the rounded sum of all weights.
func (t *Tally) Sketch() Sketch {
	s := Sketch{Zero: t.zero.Calls(), Nanos: t.nanos}
	seen, given := t.zero, s.Zero
	for _, b := range t.bins {
		seen += b.weight
		if n := seen.Calls() - given; n > 0 {
			s.Bins = append(s.Bins, Bin{b.index, n})
			given += n
		}
	}
	return s
}

// Steady rounds each bin by itself: while nothing is taken back no bin ever
// falls, as cumulative series must not. The count may differ from the rounded
// sum of all weights.
func (t *Tally) Steady() Sketch {
	s := Sketch{Zero: t.zero.Calls(), Nanos: t.nanos}
	for _, b := range t.bins {
		if n := b.weight.Calls(); n > 0 {
			s.Bins = append(s.Bins, Bin{b.index, n})
		}
	}
	return s
}
