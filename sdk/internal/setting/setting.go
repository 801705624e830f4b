package setting

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// Setting is what was set, with defaults for the rest.
type Setting struct {
	Disabled bool // nothing is recorded
	Stock    bool // OTel's own SDK in the place of ours

	Policy     sampler.Policy
	FirstSight time.Duration // the first call of an edge in it is kept; 0: not for that
	DebugKey   string        // of the baggage: traces that have it as 1 or true are kept
	Limits     sdktrace.SpanLimits
	Batch      Batch    // of exporters that say none
	Senders    []Sender // exporters of spans
	Named      bool     // Senders were asked for; else they are the default

	// Edges is how the counts of calls are sent; nil: not at all.
	Edges *Exporter

	Propagators []string // names as in OTEL_PROPAGATORS; none: no propagation

	// Resource has what the file says of it; variables are read by OTel's SDK.
	Resource []attribute.KeyValue
	FromFile bool

	Scope       string // one of Scopes
	IDs         string // one of IDKinds
	StormBudget int    // failed local traces in a second; 0: no bound
	Bodies      int    // spans at a time that hold more than name, status and times
	ChainKeys   []string
	ChainSecret string

	// Destinations are domains that may know our caller and business keys,
	// beside those of private networks.
	Destinations []string
}

// Accepted values.
var (
	Scopes  = []string{"trace", "path", "span"}
	IDKinds = []string{"short", "w3c"}
)

// Batch says how spans wait. Zero values are defaults.
type Batch struct {
	Queue, Batch      int
	Interval, Timeout time.Duration
}

// Sender is an exporter with how it is fed.
type Sender struct {
	Exporter  Exporter
	Immediate bool // each span as it is decided
	Batch     Batch
}

// Kind is how an exporter sends.
type Kind uint8

// Kinds of exporters.
const (
	Nowhere Kind = iota
	Console      // to standard output
	GRPC         // OTLP
	HTTP         // OTLP, protobuf or JSON
	Compact      // our own format, by exporter/compact
)

// Exporter is one of OTel's, or ours. What it leaves open, OTel's take from the
// OTEL_EXPORTER_OTLP_ variables.
type Exporter struct {
	Kind        Kind
	Endpoint    string // a URL; for HTTP with the signal's path
	Insecure    bool   // where Endpoint has no scheme
	Headers     map[string]string
	Compression string
	Timeout     time.Duration
	TLS         TLS
}

// Plain reports whether the endpoint says that there is no TLS.
func (e *Exporter) Plain() bool { return strings.HasPrefix(e.Endpoint, "http://") }

// TLS names files in PEM.
type TLS struct {
	CA, Certificate, Key string
	ByVariables          bool // not by the configuration file
}

// Names is what the files were named by.
func (t TLS) Names() TLS {
	if t.ByVariables {
		return TLS{CA: Certificate, Certificate: ClientCertificate, Key: ClientKey}
	}
	return TLS{CA: "tls.ca_file", Certificate: "tls.cert_file", Key: "tls.key_file"}
}

// Defaults of our own bounds.
const (
	DefaultStormBudget = 1000
	DefaultBodies      = 65_536
)

func defaults() Setting {
	return Setting{
		Policy:      sampler.Policy{Rate: sampler.ParentBased{}, Keep: sampler.Errors},
		Limits:      defaultLimits(),
		Propagators: []string{"tracecontext", "baggage"},
		Scope:       Scopes[0], IDs: IDKinds[0], StormBudget: DefaultStormBudget, Bodies: DefaultBodies,
	}
}

func defaultLimits() sdktrace.SpanLimits {
	return sdktrace.SpanLimits{
		AttributeValueLengthLimit:   sdktrace.DefaultAttributeValueLengthLimit,
		AttributeValueDepthLimit:    sdktrace.DefaultAttributeValueDepthLimit,
		AttributeCountLimit:         sdktrace.DefaultAttributeCountLimit,
		EventCountLimit:             sdktrace.DefaultEventCountLimit,
		LinkCountLimit:              sdktrace.DefaultLinkCountLimit,
		AttributePerEventCountLimit: sdktrace.DefaultAttributePerEventCountLimit,
		AttributePerLinkCountLimit:  sdktrace.DefaultAttributePerLinkCountLimit,
	}
}
