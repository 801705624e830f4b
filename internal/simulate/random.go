package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// random is a stream of chances that a seed and a number determine.
type random struct {
	source *rand.PCG
	*rand.Rand
}

func newRandom(seed, number uint64) random {
	source := rand.NewPCG(seed, number)
	return random{source, rand.New(source)}
}

// again begins the stream of another number.
func (r random) again(seed, number uint64) { r.source.Seed(seed, number*0x9e3779b97f4a7c15+1) }

func (r random) chance(p float64) bool { return p >= 1 || p > 0 && r.Float64() < p }

func (r random) between(low, high float64) float64 { return low + (high-low)*r.Float64() }

// number is a whole one from low to high.
func (r random) number(low, high int) int { return low + r.IntN(high-low+1) }

// latency is how long something takes: lognormal, as it is measured everywhere.
type latency struct {
	median float64 // nanoseconds
	spread float64 // standard deviation of the logarithm
}

func (l latency) draw(r random) int64 {
	return int64(l.median * exp(l.spread*r.NormFloat64()))
}

// exponentials are e^x from -expReach to expReach in steps of 1/expSteps: a
// look-up is faster than math.Exp, and its results need not be as good.
var exponentials = func() (t [2*expReach*expSteps + 2]float64) {
	for i := range t {
		t[i] = math.Exp(float64(i)/expSteps - expReach)
	}
	return t
}()

const (
	expReach = 6
	expSteps = 128
)

func exp(x float64) float64 {
	at := (max(-expReach, min(x, expReach)) + expReach) * expSteps
	i := int(at)
	return exponentials[i] + (at-float64(i))*(exponentials[i+1]-exponentials[i])
}

// latencyAround has a median of about so long.
func (r random) latencyAround(d time.Duration) latency {
	return latency{float64(d) * math.Exp(0.5*r.NormFloat64()), r.between(0.1, 0.6)}
}
