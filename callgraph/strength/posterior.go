package strength

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// share is k of n: a probability p as far as it is known. Its posterior is
// Beta(k + ½, n − k + ½), from Jeffreys' prior.
type share struct{ k, n uint64 }

func (s share) alpha() float64 { return float64(min(s.k, s.n)) + 0.5 }
func (s share) beta() float64  { return float64(s.n-min(s.k, s.n)) + 0.5 }

func (s share) estimate() float64 {
	if s.n == 0 {
		return 0
	}
	return float64(min(s.k, s.n)) / float64(s.n)
}

// below is P(p < x).
func (s share) below(x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	return mathext.RegIncBeta(s.alpha(), s.beta(), x)
}

// above is P(p > x).
func (s share) above(x float64) float64 { return 1 - s.below(x) }

// ratio is ρ = P(y | failed) / P(y | ok).
type ratio struct{ failed, ok share }

// below is P(ρ < x) = ∫ P(p_failed < x·p) f_ok(p) dp.
func (r ratio) below(x float64) float64 {
	low, high := r.failed.reach()
	lowOK, highOK := r.ok.reach()
	switch {
	case high < x*lowOK:
		return 1
	case low > x*highOK:
		return 0
	}
	var total float64
	for _, q := range r.ok.grid() {
		total += q.weight * r.failed.below(x*q.p)
	}
	return min(total, 1)
}

// above is P(ρ > x).
func (r ratio) above(x float64) float64 { return 1 - r.below(x) }

// point is a value of a probability and how likely it is about there.
type point struct{ p, weight float64 }

// gridPoints is how finely a posterior is looked at. Its density is smooth in
// the angle θ with p = sin²θ, where Jeffreys' prior is flat, so few suffice.
const gridPoints = 64

// gridReach is how far the grid goes, in standard deviations of θ (1/(2√n)).
const gridReach = 6

// angles are the mode of θ and the ends of its grid.
func (s share) angles() (mode, low, high float64) {
	k, rest := s.alpha()-0.5, s.beta()-0.5
	mode = math.Pi / 4
	if k+rest > 0 {
		mode = math.Atan2(math.Sqrt(k), math.Sqrt(rest))
	}
	reach := gridReach / (2 * math.Sqrt(k+rest+0.5))
	return mode, max(mode-reach, 0), min(mode+reach, math.Pi/2)
}

// reach is between what the probability is, all but surely.
func (s share) reach() (low, high float64) {
	_, from, to := s.angles()
	low, high = math.Sin(from), math.Sin(to)
	return low * low, high * high
}

func (s share) grid() (grid [gridPoints]point) {
	k, rest := s.alpha()-0.5, s.beta()-0.5
	mode, low, high := s.angles()
	sinMode, cosMode := max(math.Sin(mode), tiny), max(math.Cos(mode), tiny)
	step := (high - low) / gridPoints
	var total float64
	for i := range grid {
		sin, cos := math.Sincos(low + (float64(i)+0.5)*step)
		grid[i] = point{p: sin * sin, weight: math.Exp(2 * (scaledLog(k, sin/sinMode) + scaledLog(rest, cos/cosMode)))}
		total += grid[i].weight
	}
	for i := range grid {
		grid[i].weight /= total
	}
	return grid
}

func scaledLog(k, x float64) float64 {
	if k == 0 {
		return 0
	}
	return k * math.Log(x)
}

const tiny = 1e-300

// The ratio's logarithm is counted in bins, for its quantiles.
const (
	bins       = 1024
	binsPerLog = 64 // bins of one factor e
)

// interval is the posterior's median and central 95 %, each within 2 %.
func (r ratio) interval() Interval {
	var count [bins]float64
	failed, ok := r.failed.grid(), r.ok.grid()
	var low, high [gridPoints]float64
	for i := range failed {
		low[i], high[i] = math.Log(max(failed[i].p, 1e-6)), math.Log(max(ok[i].p, 1e-6))
	}
	for i := range failed {
		for j := range ok {
			bin := int((low[i]-high[j])*binsPerLog) + bins*3/4
			count[min(max(bin, 0), bins-1)] += failed[i].weight * ok[j].weight
		}
	}
	return Interval{Estimate: quantile(&count, 0.5), Low: quantile(&count, 0.025), High: quantile(&count, 0.975)}
}

func quantile(count *[bins]float64, q float64) float64 {
	var total float64
	for i, c := range count {
		if total += c; total >= q {
			return math.Exp((float64(i-bins*3/4) + 0.5) / binsPerLog)
		}
	}
	return math.Exp(float64(bins/4) / binsPerLog)
}
