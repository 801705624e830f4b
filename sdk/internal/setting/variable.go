package setting

// Names of the variables that are read here. Those of the OTLP exporters that
// are not among them are read by the exporters.
const (
	Disabled    = "OTEL_SDK_DISABLED"
	File        = "OTEL_CONFIG_FILE"
	OldFile     = "OTEL_EXPERIMENTAL_CONFIG_FILE"
	Propagators = "OTEL_PROPAGATORS"

	Sampler         = "OTEL_TRACES_SAMPLER"
	SamplerArgument = "OTEL_TRACES_SAMPLER_ARG"

	TracesExporter = "OTEL_TRACES_EXPORTER"

	Protocol        = "OTEL_EXPORTER_OTLP_PROTOCOL"
	TracesProtocol  = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	MetricsProtocol = "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"
	Endpoint        = "OTEL_EXPORTER_OTLP_ENDPOINT"
	TracesEndpoint  = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
	Timeout         = "OTEL_EXPORTER_OTLP_TIMEOUT"
	TracesTimeout   = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"
	MetricsTimeout  = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"
	Compression     = "OTEL_EXPORTER_OTLP_COMPRESSION"
	TracesCompress  = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"
	MetricsCompress = "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION"
	ScheduleDelay   = "OTEL_BSP_SCHEDULE_DELAY"
	ExportTimeout   = "OTEL_BSP_EXPORT_TIMEOUT"
	QueueSize       = "OTEL_BSP_MAX_QUEUE_SIZE"
	BatchSize       = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
	Headers         = "OTEL_EXPORTER_OTLP_HEADERS"
	TracesHeaders   = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
	Certificate     = "OTEL_EXPORTER_OTLP_CERTIFICATE"
	TracesCA        = "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"

	ClientCertificate       = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
	TracesClientCertificate = "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE"
	ClientKey               = "OTEL_EXPORTER_OTLP_CLIENT_KEY"
	TracesClientKey         = "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY"

	AnyValueLength   = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"
	AnyCount         = "OTEL_ATTRIBUTE_COUNT_LIMIT"
	SpanValueLength  = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"
	SpanCount        = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
	EventCount       = "OTEL_SPAN_EVENT_COUNT_LIMIT"
	LinkCount        = "OTEL_SPAN_LINK_COUNT_LIMIT"
	EventAttributes  = "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"
	LinkAttributes   = "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"
	SDK              = "JCG_SDK"
	CompactEndpoint  = "JCG_ENDPOINT"
	Keep             = "JCG_KEEP"
	ScopeVariable    = "JCG_SCOPE"
	IDsVariable      = "JCG_IDS"
	StormBudget      = "JCG_STORM_BUDGET"
	Bodies           = "JCG_BODIES"
	ChainKeys        = "JCG_CHAIN_KEYS"
	ChainSecret      = "JCG_CHAIN_SECRET"
	DestinationsName = "JCG_DESTINATIONS"
	Edges            = "JCG_EDGES"
)

// Variables are all of them, for the documentation's test.
var Variables = []string{
	Disabled, File, OldFile, Propagators, Sampler, SamplerArgument, TracesExporter,
	Protocol, TracesProtocol, MetricsProtocol, Endpoint, TracesEndpoint, MetricsEndpoint, Timeout, TracesTimeout,
	MetricsTimeout, Compression, TracesCompress, MetricsCompress, ScheduleDelay, ExportTimeout, QueueSize, BatchSize,
	Headers, Certificate, ClientCertificate, ClientKey, AnyValueLength, AnyCount, SpanValueLength, SpanCount, EventCount, LinkCount, EventAttributes, LinkAttributes,
	SDK, CompactEndpoint, Keep, ScopeVariable, IDsVariable, StormBudget, Bodies, ChainKeys, ChainSecret, DestinationsName, Edges,
}
