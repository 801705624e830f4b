package query

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Jaeger's third API has its shapes from api_v3/query_service.proto. Fields are
// there when they are empty, too: some clients take a missing list for a fault.

func (s *Server) services3(r *http.Request) (any, error) {
	names, err := s.serviceNames(r)
	return map[string][]string{"services": names}, err
}

// operations3 has spans of no kind as internal ones, which the API requires.
func (s *Server) operations3(r *http.Request) (any, error) {
	p := s.parameters(r)
	service, kind := p.required("service"), p.kind(p.spelled("spanKind"))
	if p.err != nil {
		return nil, p.err
	}
	operations, err := s.operationsOf(r, service)
	list := make([]jaegerOperation, 0, len(operations))
	for _, o := range operations {
		if name := cmp.Or(spanKind(o.Kind), spanKind(ptrace.SpanKindInternal)); kind == "" || kind == name {
			list = append(list, jaegerOperation{o.Name, name})
		}
	}
	slices.SortFunc(list, func(a, b jaegerOperation) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.SpanKind, b.SpanKind))
	})
	return map[string][]jaegerOperation{"operations": slices.Compact(list)}, err
}

// trace3 is a trace as it was stored, whether raw is asked for or not. Of
// several with a short ID it is the newest.
func (s *Server) trace3(r *http.Request) (any, error) {
	p := s.parameters(r)
	w := p.window3("startTime", "endTime", anyTime)
	p.checkBoolean(p.spelled("rawTraces"))
	if p.err != nil {
		return nil, p.err
	}
	found, err := s.traces(r.Context(), r.PathValue("id"), w, 1)
	if err != nil {
		return nil, err
	}
	return otlp(found[0])
}

// search3 answers with the spans of all traces that it finds.
func (s *Server) search3(r *http.Request) (any, error) {
	found, err := s.found3(r)
	if err != nil {
		return nil, err
	}
	all := ptrace.NewTraces()
	for _, td := range found {
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	return otlp(all)
}

// found3 is at least one trace: Grafana's data source reads the first one's
// spans without looking whether it is there.
func (s *Server) found3(r *http.Request) ([]ptrace.Traces, error) {
	q, err := s.query3(r)
	if err != nil {
		return nil, err
	}
	found, _, err := s.found(r.Context(), q)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("traces of %q: %w", q.Service.Name, storage.ErrNotFound)
	}
	return found, err
}

// query3 reads the fields of TraceQueryParameters.
func (s *Server) query3(r *http.Request) (storage.Query, error) {
	p := s.parameters(r)
	least, most := p.spelled("query.durationMin"), p.spelled("query.durationMax")
	q := storage.Query{
		Service:     callgraph.Service{Name: p.required(p.spelled("query.serviceName"))},
		Operation:   p.text(p.spelled("query.operationName")),
		MinDuration: p.duration(least),
		MaxDuration: p.duration(most),
		Window:      p.window3("query.startTimeMin", "query.startTimeMax", callgraph.Window{From: p.now.Add(-defaultLookback), To: p.now}),
		Limit:       int(p.integer(p.spelled("query.searchDepth", "query.numTraces"), defaultTraces, 1, maxTraces)),
	}
	if q.MaxDuration > 0 && q.MaxDuration < q.MinDuration {
		p.refuse(most, p.text(most), "must not be less than "+least)
	}
	if filter := p.text("query.filter"); filter != "" {
		p.refuse("query.filter", filter, "is not supported: use query.attributes")
	}
	p.checkBoolean(p.spelled("query.rawTraces"))
	meeting(&q, p.attributes3())
	return q, p.err
}

func (p *parameters) attributes3() map[string]string {
	const name = "query.attributes"
	if p.text(name) == "" {
		return map[string]string{}
	}
	tags := p.jsonTags(name, p.text(name))
	if len(tags) > maxTags {
		p.refuse(name, fmt.Sprint(len(tags)), fmt.Sprintf("must be at most %d", maxTags))
	}
	return tags
}

func (p *parameters) window3(from, to string, otherwise callgraph.Window) callgraph.Window {
	from, to = p.spelled(from), p.spelled(to)
	w := callgraph.Window{From: p.instant(from, otherwise.From), To: p.instant(to, otherwise.To)}
	p.ordered(from, to, w.From, w.To)
	return w
}

// spelled is the name under which a request has a parameter: one of names, or
// one of them in snake case, which Jaeger had first and Grafana uses. The first
// name where it has none.
func (p *parameters) spelled(names ...string) string {
	for _, name := range names {
		for _, spelling := range [...]string{name, snake(name)} {
			if p.values.Get(spelling) != "" {
				return spelling
			}
		}
	}
	return names[0]
}

// snake is numTraces as num_traces.
func snake(camel string) string {
	var b strings.Builder
	for _, c := range camel {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func otlp(td ptrace.Traces) (any, error) {
	var marshaler ptrace.JSONMarshaler
	text, err := marshaler.MarshalTraces(td)
	if err != nil {
		return nil, fmt.Errorf("encode traces as OTLP: %w", err)
	}
	// The marshaler copies strings as they are; JSON must be UTF-8.
	text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	return encoded(fmt.Appendf(nil, `{"result":%s}`, text)), nil
}
