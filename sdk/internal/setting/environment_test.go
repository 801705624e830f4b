package setting_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestPolicyOfEnvironment(t *testing.T) {
	const usual = "; always errors"
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"nothing is set", nil, "as the parent, else all" + usual},
		{"always_on", []string{"OTEL_TRACES_SAMPLER", "always_on"}, "all" + usual},
		{"always_off", []string{"OTEL_TRACES_SAMPLER", "always_off"}, "none" + usual},
		{"a ratio", []string{"OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.25"}, "1 of 4" + usual},
		{"a ratio without its argument", []string{"OTEL_TRACES_SAMPLER", "traceidratio"}, "all" + usual},
		{"an argument without its sampler", []string{"OTEL_TRACES_SAMPLER_ARG", "0.25"}, "as the parent, else all" + usual},
		{"parents on", []string{"OTEL_TRACES_SAMPLER", "parentbased_always_on"}, "as the parent, else all" + usual},
		{"parents off", []string{"OTEL_TRACES_SAMPLER", "ParentBased_Always_Off "}, "as the parent, else none" + usual},
		{"parents and a ratio", []string{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.001"}, "as the parent, else 1 of 1000" + usual},
		{"nothing is kept", []string{"JCG_KEEP", "none"}, "as the parent, else all; always nothing"},
		{"more is kept", []string{"JCG_KEEP", "errors, soft_errors,slow=250ms"}, "as the parent, else all; always errors, soft errors, slow (any from 250ms)"},
		{"the slowest are kept", []string{"JCG_KEEP", "slowest=0.99"}, "as the parent, else all; always slow (above the 0.99 quantile of its operation)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := setting.FromEnvironment(env(c.env...))
			require.NoError(t, err)
			require.Equal(t, c.want, s.Policy.String())
		})
	}
	s, err := setting.FromEnvironment(env("JCG_KEEP", "first_sight=10m,debug=jcg.debug"))
	require.NoError(t, err)
	require.Equal(t, []any{10 * time.Minute, "jcg.debug", "as the parent, else all; always nothing"}, []any{s.FirstSight, s.DebugKey, s.Policy.String()})
}

// TestRefusals: what is wrong is told with its name, its value and what is
// accepted, and the default holds.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"OTEL_TRACES_SAMPLER", "xray", `OTEL_TRACES_SAMPLER="xray": accepted: parentbased_always_on, parentbased_always_off, parentbased_traceidratio, always_on, always_off, traceidratio`},
		{"OTEL_TRACES_EXPORTER", "zipkin", `OTEL_TRACES_EXPORTER="zipkin": accepted: compact, otlp, console, none`},
		{"OTEL_TRACES_EXPORTER", "none,otlp", `OTEL_TRACES_EXPORTER="none,otlp": accepted: none only by itself`},
		{"JCG_ENDPOINT", "collector:4319", `JCG_ENDPOINT="collector:4319": accepted: http://host:port or https://host:port, without a path, such as http://localhost:4319`},
		{"JCG_ENDPOINT", "http://collector/v1/traces", `JCG_ENDPOINT="http://collector/v1/traces": accepted: http://host:port or https://host:port, without a path, such as http://localhost:4319`},
		{"JCG_ENDPOINT", "http://user:word@collector:4319", `JCG_ENDPOINT="…@collector:4319": accepted: http://host:port or https://host:port, without a path, such as http://localhost:4319`},
		{"OTEL_EXPORTER_OTLP_HEADERS", "secret", `OTEL_EXPORTER_OTLP_HEADERS: accepted: name=value,name=value`},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "thrift", `OTEL_EXPORTER_OTLP_PROTOCOL="thrift": accepted: http/protobuf, http/json, grpc`},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", `OTEL_EXPORTER_OTLP_ENDPOINT="collector:4317": accepted: a URL, such as http://localhost:4318`},
		{"OTEL_BSP_SCHEDULE_DELAY", "soon", `OTEL_BSP_SCHEDULE_DELAY="soon": accepted: a whole number from 1 to 2147483647`},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "0", `OTEL_BSP_MAX_QUEUE_SIZE="0": accepted: a whole number from 1 to 2147483647`},
		{"OTEL_SPAN_EVENT_COUNT_LIMIT", "many", `OTEL_SPAN_EVENT_COUNT_LIMIT="many": accepted: a whole number from -1 to 2147483647`},
		{"JCG_SDK", "off", `JCG_SDK="off": accepted: jcallgraph, stock`},
		{"JCG_KEEP", "errors,everything", `JCG_KEEP: "everything": accepted: none, or of errors, soft_errors, slow=DURATION, slowest=QUANTILE, first_sight=DURATION, debug=BAGGAGE-KEY those that are wanted`},
		{"JCG_KEEP", "slow=fast", `JCG_KEEP: "slow=fast": accepted: none, or of errors, soft_errors, slow=DURATION, slowest=QUANTILE, first_sight=DURATION, debug=BAGGAGE-KEY those that are wanted`},
		{"JCG_SCOPE", "chain", `JCG_SCOPE="chain": accepted: trace, path, span`},
		{"JCG_IDS", "uuid", `JCG_IDS="uuid": accepted: short, w3c`},
		{"JCG_STORM_BUDGET", "-1", `JCG_STORM_BUDGET="-1": accepted: a whole number from 0 to 2147483647`},
		{"JCG_BODIES", "0", `JCG_BODIES="0": accepted: a whole number from 1 to 2147483647`},
		{"JCG_EDGES", "yes", `JCG_EDGES="yes": accepted: auto, on, off`},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			s, err := setting.FromEnvironment(env(c.name, c.value))
			require.EqualError(t, err, c.want)
			usual, err := setting.FromEnvironment(env())
			require.NoError(t, err)
			usual.Senders, s.Senders, usual.Named, s.Named, usual.Edges, s.Edges = nil, nil, false, false, nil, nil
			require.Equal(t, usual, s)
		})
	}
	_, err := setting.FromEnvironment(env("OTEL_TRACES_EXPORTER", "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"))
	require.EqualError(t, err, "OTEL_EXPORTER_OTLP_TIMEOUT=\"10s\": accepted: a whole number from 0 to 2147483647\nOTEL_EXPORTER_OTLP_TRACES_COMPRESSION=\"zstd\": accepted: none, gzip")
	_, err = setting.FromEnvironment(env("OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "NaN", "JCG_IDS", "uuid"))
	require.EqualError(t, err, "OTEL_TRACES_SAMPLER_ARG=\"NaN\": accepted: a number from 0 to 1\nJCG_IDS=\"uuid\": accepted: short, w3c", "all of them are told")
	s, err := setting.FromEnvironment(env("OTEL_BSP_MAX_QUEUE_SIZE", "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "200"))
	require.EqualError(t, err, `OTEL_BSP_MAX_EXPORT_BATCH_SIZE="200": accepted: at most OTEL_BSP_MAX_QUEUE_SIZE, which is 100`)
	require.Equal(t, 100, s.Batch.Batch)
}

func TestExportersOfEnvironment(t *testing.T) {
	near := func(k setting.Kind, url string) setting.Exporter { return setting.Exporter{Kind: k, Endpoint: url} }
	compact := near(setting.Compact, "http://localhost:4319")
	http, grpc := near(setting.HTTP, "http://localhost:4318/v1/traces"), near(setting.GRPC, "http://localhost:4317")
	counts, console := near(setting.HTTP, "http://localhost:4318/v1/metrics"), near(setting.Console, "")
	open := near(setting.HTTP, "") // the exporter reads the variable
	for _, c := range []struct {
		name  string
		env   []string
		spans []setting.Exporter
		edges *setting.Exporter
	}{
		{"nothing is set", nil, []setting.Exporter{compact}, &compact},
		{"compact", []string{"OTEL_TRACES_EXPORTER", "compact", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}, []setting.Exporter{compact}, &compact},
		{"OTLP is named", []string{"OTEL_TRACES_EXPORTER", "otlp"}, []setting.Exporter{http}, &counts},
		{"a protocol of OTLP", []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}, []setting.Exporter{http}, &counts},
		{"an endpoint of metrics alone", []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m:1"}, []setting.Exporter{compact}, &compact},
		{
			"our endpoint beside OTLP's",
			[]string{"JCG_ENDPOINT", "http://c:9", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"},
			[]setting.Exporter{near(setting.Compact, "http://c:9")},
			&setting.Exporter{Kind: setting.Compact, Endpoint: "http://c:9"},
		},
		{"both, counts go once", []string{"OTEL_TRACES_EXPORTER", "otlp,compact"}, []setting.Exporter{http, compact}, &compact},
		{"gRPC", []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, []setting.Exporter{grpc}, &grpc},
		{"gRPC for spans takes the counts along", []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"}, []setting.Exporter{grpc}, &grpc},
		{
			"gRPC for spans, HTTP for metrics",
			[]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"},
			[]setting.Exporter{grpc},
			&counts,
		},
		{
			"an endpoint of spans alone",
			[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/v1/traces"},
			[]setting.Exporter{open},
			&setting.Exporter{Kind: setting.HTTP, Endpoint: "http://c:1/v1/metrics"},
		},
		{"an endpoint", []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1"}, []setting.Exporter{open}, &open},
		{"TLS to this machine", []string{"OTEL_TRACES_EXPORTER", "otlp", "OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"}, []setting.Exporter{open}, &open},
		{"fan-out", []string{"OTEL_TRACES_EXPORTER", "otlp,console"}, []setting.Exporter{http, console}, &counts},
		{"console", []string{"OTEL_TRACES_EXPORTER", "console"}, []setting.Exporter{console}, nil},
		{"counts alone", []string{"OTEL_TRACES_EXPORTER", "none", "JCG_EDGES", "on"}, nil, &counts},
		{"none", []string{"OTEL_TRACES_EXPORTER", "none"}, nil, nil},
		{"no metrics of the application's", []string{"OTEL_METRICS_EXPORTER", "none"}, []setting.Exporter{compact}, &compact},
		{"no counts", []string{"JCG_EDGES", "off"}, []setting.Exporter{compact}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := setting.FromEnvironment(env(c.env...))
			require.NoError(t, err)
			var spans []setting.Exporter
			for _, sender := range s.Senders {
				spans = append(spans, sender.Exporter)
			}
			require.Equal(t, c.spans, spans)
			require.Equal(t, c.edges, s.Edges)
		})
	}
}

// TestSecureCompact takes what OTLP's variables say of the connection.
func TestSecureCompact(t *testing.T) {
	s, err := setting.FromEnvironment(env("JCG_ENDPOINT", "https://c", "OTEL_EXPORTER_OTLP_HEADERS", "key=of%20all", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "key=a%20b,n=1",
		"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/all.pem", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/cert.pem",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"))
	require.NoError(t, err)
	require.Equal(t, setting.Exporter{
		Kind: setting.Compact, Endpoint: "https://c", Headers: map[string]string{"key": "a b", "n": "1"},
		TLS: setting.TLS{CA: "/ca.pem", Certificate: "/cert.pem", Key: "/key.pem", ByVariables: true},
	}, s.Senders[0].Exporter)
	require.Equal(t, s.Senders[0].Exporter, *s.Edges)
}

func TestEnvironmentOfBounds(t *testing.T) {
	s, err := setting.FromEnvironment(env(
		"OTEL_SDK_DISABLED", "TRUE", "JCG_SDK", "stock", "OTEL_PROPAGATORS", "b3, tracecontext,b3",
		"OTEL_BSP_SCHEDULE_DELAY", "250", "OTEL_BSP_EXPORT_TIMEOUT", "9000", "OTEL_BSP_MAX_QUEUE_SIZE", "1000", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100",
		"OTEL_ATTRIBUTE_COUNT_LIMIT", "7", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "80", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "90",
		"OTEL_SPAN_EVENT_COUNT_LIMIT", "3", "OTEL_SPAN_LINK_COUNT_LIMIT", "4", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "-6",
		"JCG_SCOPE", "path", "JCG_IDS", "w3c", "JCG_STORM_BUDGET", "0", "JCG_BODIES", "1024",
		"JCG_CHAIN_KEYS", "order.number,cart", "JCG_CHAIN_SECRET", " s ", "JCG_DESTINATIONS", "corp.example"))
	require.NoError(t, err)
	require.True(t, s.Disabled)
	require.True(t, s.Stock)
	require.Equal(t, []string{"b3", "tracecontext"}, s.Propagators)
	require.Equal(t, setting.Batch{Queue: 1000, Batch: 100, Interval: 250 * time.Millisecond, Timeout: 9 * time.Second}, s.Batch)
	l := s.Limits
	require.Equal(t, []int{7, 90, 3, 4, 5, -1}, []int{
		l.AttributeCountLimit, l.AttributeValueLengthLimit, l.EventCountLimit, l.LinkCountLimit, l.AttributePerEventCountLimit, l.AttributePerLinkCountLimit,
	})
	require.Equal(t, []any{"path", "w3c", 0, 1024, []string{"order.number", "cart"}, " s ", []string{"corp.example"}},
		[]any{s.Scope, s.IDs, s.StormBudget, s.Bodies, s.ChainKeys, s.ChainSecret, s.Destinations})
}

// TestProviderHeedsLess: what only Setup reads cannot be wrong for a provider
// that is made without it.
func TestProviderHeedsLess(t *testing.T) {
	_, err := setting.ForProvider(env("OTEL_TRACES_EXPORTER", "zipkin"))
	require.NoError(t, err)
	_, err = setting.ForProvider(env("OTEL_TRACES_SAMPLER", "zipkin"))
	require.Error(t, err)
}
