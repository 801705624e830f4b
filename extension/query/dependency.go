package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/failure"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// The shapes of one dependency.
type (
	dependencyDetail struct {
		AsOf        *time.Time        `json:"asOf"`
		Days        int               `json:"days"`
		Window      timeWindow        `json:"window"`
		Dependency  dependencyShape   `json:"dependency"`
		Observed    *verdictShape     `json:"observed"`
		OK          tally             `json:"ok"`
		Failed      []classTally      `json:"failed"`
		ChainOK     tally             `json:"chainOk"`
		ChainFailed []classTally      `json:"chainFailed"`
		Successors  []successor       `json:"successors"`
		Fallbacks   []successor       `json:"fallbacks"`
		Passed      map[string]uint64 `json:"passed"`
		First       *time.Time        `json:"first"`
		Examples    []siteExample     `json:"examples"`
		PerDay      []siteDay         `json:"perDay"`
	}
	tally struct {
		Seen            uint64 `json:"seen"`
		WentOn          uint64 `json:"wentOn"`
		Survived        uint64 `json:"survived"`
		WentOnAndFailed uint64 `json:"wentOnAndFailed"`
	}
	classTally struct {
		Class string `json:"class"`
		tally
	}
	successor struct {
		ID          string  `json:"id"`
		Peer        string  `json:"peer"`
		Operation   string  `json:"operation"`
		Connection  string  `json:"connection"`
		AfterOK     float64 `json:"afterOk"`
		AfterFailed float64 `json:"afterFailed"`
		Together    uint64  `json:"together"`
		After       uint64  `json:"after"`
	}
	siteExample struct {
		TraceID string    `json:"traceId"`
		ShortID string    `json:"shortId"`
		SpanID  string    `json:"spanId"`
		Class   string    `json:"class"`
		WentOn  bool      `json:"wentOn"`
		At      time.Time `json:"at"`
		Stored  bool      `json:"stored"`
		where
	}
	where struct {
		Instance string `json:"serviceInstance"`
		Host     string `json:"host"`
		Code     string `json:"code"`
		Stack    string `json:"stack"`
	}
	siteDay struct {
		Day    string       `json:"day"`
		OK     tally        `json:"ok"`
		Failed []classTally `json:"failed"`
	}
)

// dependencyByID is one call site with all evidence there is of it.
func (s *Server) dependencyByID(r *http.Request) (any, error) {
	p := s.parameters(r)
	window := p.window()
	if err := p.fault(); err != nil {
		return nil, err
	}
	id, err := parseSiteID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	table, asOf := s.strengths.now()
	d := table.sites[id]
	if d == nil {
		return nil, fmt.Errorf("dependency %s in the last %d days: %w", id, s.options.StrengthDays, storage.ErrNotFound)
	}
	days, err := s.daysOf(r.Context(), id)
	if err != nil {
		return nil, err
	}
	traffic, err := s.trafficOf(r.Context(), table, window)
	if err != nil {
		return nil, err
	}
	t, known := traffic[id]
	answer := days.detail(d)
	answer.AsOf, answer.Days, answer.Window = asOf, s.options.StrengthDays, timeWindow(window)
	answer.Dependency = (&rankedSite{callSite: d, stop: d.stop(t, known)}).shown()
	answer.Examples, err = s.examples(r.Context(), days.all.Examples)
	return answer, err
}

func parseSiteID(text string) (callgraph.StaticID, error) {
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil || len(text) != 16 || n == 0 {
		return 0, &ParameterError{"id", text, "must be 16 hex digits of a dependency's ID"}
	}
	return callgraph.StaticID(n), nil
}

// siteDays is a site's evidence, by day, and together.
type siteDays struct {
	days     map[int64]*strength.Evidence // observed and injected
	observed strength.Evidence
	all      strength.Evidence
}

func (s *Server) daysOf(ctx context.Context, id callgraph.StaticID) (d siteDays, err error) {
	today := strength.DayOf(s.options.Now())
	q := storage.EvidenceQuery{FromDay: today - int64(s.options.StrengthDays) + 1, ToDay: today, Sites: []callgraph.StaticID{id}}
	d.days = map[int64]*strength.Evidence{}
	err = s.options.Backend.Evidence(ctx, q, func(records []strength.Record) error {
		for i := range records {
			d.add(&records[i])
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("evidence of dependency %s: %w", id, err)
	}
	return d, err
}

func (d *siteDays) add(r *strength.Record) {
	day := d.days[r.Day]
	if day == nil {
		day = &strength.Evidence{}
		d.days[r.Day] = day
	}
	day.Merge(r.Evidence)
	d.all.Merge(r.Evidence)
	if r.Source == strength.Observed {
		d.observed.Merge(r.Evidence)
	}
}

func (d *siteDays) detail(site *callSite) dependencyDetail {
	detail := dependencyDetail{
		OK: shownTally(d.all.OK), Failed: shownTallies(d.all.Failed), ChainOK: shownTally(d.all.ChainOK), ChainFailed: shownTallies(d.all.ChainFailed),
		Successors: shownSuccessors(site.verdict.Successors), Fallbacks: shownSuccessors(site.verdict.Fallbacks),
		Passed: map[string]uint64{}, First: optional(d.all.First), PerDay: []siteDay{},
	}
	if site.verdict.Source != strength.Observed {
		v := strength.Judge(d.observed, strength.Evidence{}, strength.Unknown)
		shape := shownVerdict(v, v.Words())
		detail.Observed = &shape
	}
	for reason, n := range d.all.Passed {
		if n > 0 {
			detail.Passed[strength.Reason(reason).String()] = n
		}
	}
	for day, e := range d.days {
		name := time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly)
		detail.PerDay = append(detail.PerDay, siteDay{name, shownTally(e.OK), shownTallies(e.Failed)})
	}
	slices.SortFunc(detail.PerDay, func(a, b siteDay) int { return strings.Compare(a.Day, b.Day) })
	return detail
}

func shownTally(t strength.Tally) tally { return tally{t.Seen, t.Went, t.Survived, t.WentAndFailed} }

func shownTallies(classes [strength.Classes]strength.Tally) []classTally {
	all := []classTally{}
	for c, t := range classes {
		if t.Seen > 0 {
			all = append(all, classTally{strength.Class(c).String(), shownTally(t)})
		}
	}
	return all
}

func shownSuccessors(list []strength.Successor) []successor {
	all := []successor{}
	for _, o := range list {
		all = append(all, successor{
			o.ID.String(), o.Callee.Peer, o.Callee.Operation, o.Callee.Connection.String(), o.AfterOK, o.AfterFailed, o.Together, o.After,
		})
	}
	return all
}

// examples shows where each is from, as far as its span is still stored.
func (s *Server) examples(ctx context.Context, list []strength.Example) ([]siteExample, error) {
	all := []siteExample{}
	for _, e := range list {
		id, spanID := pcommon.TraceID(e.TraceID), pcommon.SpanID(e.SpanID)
		shown := siteExample{
			TraceID: id.String(), ShortID: callgraph.ShortIDOf(id).String(), SpanID: spanID.String(),
			Class: e.Class.String(), WentOn: e.Went, At: e.At.UTC(),
		}
		td, err := s.options.Backend.Trace(ctx, id)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, fmt.Errorf("example in trace %s: %w", id, err)
		}
		if err == nil {
			shown.where, shown.Stored = whereIs(td, spanID)
		}
		all = append(all, shown)
	}
	return all, nil
}

// whereIs what a span's resource and attributes tell of the place it was made at.
func whereIs(td ptrace.Traces, id pcommon.SpanID) (w where, found bool) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if span.SpanID() == id && spanfact.Kind(span.Kind()).Exit() {
					return placeIn(rs.Resource().Attributes(), span), true
				}
			}
		}
	}
	return w, false
}

func placeIn(resource pcommon.Map, span ptrace.Span) where {
	w := where{Instance: first(resource, "service.instance.id"), Host: first(resource, "host.name", "k8s.pod.name", "container.id")}
	own := span.Attributes()
	line := first(own, "code.line.number", "code.lineno")
	function, file := first(own, "code.function.name", "code.function"), first(own, "code.file.path", "code.filepath")
	if namespace := first(own, "code.namespace"); namespace != "" && function != "" && !strings.HasPrefix(function, namespace) {
		function = namespace + "." + function
	}
	if file != "" && line != "" {
		file += ":" + line
	}
	w.Code = strings.TrimSpace(function + " " + file)
	w.Stack = first(own, "code.stacktrace")
	for _, e := range failure.Exceptions(span) {
		if e.Stack != "" {
			w.Stack = e.Stack
		}
	}
	return w
}

// first is the first of some attributes that there is.
func first(attributes pcommon.Map, keys ...string) string {
	for _, key := range keys {
		if v, ok := attributes.Get(key); ok {
			return v.AsString()
		}
	}
	return ""
}
