package strength

// Class is a kind of failure. A caller may treat one as fatal and pass over
// another: each class has a verdict of its own.
type Class uint8

const (
	// Error is a failure of the callee or of the way to it.
	Error Class = iota
	// Timeout is an error whose type or code says that time ran out.
	Timeout
	// Soft is a business failure that the transport did not see.
	Soft
	// Shed is load that the callee refused (HTTP 429, RESOURCE_EXHAUSTED).
	Shed
	// Rejected is the caller's fault (HTTP 4xx, INVALID_ARGUMENT, NOT_FOUND …).
	// It has a verdict of its own and none in the site's.
	Rejected
	// Classes is how many classes there are.
	Classes = int(iota)
)

// String is the class as APIs carry it.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "invalid"
}

var classNames = [Classes]string{"error", "timeout", "soft_error", "shed_load", "rejected"}

// Strength is a verdict.
type Strength uint8

const (
	// Unknown is too little evidence, or evidence that does not agree enough.
	Unknown Strength = iota
	// Strong means: when the call fails, the calls after it are not made.
	Strong
	// Weak means: when the call fails, some or all of the calls after it still are.
	Weak
	// Conditional means: sometimes one, sometimes the other, or one for one class of
	// failure and the other for another.
	Conditional
)

// String is the strength as APIs carry it.
func (s Strength) String() string {
	switch s {
	case Strong:
		return "strong"
	case Weak:
		return "weak"
	case Conditional:
		return "conditional"
	}
	return "unknown"
}

// Source says where a verdict is from. The greater one overrides.
type Source uint8

const (
	// Observed failures happened by themselves.
	Observed Source = iota
	// Injected failures were made on purpose, and marked so on the span.
	Injected
	// Declared strengths were configured.
	Declared
)

// String is the source as APIs carry it.
func (s Source) String() string {
	switch s {
	case Injected:
		return "injected"
	case Declared:
		return "declared"
	}
	return "observed"
}
