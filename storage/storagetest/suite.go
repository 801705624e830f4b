// Package storagetest decides whether a backend keeps the contract of package
// storage: one case for each sentence of it, the same for every backend. A
// backend opts out of a case by name and with a reason.
package storagetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/storage"
)

// Open makes an empty backend. The suite closes what it gets.
type Open func(t *testing.T) storage.Backend

// Reopen closes a backend and opens it again on what it keeps. The suite
// closes the backend that it returns.
type Reopen func(t *testing.T, b storage.Backend) storage.Backend

// Option changes what the suite does.
type Option interface{ apply(*suite) }

type option func(*suite)

func (o option) apply(s *suite) { o(s) }

// Skip leaves a case out; the reason is shown by the test.
func Skip(name, reason string) Option {
	return option(func(s *suite) { s.skipped[name] = reason })
}

// Persistent adds the cases about what a backend still knows after a restart.
func Persistent(r Reopen) Option { return option(func(s *suite) { s.reopen = r }) }

// Run runs every case against backends of its own.
func Run(t *testing.T, open Open, options ...Option) {
	s := &suite{open: open, skipped: map[string]string{}}
	for _, o := range options {
		o.apply(s)
	}
	cases := s.cases()
	for name := range s.skipped {
		known := slices.ContainsFunc(cases, func(c contractCase) bool { return c.name == name })
		require.Truef(t, known, "the suite has no case %q to skip", name)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { s.run(t, c) })
	}
}

type suite struct {
	open    Open
	reopen  Reopen
	skipped map[string]string
}

// contractCase is one sentence of the contract.
type contractCase struct {
	name string
	run  func(t *testing.T, s *subject)
}

// subject is the backend under test; reopening replaces it.
type subject struct {
	storage.Backend
	reopen Reopen
	// base is the whole minute at which the case's spans begin: an hour ago, so
	// that backends which bound event times take them.
	base time.Time
}

func (s *suite) cases() []contractCase {
	cases := slices.Concat(traceCases(), contentCases(), searchCases(), shortIDCases(), nameCases(),
		cellCases(), changeCases(), logCases(), checkpointCases(), concurrencyCases(), repeatCases(), intervalCases(), keyCases(), evidenceCases(), eraseCases())
	if s.reopen != nil {
		cases = append(cases, persistenceCases()...)
	}
	return cases
}

func (s *suite) run(t *testing.T, c contractCase) {
	if reason, ok := s.skipped[c.name]; ok {
		t.Skip(reason)
	}
	base := time.Now().Add(-time.Hour).Truncate(time.Minute).UTC()
	b := &subject{Backend: s.open(t), reopen: s.reopen, base: base}
	c.run(t, b)
	require.NoError(t, b.Close(), "close")
	require.NoError(t, b.Close(), "close a second time")
}

// restart closes the backend and opens it again.
func (s *subject) restart(t *testing.T) { s.Backend = s.reopen(t, s.Backend) }
