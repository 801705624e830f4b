package query

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

const (
	defaultDependencies = 50
	maxRanked           = 500
)

// The shapes of dependencies.
type (
	dependencyList struct {
		AsOf         *time.Time        `json:"asOf"`
		Days         int               `json:"days"`
		Window       timeWindow        `json:"window"`
		Dependencies []dependencyShape `json:"dependencies"`
		Total        int               `json:"total"`
		Cursor       string            `json:"cursor"`
	}
	dependencyShape struct {
		ID     string        `json:"id"`
		Caller operationName `json:"caller"`
		Callee calleeShape   `json:"callee"`
		verdictShape
		Rate      float64       `json:"rate"`
		RateFrom  string        `json:"rateFrom"`
		StopShare *float64      `json:"stopShare"`
		StopFrom  string        `json:"stopFrom"`
		CanStop   float64       `json:"canStop"`
		Entrances []reachedFrom `json:"entrances"`
		Last      *time.Time    `json:"last"`
	}
	calleeShape struct {
		Peer       string         `json:"peer"`
		Operation  string         `json:"operation"`
		Connection string         `json:"connection"`
		Resolved   *operationName `json:"resolved"`
	}
	verdictShape struct {
		Strength  string         `json:"strength"`
		Source    string         `json:"source"`
		Basis     string         `json:"basis"`
		Classes   []classVerdict `json:"classes"`
		Successes uint64         `json:"successes"`
		Words     string         `json:"words"`
	}
	classVerdict struct {
		Class    string   `json:"class"`
		Strength string   `json:"strength"`
		Failures uint64   `json:"failures"`
		WentOn   uint64   `json:"wentOn"`
		Ratio    interval `json:"ratio"`
	}
	interval struct {
		Estimate float64 `json:"estimate"`
		Low      float64 `json:"low"`
		High     float64 `json:"high"`
	}
	reachedFrom struct {
		operationName
		Chains         uint64 `json:"chains"`
		Failed         uint64 `json:"failed"`
		EntranceFailed uint64 `json:"entranceFailed"`
	}
)

// dependencySearch selects call sites.
type dependencySearch struct {
	caller   callgraph.Service
	name     string // of the caller's operation
	strength string
	text     string // in lower case
	window   callgraph.Window
	limit    int
	after    string
}

// strengthNames are what the parameter strength may be.
var strengthNames = []string{"", strength.Strong.String(), strength.Weak.String(), strength.Conditional.String(), strength.Unknown.String()}

func (p *parameters) dependencySearch() dependencySearch {
	p.oneOf("strength", strengthNames...)
	return dependencySearch{
		caller: p.service(), name: p.text("operation"), strength: p.text("strength"), text: strings.ToLower(p.text("q")),
		window: p.window(), limit: int(p.integer("limit", defaultDependencies, 1, maxRanked)), after: p.rank("cursor"),
	}
}

// rankedDependencies are call sites, those first that can stop most.
func (s *Server) rankedDependencies(r *http.Request) (any, error) {
	p := s.parameters(r)
	x := p.dependencySearch()
	if err := p.fault(); err != nil {
		return nil, err
	}
	table, asOf := s.strengths.now()
	traffic, err := s.trafficOf(r.Context(), table, x.window)
	if err != nil {
		return nil, err
	}
	ranked := rank(table, traffic, x)
	answer := dependencyList{
		AsOf: asOf, Days: s.options.StrengthDays, Window: timeWindow(x.window), Dependencies: []dependencyShape{}, Total: len(ranked),
	}
	from, _ := slices.BinarySearchFunc(ranked, x.after, func(d rankedSite, after string) int {
		if d.place <= after {
			return -1
		}
		return 1
	})
	if x.after == "" {
		from = 0
	}
	page := ranked[from:min(from+x.limit, len(ranked))]
	for _, d := range page {
		answer.Dependencies = append(answer.Dependencies, d.shown())
	}
	if from+len(page) < len(ranked) {
		answer.Cursor = base64.RawURLEncoding.EncodeToString([]byte(page[len(page)-1].place))
	}
	return answer, nil
}

// rankedSite is a call site with what it can stop.
type rankedSite struct {
	*callSite
	stop  stop
	place string // in the ranking: rises
}

// rank is those that meet a search: by strength, then by what they can stop, the
// most first, then by how many failures were seen. What unknown ones can stop is
// not known: they come last, by what they carry.
func rank(table verdicts, traffic traffic, x dependencySearch) (all []rankedSite) {
	for _, d := range table.sites {
		if !x.meets(d) {
			continue
		}
		t, known := traffic[d.id]
		r := rankedSite{callSite: d, stop: d.stop(t, known)}
		weight := r.stop.canStop
		if d.verdict.Strength == strength.Unknown {
			weight = r.stop.rate
		}
		r.place = fmt.Sprintf("%d %s %s %s", severity[d.verdict.Strength], falling(weight), falling(float64(d.evidence.failed.Seen)), d.id)
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b rankedSite) int { return cmp.Compare(a.place, b.place) })
	return all
}

// severity orders strengths in a list.
var severity = map[strength.Strength]int{strength.Strong: 0, strength.Conditional: 1, strength.Weak: 2, strength.Unknown: 3}

func (x dependencySearch) meets(d *callSite) bool {
	return sameService(x.caller, d.site.Caller.Service) && (x.name == "" || x.name == d.site.Caller.Name) &&
		(x.strength == "" || x.strength == d.verdict.Strength.String()) &&
		(x.text == "" || strings.Contains(strings.ToLower(d.site.String()), x.text))
}

func (r *rankedSite) shown() dependencyShape {
	d := dependencyShape{
		ID: r.id.String(), Caller: operationName{nameOf(r.site.Caller.Service), r.site.Caller.Name}, Callee: r.shownCallee(),
		verdictShape: shownVerdict(r.verdict, r.words),
		Rate:         r.stop.rate, RateFrom: r.stop.from, StopShare: r.stop.share, StopFrom: r.stop.shareFrom, CanStop: r.stop.canStop,
		Entrances: []reachedFrom{}, Last: optional(r.evidence.last),
	}
	for _, e := range r.evidence.entrances {
		d.Entrances = append(d.Entrances, reachedFrom{operationName{nameOf(e.Operation.Service), e.Operation.Name}, e.Chains, e.Failed, e.RootFailed})
	}
	slices.SortStableFunc(d.Entrances, func(a, b reachedFrom) int { return cmp.Compare(b.Chains, a.Chains) })
	d.Entrances = d.Entrances[:min(len(d.Entrances), strength.EntrancesKept)]
	return d
}

func (d *callSite) shownCallee() calleeShape {
	c := calleeShape{Peer: d.site.Callee.Peer, Operation: d.site.Callee.Operation, Connection: d.site.Callee.Connection.String()}
	most := uint64(0)
	for _, n := range d.evidence.callees {
		if n.Operation.Node == callgraph.Observed && n.Chains > most {
			most = n.Chains
			c.Resolved = &operationName{nameOf(n.Operation.Service), n.Operation.Name}
		}
	}
	return c
}

func shownVerdict(v strength.Verdict, words string) verdictShape {
	shape := verdictShape{
		Strength: v.Strength.String(), Source: v.Source.String(), Basis: v.Basis.String(), Classes: []classVerdict{},
		Successes: v.Successes, Words: words,
	}
	for _, c := range v.Classes {
		shape.Classes = append(shape.Classes, classVerdict{c.Class.String(), c.Strength.String(), c.Failures, c.WentOn, interval(c.Ratio)})
	}
	return shape
}

// rank reads where a list ended.
func (p *parameters) rank(name string) string {
	value := p.text(name)
	place, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(place) > 100 {
		p.refuse(name, value, "must be the cursor of an answer before")
	}
	return string(place)
}
