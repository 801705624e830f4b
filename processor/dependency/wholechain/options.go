package wholechain

import "time"

// Options are a Reader's. The zero value of each means its default.
type Options struct {
	// Quiet is how long nothing of a chain must have come before it is read: 30 s.
	Quiet time.Duration
	// Rate is how many chains are read a second at most for their failures, and as
	// many that were chosen whatever happened in them: 20.
	Rate int
	// MaxWaiting is how many chains may wait to be read: 20,000.
	MaxWaiting int
	// MaxSites is of how many call sites it is known who answers: 50,000.
	MaxSites int
	// AssumeComplete takes local traces for whole, and for fair samples, that do
	// not say otherwise.
	AssumeComplete bool
	// InjectedKeys are attributes that mark failures made on purpose, on the call
	// or on its local root.
	InjectedKeys []string
}

// Defaults of Options.
const (
	DefaultQuiet      = 30 * time.Second
	DefaultRate       = 20
	DefaultMaxWaiting = 20_000
	DefaultMaxSites   = 50_000
)

func (o Options) orDefaults() Options {
	if o.Quiet <= 0 {
		o.Quiet = DefaultQuiet
	}
	o.Rate = orDefault(o.Rate, DefaultRate)
	o.MaxWaiting = orDefault(o.MaxWaiting, DefaultMaxWaiting)
	o.MaxSites = orDefault(o.MaxSites, DefaultMaxSites)
	return o
}

func orDefault(v, d int) int {
	if v <= 0 {
		return d
	}
	return v
}
