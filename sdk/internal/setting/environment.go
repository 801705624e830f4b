package setting

import (
	"net/url"
	"slices"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// FromEnvironment reads the variables. Where the error is not nil, the values
// that are not accepted were replaced by defaults.
func FromEnvironment(lookup func(string) string) (Setting, error) {
	r := &reader{lookup: lookup}
	s := r.forProvider()
	s.Disabled = strings.EqualFold(r.value(Disabled), "true") // all else is false, says the specification
	s.Stock = r.oneOf([]string{"jcallgraph", "stock"}, SDK) == "stock"
	if names := r.list(Propagators); len(names) > 0 {
		s.Propagators = names
	}
	r.senders(&s)
	r.edges(&s)
	return s, r.err()
}

// ForProvider reads those variables alone that a provider heeds which is made
// without Setup.
func ForProvider(lookup func(string) string) (Setting, error) {
	r := &reader{lookup: lookup}
	return r.forProvider(), r.err()
}

func (r *reader) forProvider() Setting {
	s := defaults()
	s.Policy.Rate = r.rate()
	r.keep(&s)
	s.Limits = r.limits()
	s.Batch = r.batch()
	s.Scope, s.IDs = r.oneOf(Scopes, ScopeVariable), r.oneOf(IDKinds, IDsVariable)
	s.StormBudget, s.Bodies = r.whole(0, s.StormBudget, StormBudget), r.whole(1, s.Bodies, Bodies)
	s.ChainKeys, s.ChainSecret, s.Destinations = r.list(ChainKeys), r.lookup(ChainSecret), r.list(DestinationsName)
	return s
}

// Stock reports whether the fallback to OTel's SDK is asked for, which holds
// with a configuration file, too.
func Stock(lookup func(string) string) (bool, error) {
	r := &reader{lookup: lookup}
	return r.oneOf([]string{"jcallgraph", "stock"}, SDK) == "stock", r.err()
}

// limits: a value below zero is no limit, as in OTel's SDK for Go.
func (r *reader) limits() sdktrace.SpanLimits {
	l := defaultLimits()
	l.AttributeValueLengthLimit = r.whole(noLimit, l.AttributeValueLengthLimit, SpanValueLength, AnyValueLength)
	l.AttributeCountLimit = r.whole(noLimit, l.AttributeCountLimit, SpanCount, AnyCount)
	l.EventCountLimit = r.whole(noLimit, l.EventCountLimit, EventCount)
	l.LinkCountLimit = r.whole(noLimit, l.LinkCountLimit, LinkCount)
	l.AttributePerEventCountLimit = r.whole(noLimit, l.AttributePerEventCountLimit, EventAttributes)
	l.AttributePerLinkCountLimit = r.whole(noLimit, l.AttributePerLinkCountLimit, LinkAttributes)
	return l
}

func (r *reader) batch() Batch {
	b := Batch{
		Queue: r.whole(1, 0, QueueSize), Batch: r.whole(1, 0, BatchSize),
		Interval: r.milliseconds(1, ScheduleDelay), Timeout: r.milliseconds(1, ExportTimeout),
	}
	if b.Queue > 0 && b.Batch > b.Queue {
		r.refuse(BatchSize, r.value(BatchSize), "at most "+QueueSize+", which is "+r.value(QueueSize))
		b.Batch = b.Queue
	}
	return b
}

var exporters = []string{"compact", "otlp", "console", "none"}

// usual is the exporter where none is named: compact, unless OTLP is spoken of and
// compact is not.
func (r *reader) usual() string {
	if _, set := r.first(Endpoint, TracesEndpoint, Protocol, TracesProtocol); set != "" && r.value(CompactEndpoint) == "" {
		return "otlp"
	}
	return "compact"
}

// senders are the exporters that OTEL_TRACES_EXPORTER names.
func (r *reader) senders(s *Setting) {
	names := r.list(TracesExporter)
	s.Named = len(names) > 0
	if !s.Named {
		names = []string{r.usual()}
	}
	for _, name := range names {
		switch name {
		case "otlp":
			s.Senders = append(s.Senders, Sender{Exporter: r.near(r.protocol(TracesProtocol), "/v1/traces", TracesEndpoint), Batch: s.Batch})
			r.checkOTLP()
		case "console":
			s.Senders = append(s.Senders, Sender{Exporter: Exporter{Kind: Console}, Batch: s.Batch})
		case "none":
			if len(names) > 1 {
				r.refuse(TracesExporter, r.value(TracesExporter), "none only by itself")
			}
		case "compact":
			s.Senders = append(s.Senders, Sender{Exporter: r.compact(), Batch: s.Batch})
		default:
			r.refuse(TracesExporter, name, orList(exporters))
		}
	}
}

func (r *reader) protocol(name string) Kind {
	if r.oneOf([]string{"http/protobuf", "http/json", "grpc"}, name, Protocol) == "grpc" {
		return GRPC
	}
	return HTTP
}

// checkOTLP checks what the exporters read themselves, since they are silent
// where they cannot.
func (r *reader) checkOTLP() {
	for _, name := range []string{Timeout, TracesTimeout, MetricsTimeout} {
		r.whole(0, 0, name)
	}
	for _, name := range []string{Compression, TracesCompress, MetricsCompress} {
		r.oneOf([]string{"none", "gzip"}, name)
	}
	for _, name := range []string{Endpoint, TracesEndpoint, MetricsEndpoint} {
		if v := r.value(name); v != "" && !isEndpoint(v) {
			r.refuse(name, v, "a URL, such as http://localhost:4318")
		}
	}
}

func isEndpoint(v string) bool {
	u, err := url.Parse(v)
	return err == nil && slices.Contains([]string{"http", "https", "unix"}, u.Scheme) && u.Host+u.Path != ""
}

// edges: the counts of calls travel as the spans do. OTEL_METRICS_EXPORTER is
// about the application's own metrics.
func (r *reader) edges(s *Setting) {
	wish := r.oneOf([]string{"auto", "on", "off"}, Edges)
	sends := slices.ContainsFunc(s.Senders, func(s Sender) bool { return s.Exporter.Kind != Console })
	if wish == "off" || wish == "auto" && !sends {
		return
	}
	if s.Edges = compactOf(s.Senders); s.Edges != nil {
		return
	}
	kind := r.protocol(MetricsProtocol)
	if r.value(MetricsProtocol) == "" && r.value(TracesProtocol) != "" {
		kind = r.protocol(TracesProtocol)
	}
	e := r.near(kind, "/v1/metrics", MetricsEndpoint, TracesEndpoint)
	if _, set := r.first(MetricsEndpoint, Endpoint); set == "" && r.value(TracesEndpoint) != "" {
		e.Endpoint = MetricsURL(r.value(TracesEndpoint))
	}
	s.Edges = &e
}

// aboutTLS are the variables that say whether a connection is encrypted.
var aboutTLS = []string{
	"OTEL_EXPORTER_OTLP_INSECURE", "OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
	"OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
}

// near is an exporter to this machine, without TLS as the specification has it,
// where no endpoint is named and nothing asks for TLS; OTel's exporters would
// take TLS.
func (r *reader) near(k Kind, path string, endpoints ...string) Exporter {
	e := Exporter{Kind: k}
	if _, set := r.first(slices.Concat(endpoints, []string{Endpoint}, aboutTLS)...); set != "" {
		return e
	}
	e.Endpoint = "http://localhost:4317"
	if k == HTTP {
		e.Endpoint = "http://localhost:4318" + path
	}
	return e
}

// MetricsURL is where metrics go that belong to the spans sent to the URL.
func MetricsURL(traces string) string {
	if base, ok := strings.CutSuffix(traces, "/v1/traces"); ok {
		return base + "/v1/metrics"
	}
	return traces
}
