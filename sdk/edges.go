package sdk

import (
	"context"
	"fmt"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/internal/seldom"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge/refusal"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// edgeOptions say whether and where calls are counted.
type edgeOptions struct {
	metrics      sdkmetric.Exporter // or
	intervals    IntervalExporter
	users        *users // of intervals
	destinations tracecontext.Destinations
	maxCells     int
}

// WithEdgeExporter counts every call that begins or ends in the process, and
// sends the counts each second by e, as the delta metrics of
// docs/spec/edge-metrics.md. Without it nothing is counted here, and collectors
// count what they see.
func WithEdgeExporter(e sdkmetric.Exporter) Option {
	return optionFunc(func(o *options) { o.edges.metrics, o.edges.intervals = e, nil })
}

// IntervalExporter sends counts of calls as they are, such as exporter/compact's.
type IntervalExporter interface {
	// ExportInterval returns nil once the receiver has the interval. The same number
	// of the same instance is the same interval, sent again. An error may have the
	// method Refused() bool: sending it again is in vain. It must return when ctx
	// ends, and is not called concurrently.
	ExportInterval(ctx context.Context, i callgraph.Interval) error
	// Shutdown is called once, after the last ExportInterval.
	Shutdown(ctx context.Context) error
}

// WithIntervalExporter is WithEdgeExporter for an exporter of intervals. That of
// WithExporter may be the same one: it is shut down once both are done.
func WithIntervalExporter(e IntervalExporter) Option {
	return optionFunc(func(o *options) { o.edges.metrics, o.edges.intervals = nil, e })
}

// WithMaxCells bounds the counts that are held between two seconds; 100,000.
func WithMaxCells(n int) Option { return optionFunc(func(o *options) { o.edges.maxCells = n }) }

// WithDestinations also tells hosts of the given domains, and those below them,
// which call a request is (tracestate's jcg) and the business keys. Loopback,
// private addresses and names that no public DNS has are told in any case.
func WithDestinations(domains ...string) Option {
	return optionFunc(func(o *options) { o.edges.destinations = tracecontext.DestinationsUnder(domains...) })
}

// edges counts the calls of a provider's spans.
type edges struct {
	counters     *edge.Counters
	sender       *edge.Sender
	watch        *edgeWatch
	destinations tracecontext.Destinations
}

// newEdges is nil where calls are not counted.
func newEdges(p *TracerProvider) *edges {
	o := p.options.edges
	if !o.wanted() {
		return nil
	}
	service, instance := serviceOf(p.resource)
	counters := edge.New(edge.Options{Service: service, Instance: instance, MaxCells: o.maxCells})
	watched := watch(o.sender(p.resource, service), o.users)
	return &edges{
		counters: counters, destinations: o.destinations, watch: watched,
		sender: edge.NewSender(counters, watched, edge.SenderOptions{
			Timeout: o.timeout(), Refused: refusal.Final, Report: seldom.Errors(time.Minute, reportCounts),
		}),
	}
}

func (o *edgeOptions) wanted() bool { return o.metrics != nil || o.intervals != nil }

func (o *edgeOptions) sender(r *resource.Resource, s callgraph.Service) edge.Exporter {
	if o.intervals != nil {
		return ofService{o.intervals, s}
	}
	return edge.Metrics(o.metrics, r)
}

// ofService names the process among those of all services: an interval has no
// resource that does.
type ofService struct {
	IntervalExporter
	service callgraph.Service
}

func (o ofService) ExportInterval(ctx context.Context, i callgraph.Interval) error {
	i.Instance = callgraph.InstanceOf(o.service, i.Instance)
	return o.IntervalExporter.ExportInterval(ctx, i)
}

// timeout of an attempt: an exporter of intervals waits for its receiver by
// itself, as long as an interval is kept.
func (o *edgeOptions) timeout() time.Duration {
	if o.intervals != nil {
		return edge.GiveUp
	}
	return 0
}

// reportCounts says what follows from counts that do not arrive.
func reportCounts(err error) {
	if refusal.Final(err) {
		err = fmt.Errorf("%w: until they are taken, collectors count the calls from the spans that leave; give the collector a pipeline of metrics, or set JCG_EDGES=off", err)
	}
	handle(err)
}

func (e *edges) flush(ctx context.Context) error {
	if e == nil {
		return nil
	}
	return e.sender.Flush(ctx)
}

func (e *edges) shutdown(ctx context.Context) error {
	if e == nil {
		return nil
	}
	return e.sender.Shutdown(ctx)
}

// taken reports whether calls are to be counted: there is a receiver that takes
// the counts.
func (e *edges) taken() bool { return e != nil && e.sender.Taken() }

// trusts reports whether the peer of an exit span may know what is ours. For
// messages that is the broker; a span that names no address calls something
// near.
func (e *edges) trusts(f *spanfact.Facts) bool {
	host := f.Host()
	return host == "" || e.destinations.Allows(host)
}

// siteOf is where a call goes, nil where calls are not counted.
func (p *TracerProvider) siteOf(f *spanfact.Facts, name string) *edge.Site {
	if p.edges == nil {
		return nil
	}
	return p.edges.counters.SiteOf(f.Peer(), name)
}

// half says which half of a call a span is, as far as this SDK counts it.
type half uint8

const (
	noHalf half = iota // another one counts it, or it is no call
	clientHalf
	serverHalf
)

// String is the value of jcg.counted.
func (h half) String() string {
	if h == clientHalf {
		return spanfact.ClientHalf.String()
	}
	return spanfact.ServerHalf.String()
}

// half: exit spans are client halves. A local root is a server half where it
// is its trace's root, or where its caller says who it is; what another SDK
// called is left to the collector, which sees both spans. So is a consumer of
// several messages, unless all of them tell.
func (s *span) half() half {
	r := s.root
	switch {
	case r.traits&traitCounted == 0:
		return noHalf
	case isExit(s.traits.kind()):
		return clientHalf
	case s != &r.span:
		return noHalf
	case r.traits&traitLinked != 0:
		return halfIf(len(r.origin.callers) > 0)
	case r.origin == nil || r.origin.parent == nil:
		return serverHalf
	}
	return halfIf(r.origin.hasEntry && isEntry(s.traits.kind()))
}

func halfIf(counted bool) half {
	if counted {
		return serverHalf
	}
	return noHalf
}

// count counts the ended span's half of its call, as one of the local root's
// operation. After Shutdown nobody would send it.
func (r *localRoot) count(s *span, as *edge.Operation) {
	if r.provider.stopped.Load() {
		return
	}
	switch s.half() {
	case clientHalf:
		r.countClient(s, as)
	case serverHalf:
		r.countServer(s, as)
	}
}

func (r *localRoot) countServer(s *span, as *edge.Operation) {
	counters, end, d := r.provider.edges.counters, s.end(), s.duration()
	connection, outcome := callgraph.Connection(s.connection), callgraph.Outcome(s.outcome)
	if r.origin == nil {
		counters.Entrance(as, connection, outcome, end, d)
		return
	}
	if r.traits&traitLinked == 0 {
		counters.Server(as, r.caller(), connection, outcome, end, d, 0)
		return
	}
	for _, c := range r.origin.callers {
		counters.Server(as, c, connection, outcome, end, d, 0)
	}
}

func (r *localRoot) countClient(s *span, as *edge.Operation) {
	counters, end := r.provider.edges.counters, s.end()
	counters.Client(as, s.site, callgraph.Connection(s.connection), callgraph.Outcome(s.outcome), end, s.duration())
	if s.flags&flagTold == 0 {
		return
	}
	if told := r.toldAs(); told != as {
		counters.Tell(told, s.site, end)
	}
}

// operation is that of a local root of the name; nil where nothing is counted.
func (e *edges) operation(name string) *edge.Operation {
	if e == nil {
		return nil
	}
	return e.counters.Operation(name)
}

// operation is the local root's, by the name that it has now.
func (r *localRoot) operation() *edge.Operation {
	r.mu.Lock()
	name := r.name
	r.mu.Unlock()
	return r.provider.edges.operation(name)
}

// toldAs is the operation by which callees know the local root, if they do.
func (r *localRoot) toldAs() *edge.Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

// tell is the operation by which a callee is to know the local root.
func (r *localRoot) tell() callgraph.StaticID {
	operation := r.operation()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = operation
	return operation.ID()
}

// caller is who called the local root.
func (r *localRoot) caller() edge.Caller {
	if r.origin == nil || r.origin.parent == nil {
		return edge.Caller{Outside: true}
	}
	return callerOf(r.origin.entry, r.parent)
}

// callerOf is the caller that a span's entry in tracestate names.
func callerOf(entry callgraph.StateEntry, sender trace.SpanID) edge.Caller {
	indirect := entry.Indirect(sender)
	return edge.Caller{
		From:   callgraph.Reference{Caller: entry.Caller, Site: entry.Site, Indirect: indirect},
		Counts: entry.Counted && !indirect,
	}
}
