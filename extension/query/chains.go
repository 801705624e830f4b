package query

import (
	"net/http"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	defaultChains = 20
	maxChains     = 200
)

// chainList is what a search of chains answers.
type chainList struct {
	Window timeWindow `json:"window"`
	Chains []summary  `json:"chains"`
	Next   string     `json:"next"`
	Note   string     `json:"note"`
}

// chains finds chains with a span, or a call, that meets every condition.
func (s *Server) chains(r *http.Request) (any, error) {
	p := s.parameters(r)
	x := p.chainSearch()
	if err := p.fault(); err != nil {
		return nil, err
	}
	if err := s.choose(r.Context(), &x); err != nil {
		return nil, err
	}
	page, err := s.chainPage(r.Context(), x)
	if err != nil {
		return nil, err
	}
	list := chainList{timeWindow(x.window), make([]summary, 0, len(page.found)), page.next, page.note}
	for _, st := range page.found {
		list.Chains = append(list.Chains, st.summary())
	}
	return list, nil
}

// outcomeNames are what the parameter outcome may be, and what it selects.
var outcomeNames = func() map[string][]callgraph.Outcome {
	names := map[string][]callgraph.Outcome{"failed": {callgraph.Error, callgraph.Timeout}}
	for o := range callgraph.Outcomes {
		names[callgraph.Outcome(o).String()] = []callgraph.Outcome{callgraph.Outcome(o)}
	}
	return names
}()

func (p *parameters) chainSearch() chainSearch {
	x := chainSearch{
		window: within(p.window()), limit: int(p.integer("limit", defaultChains, 1, maxChains)), after: p.cursor("cursor"),
		span: storage.Query{
			Service: p.service(), Operation: p.text("operation"), Attributes: p.attributes("attribute"),
			MinDuration: p.duration("minDuration"), MaxDuration: p.duration("maxDuration"),
		},
		callee: graphview.Focus{
			Service: callgraph.Service{
				Environment: p.text("calleeEnvironment"), Namespace: p.text("calleeNamespace"), Name: p.text("calleeService"),
			},
			Operation: p.text("calleeOperation"),
		},
		connection: p.text("connection"),
	}
	if x.span.MaxDuration > 0 && x.span.MaxDuration < x.span.MinDuration {
		p.refuse("maxDuration", p.text("maxDuration"), "must not be less than minDuration")
	}
	if x.callee.Service.Name == "" && x.callee != (graphview.Focus{}) {
		p.refuse("calleeService", "", "is required with another parameter of the callee")
	}
	if x.callee.Service.Name != "" && x.span.Service.Name == "" {
		p.refuse("service", "", "is required with calleeService")
	}
	if x.connection != "" && x.callee.Service.Name == "" {
		p.refuse("connection", x.connection, "is accepted with calleeService only")
	}
	p.oneOf("connection", "", callgraph.HTTP.String(), callgraph.RPC.String(), callgraph.Messaging.String(), callgraph.Database.String())
	if name := p.text("outcome"); name != "" {
		if x.outcomes = outcomeNames[name]; x.outcomes == nil {
			p.refuse("outcome", name, "must be one of failed, ok, soft_error, error, timeout, rejected, cancelled")
		}
	}
	return x
}

func (p *parameters) oneOf(name string, accepted ...string) {
	value := p.text(name)
	for _, a := range accepted {
		if value == a {
			return
		}
	}
	p.refuse(name, value, "must be one of "+strings.Join(accepted[1:], ", "))
}

// attributes are given as key=value.
func (p *parameters) attributes(name string) map[string]string {
	all := map[string]string{}
	p.read(name)
	for _, pair := range p.values[name] {
		key, value, found := strings.Cut(pair, "=")
		if key == "" || !found {
			p.refuse(name, pair, "must be key=value")
		}
		all[key] = value
	}
	if len(all) > maxTags {
		p.refuse(name, "", "must be given at most 32 times")
	}
	return all
}
