package query

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
)

func (s *Server) services(r *http.Request) (any, error) {
	names, err := s.serviceNames(r)
	return listed(names), err
}

// serviceNames lists each name once: Jaeger knows no environments.
func (s *Server) serviceNames(r *http.Request) ([]string, error) {
	services, err := s.options.Backend.Services(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	names := make([]string, 0, len(services))
	for _, service := range services {
		names = append(names, service.Name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func listed[T any](data []T) envelope { return envelope{Data: data, Total: len(data)} }

// operationNames is Jaeger's older list of operations.
func (s *Server) operationNames(r *http.Request) (any, error) {
	operations, err := s.operationsOf(r, r.PathValue("service"))
	names := make([]string, 0, len(operations))
	for _, o := range operations {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	return listed(slices.Compact(names)), err
}

// jaegerOperation is an operation in Jaeger's newer list.
type jaegerOperation struct {
	Name     string `json:"name"`
	SpanKind string `json:"spanKind"`
}

func (s *Server) operations(r *http.Request) (any, error) {
	p := s.parameters(r)
	service, kind := p.required("service"), p.kind("spanKind")
	if p.err != nil {
		return nil, p.err
	}
	operations, err := s.operationsOf(r, service)
	list := make([]jaegerOperation, 0, len(operations))
	for _, o := range operations {
		if name := spanKind(o.Kind); kind == "" || kind == name {
			list = append(list, jaegerOperation{o.Name, name})
		}
	}
	return listed(list), err
}

func (p *parameters) kind(name string) string {
	kind := p.text(name)
	if !slices.Contains(spanKinds[:], kind) {
		p.refuse(name, kind, "must be one of "+strings.Join(spanKinds[1:], ", "))
	}
	return kind
}

func (s *Server) operationsOf(r *http.Request, service string) ([]storage.OperationName, error) {
	operations, err := s.options.Backend.Operations(r.Context(), callgraph.Service{Name: service})
	if err != nil {
		return nil, fmt.Errorf("list operations of %q: %w", service, err)
	}
	return operations, nil
}

// spanKinds are the values of the tag span.kind by ptrace's numbers.
var spanKinds = [...]string{"", "internal", "server", "client", "producer", "consumer"}

func spanKind(k ptrace.SpanKind) string {
	if k < 0 || int(k) >= len(spanKinds) {
		return ""
	}
	return spanKinds[k]
}

// trace answers with the trace of an ID, or with all that have the short ID.
func (s *Server) trace(r *http.Request) (any, error) {
	p := s.parameters(r)
	window := callgraph.Window{From: p.hint("start", anyTime.From), To: p.hint("end", anyTime.To)}
	if p.err != nil {
		return nil, p.err
	}
	found, err := s.traces(r.Context(), r.PathValue("id"), window, maxSameShortID)
	if err != nil {
		return nil, err
	}
	return envelope{Data: jaegerTraces(found)}, nil
}

// hint is a time in milliseconds, as Grafana has it, or microseconds, as Jaeger
// has it: read as the other, either would lie before 1973 or after 5000.
func (p *parameters) hint(name string, otherwise time.Time) time.Time {
	const year5138 = 100_000_000_000_000 // ms
	if n := p.integer(name, 0, 0, lastInstant.UnixMicro()); n < year5138 {
		return p.epoch(name, time.Millisecond, otherwise)
	}
	return p.epoch(name, time.Microsecond, otherwise)
}

var errNoSpanMetrics = errors.New("metrics of spans are not served here: Prometheus has them")

// spanMetrics answers as Jaeger without a store for metrics does, which its UI
// does not report as a fault.
func (*Server) spanMetrics(*http.Request) (any, error) { return nil, errNoSpanMetrics }

// dependency is how often a service called another.
type dependency struct {
	Parent    string `json:"parent"`
	Child     string `json:"child"`
	CallCount uint64 `json:"callCount"`
}

const (
	defaultDependencyLookback = 24 * time.Hour
	maxDependencies           = 50_000
)

// dependencies is the graph as Jaeger has it: by service name, without calls
// from nowhere, with the peers that only their clients name.
func (s *Server) dependencies(r *http.Request) (any, error) {
	p := s.parameters(r)
	to := p.epoch("endTs", time.Millisecond, p.now)
	lookback := p.integer("lookback", defaultDependencyLookback.Milliseconds(), 1, to.UnixMilli())
	if p.err != nil {
		return nil, p.err
	}
	from := to.Add(-time.Duration(lookback) * time.Millisecond)
	calls, err := s.options.View.Calls(r.Context(), callgraph.Window{From: from, To: to})
	if err != nil {
		return nil, fmt.Errorf("dependencies: %w", err)
	}
	list := linked(calls, p.text("service"))
	answer := envelope{Data: list[:min(len(list), maxDependencies)]}
	if len(list) > maxDependencies {
		answer.Errors = []envelopeError{{Message: fmt.Sprintf("only the first %d of %d are listed", maxDependencies, len(list))}}
	}
	return answer, nil
}

// linked adds calls up by service name, most calls first.
func linked(calls []graphview.Calls, service string) []dependency {
	type pair struct{ parent, child string }
	sums := map[pair]uint64{}
	for _, c := range calls {
		parent, child := c.Caller.Service.Name, c.Callee.Service.Name
		if parent == "" || child == "" || parent == child || service != "" && service != parent && service != child {
			continue
		}
		sums[pair{parent, child}] += c.Calls
	}
	list := make([]dependency, 0, len(sums))
	for p, n := range sums {
		list = append(list, dependency{p.parent, p.child, n})
	}
	slices.SortFunc(list, byCalls)
	return list
}

func byCalls(a, b dependency) int {
	return cmp.Or(cmp.Compare(b.CallCount, a.CallCount), strings.Compare(a.Parent, b.Parent), strings.Compare(a.Child, b.Child))
}
