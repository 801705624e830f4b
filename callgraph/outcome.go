package callgraph

// Outcome says how a span or a call ended, as the analysis sees it. It is
// derived; a span's status is never rewritten.
type Outcome uint8

const (
	// OK is everything that the other outcomes do not claim.
	OK Outcome = iota
	// SoftError is a business failure that the transport did not see.
	SoftError
	// Error is a failure of the callee or of the way to it.
	Error
	// Timeout is an error whose type or code says that time ran out.
	Timeout
	// Rejected is the caller's fault as the callee sees it, or shed load.
	Rejected
	// Cancelled calls were given up by the caller; they say nothing of the callee.
	Cancelled
	// Outcomes is how many outcomes there are.
	Outcomes = int(iota)
)

// String is the value of the derived attribute jcg.outcome.
func (o Outcome) String() string {
	switch o {
	case OK:
		return "ok"
	case SoftError:
		return "soft_error"
	case Error:
		return "error"
	case Timeout:
		return "timeout"
	case Rejected:
		return "rejected"
	case Cancelled:
		return "cancelled"
	}
	return "invalid"
}

// Failed reports whether the outcome counts as an error of its edge.
func (o Outcome) Failed() bool { return o == Error || o == Timeout }
