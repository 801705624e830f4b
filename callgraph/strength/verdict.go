package strength

// Verdict is what evidence bears.
type Verdict struct {
	Strength Strength
	Source   Source
	// Observed is the verdict of what happened by itself, whatever overrides it.
	Observed Strength
	Basis    Basis
	// Classes are the verdicts by class, those without failures left out.
	Classes []ClassVerdict
	// Successors are the sites that usually run after this one, Fallbacks those
	// that run only after it failed.
	Successors []Successor
	Fallbacks  []Successor
	Successes  uint64 // local traces that are a fair sample
	// Confounded: it looks strong, but another call always failed, too.
	Confounded bool
}

// Basis says what a verdict looks at.
type Basis uint8

const (
	// NoBasis is nothing to look at.
	NoBasis Basis = iota
	// Successors asks whether the calls that usually follow in the caller were made.
	Successors
	// Propagation asks whether the caller failed too. For sites that nothing follows.
	Propagation
)

// String is the basis as APIs carry it.
func (b Basis) String() string {
	switch b {
	case Successors:
		return "successors"
	case Propagation:
		return "propagation"
	}
	return "none"
}

// ClassVerdict is the verdict for one class of failure.
type ClassVerdict struct {
	Class    Class
	Strength Strength
	Failures uint64 // local traces
	WentOn   uint64 // of them, where what the basis looks at went on
	// Next is the successor that was made most, where the basis is Successors.
	Next Callee
	// Ratio is how much rarer that is after a failure than after a success:
	// P(went on | failed) / P(went on | ok).
	Ratio Interval
}

// Interval is an estimate, the posterior's median, with its central 95 %.
type Interval struct{ Estimate, Low, High float64 }

// Successor is another site of the caller.
type Successor struct {
	Other
	AfterOK     float64 // P(it runs after | the site went well)
	AfterFailed float64 // P(it runs after | the site failed), all classes but Rejected
}
