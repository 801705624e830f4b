package setting_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

const example = "../../../examples/our-sdk/otel.yaml"

func TestFileOfTheExample(t *testing.T) {
	data, err := os.ReadFile(example)
	require.NoError(t, err)
	s, err := setting.FromFile(data, env("SERVICE", "cart"))
	require.NoError(t, err)
	require.Equal(t, "as the parent, else (GET /health: 1 of 10000, others: 1 of 1000); always errors, soft errors", s.Policy.String())
	require.Equal(t, []attribute.KeyValue{
		attribute.String("service.namespace", "shop"), attribute.String("service.name", "cart"), attribute.Int64("shop.shard", 3),
	}, s.Resource)
	require.Equal(t, []string{"tracecontext", "baggage"}, s.Propagators)
	require.Equal(t, 64, s.Limits.AttributeCountLimit)
	require.Equal(t, []setting.Sender{{
		Exporter: setting.Exporter{Kind: setting.Compact, Endpoint: "http://127.0.0.1:4319", Headers: map[string]string{"x-tenant": "blue"}},
		Batch:    setting.Batch{Queue: 8192, Interval: 500 * time.Millisecond},
	}}, s.Senders)
	require.Equal(t, &s.Senders[0].Exporter, s.Edges, "the counts go where the spans go")
	require.Equal(t, []any{"trace", "short", 500, []string{"order.number"}, []string{"corp.example"}},
		[]any{s.Scope, s.IDs, s.StormBudget, s.ChainKeys, s.Destinations})
}

// TestCompactInAFile: the counts go by compact, in whatever order the exporters
// stand.
func TestCompactInAFile(t *testing.T) {
	s, err := setting.FromFile([]byte(`
file_format: "1.0"
tracer_provider:
  processors:
    - batch: {exporter: {otlp_grpc: }}
    - batch:
        exporter:
          compact:
            endpoint: c:4319
            tls: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem}
            headers: [{name: key, value: a}]
            headers_list: key=b,other=c
    - simple: {exporter: {compact: }}
`), env())
	require.NoError(t, err)
	require.Equal(t, setting.Exporter{
		Kind: setting.Compact, Endpoint: "https://c:4319", Headers: map[string]string{"key": "a", "other": "c"},
		TLS: setting.TLS{CA: "ca.pem", Certificate: "cert.pem", Key: "key.pem"},
	}, s.Senders[1].Exporter)
	require.Equal(t, setting.Sender{Exporter: setting.Exporter{Kind: setting.Compact, Endpoint: "http://localhost:4319"}, Immediate: true}, s.Senders[2])
	require.Equal(t, &s.Senders[1].Exporter, s.Edges)
}

func TestFile(t *testing.T) {
	s, err := setting.FromFile([]byte(`
file_format: "1.0"
disabled: ${OTEL_SDK_DISABLED:-false}
attribute_limits: {attribute_count_limit: 9, attribute_value_length_limit: 99}
meter_provider: {readers: [{whatever: 1}]}
propagator:
  composite: [{tracecontext: }, {b3: }]
  composite_list: "baggage,b3"
resource:
  attributes_list: "a=1, b=2"
  attributes:
    - {name: c, value: [1, 2], type: int_array}
tracer_provider:
  limits: {attribute_count_limit: 10, event_count_limit: 11}
  sampler:
    probability/development:
      ratio: ${RATIO}
  processors:
    - simple: {exporter: {console: }}
    - batch:
        exporter:
          otlp_http:
            endpoint: https://c:1/v1/traces
            headers: [{name: key, value: "${env:KEY}"}]
            headers_list: "key=other,more=a%20b"
            tls: {ca_file: /ca.pem}
distribution:
  other: {whatever: 1}
  jcallgraph: {keep: [], limit: 50, ids: w3c, scope: span}
`), env("RATIO", "0.5", "KEY", "a: b # $$"))
	require.NoError(t, err)
	require.False(t, s.Disabled)
	require.Equal(t, []string{"tracecontext", "b3", "baggage"}, s.Propagators)
	require.Equal(t, []int{10, 99, 11}, []int{s.Limits.AttributeCountLimit, s.Limits.AttributeValueLengthLimit, s.Limits.EventCountLimit})
	require.Equal(t, "50 a second (now all); always nothing", s.Policy.String())
	require.Equal(t, []attribute.KeyValue{attribute.String("a", "1"), attribute.String("b", "2"), attribute.Int64Slice("c", []int64{1, 2})}, s.Resource)
	require.Len(t, s.Senders, 2)
	require.Equal(t, setting.Sender{Exporter: setting.Exporter{Kind: setting.Console}, Immediate: true}, s.Senders[0])
	want := setting.Exporter{
		Kind: setting.HTTP, Endpoint: "https://c:1/v1/traces",
		Headers: map[string]string{"key": "a: b # $$", "more": "a b"}, TLS: setting.TLS{CA: "/ca.pem"},
	}
	require.Equal(t, want, s.Senders[1].Exporter, "what a variable holds is text, whatever it looks like")
	want.Endpoint = "https://c:1/v1/metrics"
	require.Equal(t, &want, s.Edges)
}

func TestFileEdges(t *testing.T) {
	const head = "file_format: \"1.0\"\ntracer_provider: {processors: [{batch: {exporter: {otlp_grpc: }}}]}\ndistribution: {jcallgraph: {edges: "
	for _, c := range []struct {
		edges string
		want  *setting.Exporter
	}{
		{"off", nil},
		{"", &setting.Exporter{Kind: setting.GRPC, Endpoint: "http://localhost:4317"}},
		{"{otlp_http: }", &setting.Exporter{Kind: setting.HTTP, Endpoint: "http://localhost:4318/v1/metrics"}},
	} {
		s, err := setting.FromFile([]byte(head+c.edges+"}}"), env())
		require.NoError(t, err)
		require.Equal(t, c.want, s.Edges, c.edges)
	}
}

func TestFileRefusals(t *testing.T) {
	const head = "file_format: \"1.0\"\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `the file is empty; accepted: file_format: "1.0" and what follows`},
		{"no format", "disabled: true", `file_format: missing; accepted: "1.0"`},
		{"an old format", `file_format: "0.3"`, `file_format (line 1): "0.3": accepted: 1.0`},
		{"an unknown section", head + "tracing: {}", "tracing (line 2): unknown key; accepted: attribute_limits, disabled, distribution, file_format, instrumentation/development, log_level, logger_provider, meter_provider, propagator, resource, tracer_provider"},
		{"an unknown sampler", head + "tracer_provider: {sampler: {jaeger_remote/development: {}}}", "tracer_provider.sampler.jaeger_remote/development (line 2): unknown key; accepted: always_off, always_on, parent_based, probability/development, trace_id_ratio_based"},
		{"two samplers", head + "tracer_provider: {sampler: {always_on: , always_off: }}", "tracer_provider.sampler (line 2): one key is needed of: always_off, always_on, parent_based, probability/development, trace_id_ratio_based"},
		{"no ratio", head + "tracer_provider: {sampler: {trace_id_ratio_based: {ratio: 2}}}", `tracer_provider.sampler.trace_id_ratio_based.ratio (line 2): "2": accepted: a number from 0 to 1`},
		{"parents overruled", head + "tracer_provider: {sampler: {parent_based: {remote_parent_sampled: {always_off: }}}}", "tracer_provider.sampler.parent_based.remote_parent_sampled (line 2): accepted: always_on where the parent is sampled, always_off where it is not"},
		{"no exporter", head + "tracer_provider: {processors: [{batch: {}}]}", "tracer_provider.processors[0] (line 2): exporter is needed: one of compact, otlp_http, otlp_grpc, console"},
		{"an unknown exporter", head + "tracer_provider: {processors: [{batch: {exporter: {zipkin: {}}}}]}", "tracer_provider.processors[0].batch.exporter.zipkin (line 2): unknown key; accepted: compact, console, otlp_grpc, otlp_http"},
		{"a batch beyond its queue", head + "tracer_provider: {processors: [{batch: {max_queue_size: 1, max_export_batch_size: 2, exporter: {console: }}}]}", "tracer_provider.processors[0] (line 2): max_export_batch_size 2: accepted: at most max_queue_size, which is 1"},
		{"a delay that is text", head + "tracer_provider: {processors: [{batch: {schedule_delay: soon, exporter: {console: }}}]}", `tracer_provider.processors[0].batch.schedule_delay (line 2): "soon": accepted: a whole number from 0 on`},
		{"no URL", head + "tracer_provider: {processors: [{batch: {exporter: {otlp_grpc: {endpoint: 'ftp://x'}}}}]}", `tracer_provider.processors[0].batch.exporter.otlp_grpc (line 2): endpoint "ftp://x": accepted: a URL, such as http://localhost:4318/v1/traces`},
		{"an unknown key of ours", head + "distribution: {jcallgraph: {rate: 1}}", "distribution.jcallgraph.rate (line 2): unknown key; accepted: bodies, chain_keys, chain_secret, destinations, edges, ids, keep, limit, rates, scope, storm_budget"},
		{"an unknown scope", head + "distribution: {jcallgraph: {scope: chain}}", `distribution.jcallgraph.scope (line 2): "chain": accepted: trace, path, span`},
		{"an unknown word to keep", head + "distribution: {jcallgraph: {keep: [all]}}", `distribution.jcallgraph.keep (line 2): "all": accepted: none, or of errors, soft_errors, slow=DURATION, slowest=QUANTILE, first_sight=DURATION, debug=BAGGAGE-KEY those that are wanted`},
		{"a list that is none", head + "distribution: {jcallgraph: {chain_keys: order}}", "distribution.jcallgraph.chain_keys (line 2): a list is needed"},
		{"counts to the console", head + "distribution: {jcallgraph: {edges: {console: }}}", "distribution.jcallgraph.edges (line 2): accepted: off, compact, otlp_http, otlp_grpc"},
		{"an unknown key of compact", head + "tracer_provider: {processors: [{batch: {exporter: {compact: {compression: gzip}}}}]}", "tracer_provider.processors[0].batch.exporter.compact.compression (line 2): unknown key; accepted: endpoint, headers, headers_list, tls"},
		{"no URL of compact", head + "tracer_provider: {processors: [{batch: {exporter: {compact: {endpoint: 'http://c/v1/traces'}}}}]}", `tracer_provider.processors[0].batch.exporter.compact (line 2): endpoint "http://c/v1/traces": accepted: http://host:port or https://host:port, without a path, such as http://localhost:4319`},
		{"a certificate without TLS", head + "tracer_provider: {processors: [{batch: {exporter: {compact: {tls: {ca_file: a}}}}}]}", `tracer_provider.processors[0].batch.exporter.compact (line 2): tls: endpoint "http://localhost:4319" has none; accepted: https://host:port`},
		{"an attribute of another type", head + "resource: {attributes: [{name: a, value: x, type: int}]}", `resource.attributes[0].value (line 2): "x" is no int64`},
		{"an unknown type", head + "resource: {attributes: [{name: a, value: x, type: date}]}", `resource.attributes[0] (line 2): type "date": accepted: string, bool, int, double, and each with _array`},
		{"no reference", head + "disabled: ${1A}", `line 2: "${1A}" is no reference to a variable; accepted: ${NAME}, ${env:NAME}, ${NAME:-default}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := setting.FromFile([]byte(c.text), env())
			require.EqualError(t, err, c.want)
		})
	}
}
