package query

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

// The shapes of operations with their figures.
type (
	serviceName struct {
		Environment string `json:"environment"`
		Namespace   string `json:"namespace"`
		Service     string `json:"service"`
	}
	operationName struct {
		serviceName
		Operation string `json:"operation"`
	}
	calledOperation struct {
		operationName
		Kind     string            `json:"kind"`
		Calls    uint64            `json:"calls"`
		Errors   uint64            `json:"errors"`
		Rate     float64           `json:"rate"`
		Outcomes map[string]uint64 `json:"outcomes"`
		Seen     map[string]uint64 `json:"serverOutcomes"`
		Seconds  *latency          `json:"seconds"` // its own, else its callers'
	}
	calledOperations struct {
		AsOf       *time.Time        `json:"asOf"`
		Window     timeWindow        `json:"window"`
		Operations []calledOperation `json:"operations"`
		Total      int               `json:"total"`
		Truncated  bool              `json:"truncated"`
	}
)

func nameOf(s callgraph.Service) serviceName { return serviceName{s.Environment, s.Namespace, s.Name} }

// entrances are the operations that nothing in the traces calls.
func (s *Server) entrances(r *http.Request) (any, error) {
	p := s.parameters(r)
	environment := p.text("environment")
	return s.called(r.Context(), p, func(ctx context.Context, w callgraph.Window, limit int) ([]graphview.Called, int, error) {
		return s.options.View.Entrances(ctx, w, environment, limit)
	})
}

// serviceOperations are the operations of a service.
func (s *Server) serviceOperations(r *http.Request) (any, error) {
	p := s.parameters(r)
	p.required("service")
	service := p.service()
	return s.called(r.Context(), p, func(ctx context.Context, w callgraph.Window, limit int) ([]graphview.Called, int, error) {
		return s.options.View.Operations(ctx, w, graphview.Focus{Service: service}, limit)
	})
}

func (s *Server) called(ctx context.Context, p *parameters, ask func(context.Context, callgraph.Window, int) ([]graphview.Called, int, error)) (any, error) {
	window, limit := p.window(), int(p.integer("limit", defaultLinks, 1, maxLinks))
	if err := p.fault(); err != nil {
		return nil, err
	}
	asOf := s.AsOf()
	found, total, err := ask(ctx, window, limit)
	if err != nil {
		return nil, err
	}
	answer := calledOperations{
		AsOf: optional(asOf), Window: timeWindow(window), Operations: make([]calledOperation, 0, len(found)),
		Total: total, Truncated: total > len(found),
	}
	seconds := s.recorded(window)
	for i := range found {
		answer.Operations = append(answer.Operations, shownCalled(&found[i], seconds))
	}
	return answer, nil
}

func shownCalled(c *graphview.Called, recorded float64) calledOperation {
	count, seconds := c.Count(), &c.Sum.Server
	if seconds.Count() == 0 {
		seconds = &c.Sum.Client
	}
	return calledOperation{
		operationName: operationName{nameOf(c.Service), c.Name}, Kind: c.Node.String(),
		Calls: count.Calls, Errors: count.Errors, Rate: rate(count.Calls, recorded),
		Outcomes: outcomes(c.Outcomes), Seen: outcomes(c.Server), Seconds: shownLatency(seconds),
	}
}

type environmentCount struct {
	Environment string `json:"environment"`
	Services    int    `json:"services"`
}

// environments are those of the stored services.
func (s *Server) environments(r *http.Request) (any, error) {
	services, err := s.options.Backend.Services(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	counts := map[string]int{}
	for _, service := range services {
		counts[service.Environment]++
	}
	list := make([]environmentCount, 0, len(counts))
	for environment, n := range counts {
		list = append(list, environmentCount{environment, n})
	}
	slices.SortFunc(list, func(a, b environmentCount) int { return strings.Compare(a.Environment, b.Environment) })
	return struct {
		Environments []environmentCount `json:"environments"`
	}{list}, nil
}
