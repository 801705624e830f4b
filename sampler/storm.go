package sampler

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Storm thins out errors when there are more than a budget allows in a second.
// Each signature, an operation with its error type, then gets a fair part of
// the budget, as a threshold for the next second; one that multiplies within
// the second is thinned out at once. A second's errors are at most about twice
// the budget for each signature that is new in it. At most 1,024 signatures are
// told apart, those beyond share one.
type Storm struct {
	budget float64
	second atomic.Int64
	errors atomic.Int64  // of this second
	raging atomic.Bool   // the second before was above the budget
	gone   atomic.Uint64 // errors thinned out
	turn   sync.Mutex
	table  table[signature]
}

// signature counts the errors of one operation and type. Its allowance is how
// many of them may leave in a second, of as many as are expected.
type signature struct {
	errors    atomic.Int64 // of this second
	idle      atomic.Int64 // seconds without
	allowance atomic.Uint64
	expected  atomic.Uint64
}

// idleSeconds is how long a signature is remembered.
const idleSeconds = 10

// NewStorm allows that many errors a second; at least one.
func NewStorm(budgetPerSecond int) *Storm {
	s := &Storm{budget: float64(max(budgetPerSecond, 1))}
	s.newcomer(&s.table.shared, 1)
	return s
}

// Admit decides one error of a trace with randomness r. Errors that are kept
// leave with threshold t; the first of its signature in a second leaves even
// where its randomness is below t (first): tagged jcg.late and without th, for
// it has no weight. The seconds are those of the caller's clock; they need not
// be in order.
func (s *Storm) Admit(operation, errorType string, r Randomness, unixSecond int64) (keep bool, t Threshold, first bool) {
	if begins(unixSecond, s.second.Load()) {
		s.Tick(unixSecond)
	}
	total := s.errors.Add(1)
	sig := s.table.slot(pair{operation, errorType}, s.newcomer)
	n := sig.errors.Add(1)
	if s.raging.Load() || float64(total) > s.budget {
		t = sig.threshold(n)
	}
	if t.Keeps(r) {
		return true, t, false
	}
	if n == 1 {
		return true, t, true
	}
	s.gone.Add(1)
	return false, t, false
}

// threshold is that of the n-th error of the second.
func (g *signature) threshold(n int64) Threshold {
	return thin(math.Float64frombits(g.allowance.Load()), math.Float64frombits(g.expected.Load()), float64(n))
}

func (g *signature) allow(allowance, expected float64) {
	g.allowance.Store(math.Float64bits(allowance))
	g.expected.Store(math.Float64bits(expected))
}

// newcomer gives a signature its part before anything is known of it.
func (s *Storm) newcomer(g *signature, signatures int) {
	part := max(s.budget/float64(signatures), 1)
	g.allow(part, part)
}

// Tick begins a second where no error did. Only the state that people see
// needs it.
func (s *Storm) Tick(unixSecond int64) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if !begins(unixSecond, s.second.Load()) {
		return
	}
	s.second.Store(unixSecond)
	s.raging.Store(float64(s.errors.Swap(0)) > s.budget)
	s.share()
}

// share parts the budget by what each signature had in the second that ends:
// none gets more than it had before others have enough.
func (s *Storm) share() {
	slots := s.table.all()
	counts := make([]float64, 0, len(slots)+1)
	collect := func(g *signature) { counts = append(counts, float64(g.errors.Load())) }
	collect(&s.table.shared)
	for _, g := range slots {
		collect(g)
	}
	level := levelOf(counts, s.budget)
	part := max(s.budget/float64(len(counts)), 1)
	s.table.shared.begin(level, part)
	for _, g := range slots {
		g.begin(level, part)
	}
	s.table.prune(func(g *signature) bool { return g.idle.Load() >= idleSeconds })
}

// begin begins a second.
func (g *signature) begin(level, part float64) {
	n := float64(g.errors.Swap(0))
	if n == 0 {
		g.idle.Add(1)
	} else {
		g.idle.Store(0)
	}
	allowance := max(min(n, level), part)
	g.allow(allowance, max(n, allowance))
}

// String explains the storm's state to people.
func (s *Storm) String() string {
	state := "calm"
	if s.raging.Load() {
		state = "storm"
	}
	return fmt.Sprintf("%s: at most about %.0f errors a second of %d signatures, %d thinned out", state, s.budget, len(s.table.all()), s.gone.Load())
}

// levelOf is how many of each count leave, so that all are the budget.
func levelOf(counts []float64, budget float64) float64 {
	slices.Sort(counts)
	for i, c := range counts {
		if level := budget / float64(len(counts)-i); c > level {
			return level
		}
		budget -= c
	}
	return math.Inf(1)
}
