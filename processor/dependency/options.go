package dependency

import (
	"time"

	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// Options are an Observer's. The zero value of each means its default.
type Options struct {
	// Wait is how long a local trace waits for what is missing, since its last
	// span arrived, and how long what was judged is remembered: 30 s.
	Wait time.Duration
	// MaxSpans is how many spans are held at most: 200,000. The oldest go.
	MaxSpans int
	// MaxSites is how many call sites are known at most: 50,000.
	MaxSites int
	// AssumeComplete takes local traces whose root does not say how many spans
	// they have for whole, once Wait is over, if no parent is missing; and spans
	// that do not say how they were sampled for a fair sample. Lost spans
	// then look like calls that were not made.
	AssumeComplete bool
	// InjectedKeys are attributes that mark failures made on purpose, on the
	// call or on the local root: jcg.injected.
	InjectedKeys []string
	// Judged is told of each local trace that was judged and was whole, with calls
	// or without, sampled or not. It is called by Add and Expire, outside of their
	// lock. nil: nobody is told.
	Judged func(localtrace.Judged)
}

// Defaults of Options.
const (
	DefaultWait     = 30 * time.Second
	DefaultMaxSpans = 200_000
	DefaultMaxSites = 50_000
)

func (o Options) orDefaults() Options {
	if o.Wait <= 0 {
		o.Wait = DefaultWait
	}
	if o.MaxSpans <= 0 {
		o.MaxSpans = DefaultMaxSpans
	}
	if o.MaxSites <= 0 {
		o.MaxSites = DefaultMaxSites
	}
	if len(o.InjectedKeys) == 0 {
		o.InjectedKeys = []string{"jcg.injected"}
	}
	return o
}
