package simulate

import (
	"encoding/hex"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// Truth is what a System knows of itself and its chains so far.
type Truth struct {
	Seed      uint64          `json:"seed"`
	Counts    Counts          `json:"counts"`
	Sites     []SiteTruth     `json:"sites"`
	Entrances []EntranceTruth `json:"entrances,omitempty"` // with Options.Tables
	Failures  []FailureTruth  `json:"failures,omitempty"`  // the first MaxFailures
	Keys      []KeyTruth      `json:"keys,omitempty"`      // the first MaxKeys
	// FailuresLeftOut and KeysLeftOut are what is beyond the bounds.
	FailuresLeftOut uint64 `json:"failures_left_out,omitempty"`
	KeysLeftOut     uint64 `json:"keys_left_out,omitempty"`
}

// Bounds of a Truth.
const (
	MaxFailures = 100_000
	MaxKeys     = 100_000
)

// SiteTruth is what is true of a call site.
type SiteTruth struct {
	ID         string       `json:"id"` // 16 hex digits
	Caller     string       `json:"caller"`
	Service    string       `json:"service"`
	Peer       string       `json:"peer"`
	Operation  string       `json:"operation"`
	Connection string       `json:"connection"`
	Basis      string       `json:"basis"`
	Fallback   bool         `json:"fallback,omitempty"` // it is called only after another site has failed
	Calls      uint64       `json:"calls"`
	Successors []string     `json:"successors,omitempty"`
	Classes    []ClassTruth `json:"classes"` // that happen there

	Site strength.Site `json:"-"`
	all  [strength.Classes]ClassTruth
}

// Of is the truth about a class, whether it happens or not.
func (t *SiteTruth) Of(c strength.Class) ClassTruth { return t.all[c] }

// ClassTruth is what the caller does after one class of failures.
type ClassTruth struct {
	Class    string  `json:"class"`
	Strength string  `json:"strength"`
	Failures uint64  `json:"failures"` // calls that failed for good
	WentOn   float64 `json:"went_on"`  // how often what the basis looks at goes on
	Rate     float64 `json:"rate"`     // how often a call fails so by itself

	Is      strength.Strength `json:"-"`
	OfClass strength.Class    `json:"-"`
}

// Truth is a copy of what is known so far.
func (s *System) Truth() Truth {
	t := Truth{Seed: s.Seed, Counts: s.counts, Entrances: s.tables.truth(s)}
	for i := range s.sites {
		if s.sites[i].step != nil {
			t.Sites = append(t.Sites, s.siteTruth(i))
		}
	}
	t.Failures, t.FailuresLeftOut = s.failures.list, s.failures.leftOut
	t.Keys, t.KeysLeftOut = s.orders.truth()
	return t
}

func (s *System) siteTruth(i int) SiteTruth {
	site := &s.sites[i]
	caller := site.Caller
	t := SiteTruth{
		ID: site.Site.ID().String(), Caller: caller.Name, Service: caller.Service.Name, Peer: site.Callee.Peer,
		Operation: site.Callee.Operation, Connection: site.Callee.Connection.String(), Fallback: site.fallback,
		Calls: site.made, Site: site.Site,
	}
	successors := s.successors(site)
	basis := strength.Propagation
	if len(successors) > 0 {
		basis = strength.Successors
	}
	t.Basis = basis.String()
	for _, st := range successors {
		t.Successors = append(t.Successors, s.sites[st.site].Site.ID().String())
	}
	for c := range strength.Classes {
		t.all[c] = classTruth(site, strength.Class(c), successors)
		if t.all[c].Failures > 0 || t.all[c].Rate > 0 {
			t.Classes = append(t.Classes, t.all[c])
		}
	}
	return t
}

// leastSuccessor is how often a step runs at least to count as following.
const leastSuccessor = 0.2

// successors are the steps that begin after a site's own has ended, and often
// enough. Asynchronous ones mostly outlive the caller, and do not count.
func (s *System) successors(of *site) (following []*step) {
	if of.step.async { // what follows does not wait for it
		return nil
	}
	o := &s.operations[of.operation]
	kinds, behind := bothKinds, false
	for g := range o.groups {
		steps := o.groups[g].steps
		for i := range steps {
			st := &steps[i]
			if behind && !st.async && o.beside(uint8(kinds), st.kinds)*st.probability >= leastSuccessor {
				following = append(following, st)
			}
		}
		for i := range steps {
			if st := &steps[i]; st == of.step || st.fallback == of.step {
				kinds, behind = int(st.kinds), true
			}
		}
	}
	return following
}

// beside is how often a request whose kind is one of some is one of others.
func (o *operation) beside(some, others uint8) float64 {
	part := func(kinds uint8) float64 {
		return float64(kinds&1)*(1-o.secondKind) + float64(kinds>>1)*o.secondKind
	}
	return part(some&others) / part(some)
}

// classTruth: with successors the caller goes on where one of them still runs;
// without, where it does not fail. A fallback that works has it go on in either case.
func classTruth(site *site, c strength.Class, successors []*step) ClassTruth {
	share := site.step.policies[c].share(site.step, successors)
	if f := site.step.fallback; f != nil {
		share += (1 - share) * (1 - f.faultRate())
	}
	is := StrengthOf(share)
	return ClassTruth{Class: c.String(), OfClass: c, Strength: is.String(), Is: is, WentOn: share, Failures: site.failures[c], Rate: site.step.rateOf(c)}
}

// share is how often a caller with the policy goes on. A site's outcome is that
// of its last call, so of repeated ones those weigh most that stop the plan: each
// may, but only the last goes on with a failure.
func (p *policy) share(of *step, successors []*step) float64 {
	stops, goes := float64(of.inTurn())*(1-p.goesOn), p.goesOn
	switch {
	case len(successors) > 0 && allSkipped(successors, p.skips):
		return 0
	case len(successors) > 0:
		return goes / (stops + goes)
	case p.answer == broken:
		return goes * (1 - p.failsLater) / (stops + goes)
	}
	return (stops + goes*(1-p.failsLater)) / (stops + goes)
}

func allSkipped(steps []*step, skips uint64) bool {
	for _, st := range steps {
		if skips>>st.index&1 == 0 {
			return false
		}
	}
	return true
}

// StrengthOf is what a caller is that goes on so often after a failure, with the
// bounds that verdicts have.
func StrengthOf(share float64) strength.Strength {
	switch {
	case share < 0.2:
		return strength.Strong
	case share > 0.5:
		return strength.Weak
	}
	return strength.Conditional
}

func (s *step) rateOf(c strength.Class) (rate float64) {
	before := 0.0
	for _, f := range s.faults {
		if of, ok := f.ending.class(); ok && of == c {
			rate += f.sum - before
		}
		before = f.sum
	}
	return rate
}

// FailureTruth is why an entrance failed.
type FailureTruth struct {
	TraceID  string `json:"trace_id"`
	Entrance string `json:"entrance"`
	// Service and Operation are where it began; Site is the call that failed by
	// itself, empty where the operation's own code did.
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Site      string `json:"site,omitempty"`
	Class     string `json:"class,omitempty"`
}

type failures struct {
	list    []FailureTruth
	leftOut uint64
}

func (f *failures) note(s *System, id [16]byte, root *execution) {
	if len(f.list) >= MaxFailures {
		f.leftOut++
		return
	}
	t := FailureTruth{TraceID: hex.EncodeToString(id[:]), Entrance: s.operations[root.operation].name}
	at := root.operation
	switch cause := root.cause; {
	case cause >= 0:
		k := &s.chain.calls[cause]
		at = s.chain.executions[k.caller].operation
		t.Site = s.sites[k.step.site].Site.ID().String()
		if class, ok := k.ending.class(); ok {
			t.Class = class.String()
		}
	case cause < noCause:
		at = s.chain.executions[-2-cause].operation
	}
	t.Operation, t.Service = s.operations[at].name, s.services[s.operations[at].service].Name
	f.list = append(f.list, t)
}

// KeyTruth is a logical chain: all traces that carry a key.
type KeyTruth struct {
	Key
	Traces []string `json:"traces"`
}
