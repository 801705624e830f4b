package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// DefaultStrengthDays is how many days of evidence bear a verdict.
const DefaultStrengthDays = 7

// maxSites bounds the call sites that are held, about 2 KiB each.
const maxSites = 100_000

const (
	minEvidenceRest = 5 * time.Second  // between readings of the days that are still written
	closedRest      = 10 * time.Minute // and of those before
	restFactor      = 9                // reading takes at most a tenth of the time
	dayStillOpen    = time.Hour        // after midnight
)

// DeclaredStrength is one that was configured.
type DeclaredStrength struct {
	Site     strength.Site
	Strength strength.Strength
}

// strengths are the verdicts on all call sites, merged over days and writers.
type strengths struct {
	refreshing sync.Mutex
	closed     ledger // of the days that nobody writes any more
	closedFrom int64  // first day in it
	closedTo   int64
	closedDue  time.Time
	closedLost uint64 // refused
	openDue    time.Time

	mu      sync.RWMutex
	table   verdicts
	asOf    time.Time
	refused uint64 // records of sites beyond maxSites, when all days were read last
}

// verdicts are replaced as a whole; what is in them never changes.
type verdicts struct {
	sites map[callgraph.StaticID]*callSite
	// edges and services find the sites of an edge of the graph: between
	// operations, and between services, whose operations have no name.
	edges    map[edgeKey][]*callSite
	services map[edgeKey][]*callSite
}

// edgeKey is an edge without its connection, which one of its ends may not name.
type edgeKey struct{ caller, callee callgraph.Operation }

// callSite is a call site with its verdict.
type callSite struct {
	id       callgraph.StaticID
	site     strength.Site
	verdict  strength.Verdict
	words    string
	digest   uint64 // of what was judged
	evidence figures
}

// figures are what a list shows of evidence, beside the verdict.
type figures struct {
	calls, localTraces uint64
	ok, chainOK        strength.Tally
	failed, chains     strength.Tally // all classes that count
	callees            []strength.Named
	entrances          []strength.Entrance
	last               time.Time
}

// ledger is merged evidence by site, packed.
type ledger map[callgraph.StaticID]*entry

type entry struct {
	site               strength.Site
	observed, injected []byte // packed; nil: none
}

// RefreshStrengths reads new evidence where it is time to: the days that are
// written often, those before seldom. After an error the verdicts stay as they were.
func (s *Server) RefreshStrengths(ctx context.Context) error {
	t := &s.strengths
	t.refreshing.Lock()
	defer t.refreshing.Unlock()
	began := s.options.Now()
	if began.Before(t.openDue) {
		return nil
	}
	defer func() { t.openDue = rested(began, s.options.Now(), minEvidenceRest) }()
	today, open := strength.DayOf(began), strength.DayOf(began.Add(-dayStillOpen))
	first := today - int64(s.options.StrengthDays) + 1
	if err := s.readClosed(ctx, first, open-1, began); err != nil {
		return err
	}
	recent, refused, err := s.evidence(ctx, max(first, open), today, t.closed)
	if err != nil {
		return err
	}
	table := s.judged(recent)
	t.mu.Lock()
	t.table, t.asOf, t.refused = table, began, t.closedLost+refused
	t.mu.Unlock()
	return nil
}

// rested is when to read again what took from began to ended.
func rested(began, ended time.Time, least time.Duration) time.Time {
	return ended.Add(max(least, restFactor*ended.Sub(began)))
}

func (s *Server) readClosed(ctx context.Context, from, to int64, now time.Time) error {
	t := &s.strengths
	if t.closed != nil && t.closedFrom == from && t.closedTo == to && now.Before(t.closedDue) {
		return nil
	}
	closed, refused, err := s.evidence(ctx, from, to, nil)
	if err != nil {
		return err
	}
	t.closed, t.closedFrom, t.closedTo = closed, from, to
	t.closedDue, t.closedLost = rested(now, s.options.Now(), closedRest), refused
	return nil
}

// evidence reads some days' on top of what is known, which stays as it is.
func (s *Server) evidence(ctx context.Context, from, to int64, known ledger) (all ledger, refused uint64, err error) {
	all = make(ledger, len(known))
	for id, e := range known {
		all[id] = e
	}
	if from > to {
		return all, 0, nil
	}
	fresh := map[callgraph.StaticID]bool{}
	err = s.options.Backend.Evidence(ctx, storage.EvidenceQuery{FromDay: from, ToDay: to}, func(records []strength.Record) error {
		for i := range records {
			id := records[i].Key.Site
			if all[id] == nil && len(all) >= maxSites {
				refused++
				continue
			}
			if !fresh[id] {
				fresh[id] = true
				all[id] = all[id].copy(records[i].Site)
			}
			if err := all[id].add(&records[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read evidence of days %d to %d: %w", from, to, err)
	}
	return all, refused, nil
}

func (e *entry) copy(site strength.Site) *entry {
	if e == nil {
		return &entry{site: site}
	}
	c := *e
	return &c
}

func (e *entry) add(r *strength.Record) error {
	packed := &e.observed
	if r.Source == strength.Injected {
		packed = &e.injected
	}
	sum, err := unpacked(*packed)
	if err != nil {
		return err
	}
	sum.Merge(r.Evidence)
	e.site.Callee.Connection = max(e.site.Callee.Connection, r.Site.Callee.Connection) // a failed call may not name it
	if *packed = (&strength.Record{Evidence: sum}).Append(nil); len(*packed) > strength.MaxRecord {
		sum.Bound() // of very many collectors: could not be unpacked again
		*packed = (&strength.Record{Evidence: sum}).Append(nil)
	}
	return nil
}

func unpacked(packed []byte) (strength.Evidence, error) {
	if packed == nil {
		return strength.Evidence{}, nil
	}
	r, err := strength.ParseRecord(packed)
	if err != nil {
		return strength.Evidence{}, fmt.Errorf("unpack evidence: %w", err)
	}
	return r.Evidence, nil
}

// judged makes the table; verdicts on what did not change are taken over.
func (s *Server) judged(all ledger) verdicts {
	before := s.strengths.snapshot()
	t := verdicts{
		sites: make(map[callgraph.StaticID]*callSite, len(all)),
		edges: map[edgeKey][]*callSite{}, services: map[edgeKey][]*callSite{},
	}
	for id, e := range all {
		digest := digestOf(e)
		d := before.sites[id]
		if d == nil || d.digest != digest {
			d = s.judge(id, e, digest)
		}
		t.add(d)
	}
	for i := range s.options.Declared {
		if site := s.options.Declared[i].Site; t.sites[site.ID()] == nil {
			d := s.judge(site.ID(), &entry{site: site}, 0)
			d.words = fmt.Sprintf(neverSeen, d.verdict.Strength)
			t.add(d)
		}
	}
	t.sort()
	return t
}

// neverSeen is said of a declared call without evidence: most often its names
// are not those of the spans.
const neverSeen = "Declared %s. No such call was seen: environment, namespace and names must be written as in the answers of the API."

func (s *Server) judge(id callgraph.StaticID, e *entry, digest uint64) *callSite {
	observed, err1 := unpacked(e.observed)
	injected, err2 := unpacked(e.injected)
	if err1 != nil || err2 != nil { // it was packed here
		return &callSite{id: id, site: e.site, digest: digest}
	}
	verdict := strength.Judge(observed, injected, s.declared[id])
	return &callSite{
		id: id, site: e.site, verdict: verdict, words: verdict.Words(), digest: digest, evidence: figuresOf(observed, injected),
	}
}

func figuresOf(observed, injected strength.Evidence) (f figures) {
	observed.Merge(injected)
	f.calls, f.localTraces = observed.Calls, observed.LocalTraces
	f.callees, f.entrances, f.last = observed.Callees, observed.Entrances, observed.Last
	f.ok, f.chainOK = observed.OK, observed.ChainOK
	f.failed, f.chains = pooled(observed.Failed), pooled(observed.ChainFailed)
	return f
}

// pooled is all classes together but rejections: who is told that there is no
// such thing was not stopped.
func pooled(classes [strength.Classes]strength.Tally) (sum strength.Tally) {
	for _, t := range classes[:strength.Rejected] {
		sum.Add(t)
	}
	return sum
}

func digestOf(e *entry) uint64 {
	return uint64(callgraph.HashNames(string(e.observed), string(e.injected)))
}

// add puts a site under the edges that its calls may be: to those who answered
// it, and to the peer as it names it.
func (t *verdicts) add(d *callSite) {
	t.sites[d.id] = d
	for _, callee := range d.targets() {
		key := edgeKey{d.site.Caller, callee}
		t.edges[key] = append(t.edges[key], d)
		key = edgeKey{callgraph.Operation{Service: key.caller.Service, Node: key.caller.Node}, callgraph.Operation{Service: callee.Service, Node: callee.Node}}
		if !slices.Contains(t.services[key], d) {
			t.services[key] = append(t.services[key], d)
		}
	}
}

// peerOf is the virtual operation that a site's calls go to as long as nobody
// answers them.
func peerOf(site strength.Site) callgraph.Operation {
	return callgraph.Operation{
		Service: callgraph.Service{Environment: site.Caller.Service.Environment, Name: site.Callee.Peer},
		Name:    site.Callee.Operation, Node: callgraph.Virtual,
	}
}

func (d *callSite) targets() []callgraph.Operation {
	all := []callgraph.Operation{peerOf(d.site)}
	for _, c := range d.evidence.callees {
		if !slices.Contains(all, c.Operation) {
			all = append(all, c.Operation)
		}
	}
	return all
}

// sort makes the same evidence the same answer.
func (t *verdicts) sort() {
	for _, index := range []map[edgeKey][]*callSite{t.edges, t.services} {
		for _, list := range index {
			slices.SortFunc(list, func(a, b *callSite) int {
				return cmp.Or(cmp.Compare(b.evidence.calls, a.evidence.calls), cmp.Compare(a.id, b.id))
			})
		}
	}
}

func (t *strengths) snapshot() verdicts {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.table
}

// StrengthStats is how much is held of call sites.
type StrengthStats struct {
	Sites int
	// Refused records were of sites beyond those that are held, when evidence was
	// read last.
	Refused uint64
}

// StrengthStats is a snapshot.
func (s *Server) StrengthStats() StrengthStats {
	t := &s.strengths
	t.mu.RLock()
	defer t.mu.RUnlock()
	return StrengthStats{len(t.table.sites), t.refused}
}

func (t *strengths) now() (verdicts, *time.Time) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.table, optional(t.asOf)
}
