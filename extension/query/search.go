package query

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	defaultTraces   = 100
	maxTraces       = 1500 // as Jaeger's UI offers
	maxTags         = 32
	defaultLookback = 48 * time.Hour
)

// search finds traces by Jaeger's query, or several by their IDs.
func (s *Server) search(r *http.Request) (any, error) {
	p := s.parameters(r)
	if ids := p.values["traceID"]; len(ids) > 0 && p.err == nil {
		return s.tracesByID(r, ids)
	}
	q := p.search()
	if p.err != nil {
		return nil, p.err
	}
	found, note, err := s.found(r.Context(), q)
	answer := envelope{Data: jaegerTraces(found)}
	if note != "" {
		answer.Errors = []envelopeError{{Message: note}}
	}
	return answer, err
}

// found reads the traces that meet q, and says so where it left some out.
func (s *Server) found(ctx context.Context, q storage.Query) ([]ptrace.Traces, string, error) {
	if hasDerived(q.Attributes) {
		return s.candidates(ctx, q)
	}
	return s.find(ctx, q)
}

// find reads what the store finds, and says so where that is too much.
func (s *Server) find(ctx context.Context, q storage.Query) (found []ptrace.Traces, note string, err error) {
	matches, err := s.matches(ctx, q)
	if err != nil {
		return nil, "", fmt.Errorf("search traces: %w", err)
	}
	ids := unseen(matches, map[pcommon.TraceID]bool{})
	found, err = s.read(ctx, ids)
	if len(found) < len(ids) && spans(found) >= s.options.MaxSpans {
		note = fmt.Sprintf("%d of %d traces: more than %d spans", len(found), len(ids), s.options.MaxSpans)
	}
	return found, note, err
}

// tracesByID answers with those that there are, and says which there are not.
func (s *Server) tracesByID(r *http.Request, ids []string) (any, error) {
	if len(ids) > maxTraces {
		return nil, &ParameterError{"traceID", ids[maxTraces], fmt.Sprintf("is one too many: at most %d", maxTraces)}
	}
	answer, data := envelope{}, []jaegerTrace{}
	for _, id := range ids {
		found, err := s.traces(r.Context(), id, anyTime, 1)
		switch {
		case err == nil:
			data = append(data, jaegerTraces(found)...)
		case status(err) == http.StatusNotFound:
			answer.Errors = append(answer.Errors, envelopeError{Message: err.Error(), TraceID: id})
		default:
			return nil, err
		}
	}
	answer.Data = data
	return answer, nil
}

// search reads Jaeger's parameters; times are in microseconds.
func (p *parameters) search() storage.Query {
	q := storage.Query{
		Service:     callgraph.Service{Name: p.required("service")},
		Operation:   p.text("operation"),
		MinDuration: p.duration("minDuration"),
		MaxDuration: p.duration("maxDuration"),
		Limit:       int(p.integer("limit", defaultTraces, 1, maxTraces)),
	}
	if q.MaxDuration > 0 && q.MaxDuration < q.MinDuration {
		p.refuse("maxDuration", p.text("maxDuration"), "must not be less than minDuration")
	}
	q.Window.To = p.epoch("end", time.Microsecond, p.now)
	q.Window.From = p.epoch("start", time.Microsecond, notBefore1970(p.earlier(q.Window.To)))
	p.ordered("start", "end", q.Window.From, q.Window.To)
	q.Window.To = q.Window.To.Add(time.Microsecond) // Jaeger's end is included
	meeting(&q, p.tags())
	return q
}

// earlier is where a search begins that names no start.
func (p *parameters) earlier(to time.Time) time.Time {
	lookback := p.text("lookback")
	if lookback == "" || lookback == "custom" { // what Jaeger's UI says beside start
		return to.Add(-defaultLookback)
	}
	if number, isDays := strings.CutSuffix(lookback, "d"); isDays {
		days := (&parameters{values: map[string][]string{"lookback": {number}}})
		n := days.integer("lookback", 0, 1, 36500)
		if days.err == nil {
			return to.Add(-time.Duration(n) * 24 * time.Hour)
		}
	}
	return to.Add(-p.duration("lookback"))
}

func notBefore1970(t time.Time) time.Time {
	if t.Before(anyTime.From) {
		return anyTime.From
	}
	return t
}

// tags that one span must have, as v1 has them: key:value each, or JSON.
func (p *parameters) tags() map[string]string {
	all := map[string]string{}
	for _, tag := range p.values["tag"] {
		key, value, found := strings.Cut(tag, ":")
		if key == "" || !found {
			p.refuse("tag", tag, "must be key:value")
		}
		all[key] = value
	}
	for _, tags := range p.values["tags"] {
		maps.Copy(all, p.jsonTags("tags", tags))
	}
	if len(all) > maxTags {
		p.refuse("tags", fmt.Sprint(len(all)), fmt.Sprintf("must be at most %d", maxTags))
	}
	return all
}

// meeting adds tags to q. Those that name what q asks for in fields of its own
// become these: the status that Jaeger shows as a tag, and the environment,
// which is part of a service's identity.
func meeting(q *storage.Query, tags map[string]string) {
	q.Attributes = tags
	if q.Failed = tags[statusTag] == "ERROR"; q.Failed {
		delete(tags, statusTag)
	}
	q.Service.Environment = tags[callgraph.EnvironmentKey]
	if q.Service.Environment != "" {
		delete(tags, callgraph.EnvironmentKey)
	}
}

// statusTag is how Jaeger shows a status that is set.
const statusTag = "otel.status_code"

func (p *parameters) jsonTags(name, text string) map[string]string {
	const limits = `must be a JSON object such as {"http.route":"/cart"} of strings, numbers or booleans`
	var values map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil || decoder.More() {
		p.refuse(name, text, limits)
	}
	tags := make(map[string]string, len(values))
	for key, value := range values {
		switch v := value.(type) {
		case string:
			tags[key] = v
		case json.Number, bool:
			tags[key] = fmt.Sprint(v)
		default:
			p.refuse(name, text, limits)
		}
	}
	return tags
}
