package query

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Jaeger's UI validates of a summary: the generated schemas, made stricter.
type uiSummary struct {
	TraceID              string `json:"traceId"`
	RootServiceName      *string
	RootOperationName    *string
	MinStartTimeUnixNano *string
	MaxEndTimeUnixNano   *string
	SpanCount            *uint32
	ErrorSpanCount       *uint32
	OrphanSpanCount      *uint32
	Services             []struct {
		Name           *string
		SpanCount      *uint32
		ErrorSpanCount *uint32
	}
}

func TestJaegersUIIsServed(t *testing.T) {
	keepContracts(t, []contract{
		{"services", "api/v3/client, fetchServices; schemas", "/api/v3/services", 0, func(t *testing.T, body []byte) {
			require.Len(t, read[struct{ Services []string }](t, body).Services, 3)
		}},
		{"span names have a kind", "api/v3/client, fetchSpanNames; schemas", "/api/v3/operations?service=unknown_service", 0, func(t *testing.T, body []byte) {
			all := read[struct {
				Operations []struct{ Name, SpanKind *string }
			}](t, body).Operations
			require.Len(t, all, 2)
			for _, o := range all {
				require.NotNil(t, o.Name)
				require.Equal(t, "internal", *o.SpanKind)
			}
		}},
		{"a search", "api/v3/client, fetchTraceSummaries; schemas", "/api/v3/trace-summaries?query.serviceName=web&query.operationName=GET+%2F&query.startTimeMin=2026-03-01T11%3A00%3A00.000Z&query.startTimeMax=2026-03-01T13%3A00%3A00.000Z&query.searchDepth=20&query.durationMin=1ms&query.durationMax=10s&query.attributes=%7B%22error%22%3A%22true%22%7D", 0, summaryList},
		{"a search without times, which the page leaves out where they are no numbers", "api/v3/client, fetchTraceSummaries", "/api/v3/trace-summaries?query.serviceName=web", 0, summaryList},
		{"a search that finds nothing", "api/v3/client, fetchTraceSummaries", "/api/v3/trace-summaries?query.serviceName=web&query.attributes=%7B%22span.kind%22%3A%22producer%22%7D", 0, func(t *testing.T, body []byte) {
			require.Empty(t, read[struct{ Summaries []uiSummary }](t, body).Summaries)
		}},
		{"services of the first API", "api/jaeger, fetchServices", "/api/services", 0, func(t *testing.T, body []byte) {
			require.Len(t, read[struct{ Data []string }](t, body).Data, 3)
		}},
		{"operations of the first API", "api/jaeger, fetchServiceOperations", "/api/services/web/operations", 0, func(t *testing.T, body []byte) {
			require.Len(t, read[struct{ Data []string }](t, body).Data, 2)
		}},
		{"server operations, for the deep dependency graph and the monitor", "api/jaeger, fetchServiceServerOps", "/api/operations?service=web&spanKind=server", 0, func(t *testing.T, body []byte) {
			all := read[struct{ Data []jaegerOperation }](t, body).Data
			require.Equal(t, []jaegerOperation{{"GET /", "server"}}, all)
		}},
		{"a trace", "api/jaeger, fetchTrace; model/transform-trace-data, which reads every span's process and references", "/api/traces/01020304050607080000beef0000002a", 0, wholeTrace},
		{"several traces, to compare", "api/jaeger, searchTraces of versions before 2", "/api/traces?traceID=01020304050607080000beef0000002a&traceID=01020304050607080000beef00000001", 0, func(t *testing.T, body []byte) {
			require.Len(t, read[grafanaTraces](t, body).Data, 2)
		}},
		{"a search of the first API", "api/jaeger, searchTraces of versions before 2", "/api/traces?end=1772370000000000&limit=20&lookback=1h&maxDuration&minDuration&service=web&start=1772362800000000", 0, tableOfTraces},
		{"an error has a code and a message", "api/jaeger, getMessageFromError", "/api/traces/7", 404, jaegerErrors},
		{"the dependency graph", "api/jaeger, fetchDependencies", "/api/dependencies?endTs=1772370000000&lookback=604800000", 0, func(t *testing.T, body []byte) {
			require.NotEmpty(t, read[grafanaDependencies](t, body).Data)
		}},
		{"metrics for the monitor page", "api/jaeger, fetchMetrics; utils/tracking/error-capture, which reports no fault at this status", "/api/metrics/latencies?service=web&quantile=0.95&endTs=1772370000000&lookback=3600000", 501, jaegerErrors},
		{"the deep dependency graph: every path has the service that was asked for, or the page fails", "api/jaeger, fetchDeepDependencyGraph; model/ddg/transformDdgData", "/analytics/v1/dependencies?end=0&operation=add&service=cart&start=0", 0, func(t *testing.T, body []byte) {
			paths := read[struct{ Dependencies []callPath }](t, body).Dependencies
			require.NotEmpty(t, paths)
			for _, p := range paths {
				require.Contains(t, p.Path, pathStep{"cart", "add"})
				require.NotNil(t, p.Attributes)
			}
		}},
	})
}

var (
	hexID  = regexp.MustCompile(`^[0-9a-f]{32}$`)
	digits = regexp.MustCompile(`^\d+$`)
)

func summaryList(t *testing.T, body []byte) {
	all := read[struct{ Summaries []uiSummary }](t, body).Summaries
	require.NotEmpty(t, all)
	for _, s := range all {
		require.Regexp(t, hexID, s.TraceID)
		require.Regexp(t, digits, *s.MinStartTimeUnixNano)
		require.Regexp(t, digits, *s.MaxEndTimeUnixNano)
		require.NotNil(t, s.RootServiceName)
		require.NotNil(t, s.RootOperationName)
		require.NotNil(t, s.SpanCount)
		require.NotNil(t, s.ErrorSpanCount)
		require.NotNil(t, s.OrphanSpanCount)
		require.NotEmpty(t, s.Services)
		for _, service := range s.Services {
			require.NotNil(t, service.Name)
			require.NotNil(t, service.SpanCount)
			require.NotNil(t, service.ErrorSpanCount)
		}
	}
}
