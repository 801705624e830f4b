package query

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Grafana's Jaeger data source decodes: its server in Go, before that its
// browser side in TypeScript.
type (
	grafanaNames struct {
		Data   []string `json:"data"`
		Errors any      `json:"errors"`
		Limit  int      `json:"limit"`
		Offset int      `json:"offset"`
		Total  int      `json:"total"`
	}
	grafanaTraces struct {
		Data   []grafanaTrace `json:"data"`
		Errors any            `json:"errors"`
		Limit  int            `json:"limit"`
		Offset int            `json:"offset"`
		Total  int            `json:"total"`
	}
	grafanaTrace struct {
		TraceID   string                    `json:"traceID"`
		Processes map[string]grafanaProcess `json:"processes"`
		Warnings  []string                  `json:"warnings"`
		Spans     []grafanaSpan             `json:"spans"`
	}
	grafanaProcess struct {
		ServiceName string       `json:"serviceName"`
		Tags        []grafanaTag `json:"tags"`
	}
	grafanaSpan struct {
		TraceID       string             `json:"traceID"`
		SpanID        string             `json:"spanID"`
		ProcessID     string             `json:"processID"`
		OperationName string             `json:"operationName"`
		StartTime     int64              `json:"startTime"`
		Duration      int64              `json:"duration"`
		Logs          []grafanaLog       `json:"logs"`
		References    []grafanaReference `json:"references"`
		Tags          []grafanaTag       `json:"tags"`
		Warnings      []string           `json:"warnings"`
		Flags         int                `json:"flags"`
		StackTraces   []string           `json:"stackTraces"`
	}
	grafanaReference struct {
		RefType string `json:"refType"`
		SpanID  string `json:"spanID"`
		TraceID string `json:"traceID"`
	}
	grafanaLog struct {
		Timestamp int64        `json:"timestamp"`
		Fields    []grafanaTag `json:"fields"`
		Name      string       `json:"name"`
	}
	grafanaTag struct {
		Key   string `json:"key"`
		Type  string `json:"type"`
		Value any    `json:"value"`
	}
	grafanaErrors []struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	grafanaDependencies struct {
		Data []struct {
			Parent    string `json:"parent"`
			Child     string `json:"child"`
			CallCount int    `json:"callCount"`
		} `json:"data"`
		Errors grafanaErrors `json:"errors"`
	}
	grafanaOTLP struct {
		Result struct {
			ResourceSpans []struct {
				Resource   struct{ Attributes []grafanaAttribute }
				ScopeSpans []struct {
					Scope struct{ Name, Version string }
					Spans []grafanaOTLPSpan
				}
			} `json:"resourceSpans"`
		} `json:"result"`
		Error struct {
			HTTPCode int    `json:"httpCode"`
			Message  string `json:"message"`
		} `json:"error"`
	}
	grafanaOTLPSpan struct {
		TraceID           string `json:"traceId"`
		SpanID            string `json:"spanId"`
		ParentSpanID      string `json:"parentSpanId"`
		Name              string `json:"name"`
		Kind              int64  `json:"kind"`
		StartTimeUnixNano string `json:"startTimeUnixNano"`
		EndTimeUnixNano   string `json:"endTimeUnixNano"`
		Attributes        []grafanaAttribute
		Events            []struct {
			TimeUnixNano string `json:"timeUnixNano"`
			Name         string `json:"name"`
			Attributes   []grafanaAttribute
		}
		Links  []struct{ TraceID, SpanID string }
		Status struct {
			Message string `json:"message"`
			Code    int64  `json:"code"`
		}
	}
	// Grafana's type of bool and double values changed between its versions.
	grafanaAttribute struct {
		Key   string
		Value struct {
			StringValue, IntValue, BytesValue string
			BoolValue, DoubleValue            json.RawMessage
			KvlistValue                       struct{ Values []grafanaAttribute }
		}
	}
)

func TestGrafanasJaegerDataSourceIsServed(t *testing.T) {
	const times = "start=1772362800000000&end=1772370000000000"
	keepContracts(t, []contract{
		{"the health test needs a service", "browser: datasource, testDatasource; server: jaeger, CheckHealth", "/api/services", 0, func(t *testing.T, body []byte) {
			require.NotEmpty(t, read[grafanaNames](t, body).Data)
		}},
		{"services are names", "browser: SearchForm; server: client, Services", "/api/services", 0, func(t *testing.T, body []byte) {
			require.Equal(t, []string{"cart", "unknown_service", "web"}, read[grafanaNames](t, body).Data)
		}},
		{"operations are names", "browser: SearchForm; server: client, Operations", "/api/services/web/operations", 0, func(t *testing.T, body []byte) {
			require.Equal(t, []string{"GET /", "add"}, read[grafanaNames](t, body).Data)
		}},
		{"operations of a service with an encoded name", "browser: SearchForm, encodeURIComponent", "/api/services/a%2Fb%20c/operations", 0, emptyNames},
		{"operations of a service that is gone are a list", "browser: SearchForm sorts what it gets", "/api/services/gone/operations", 0, emptyNames},
		{"a search by everything", "browser: datasource, query", "/api/traces?service=web&operation=GET%20%2F&tags=%7B%22error%22%3A%22true%22%7D&minDuration=1ms&maxDuration=10s&limit=2&lookback=custom&" + times, 0, tableOfTraces},
		{"a search by service alone", "server: client, Search", "/api/traces?service=web&" + times, 0, tableOfTraces},
		{"a search without times", "server: client, Search of early versions", "/api/traces?limit=20&service=web", 0, tableOfTraces},
		{"a search that finds nothing is a list", "browser: responseTransform, createTableFrame maps it", "/api/traces?service=web&tags=%7B%22span.kind%22%3A%22producer%22%7D&" + times, 0, func(t *testing.T, body []byte) {
			found := read[grafanaTraces](t, body)
			require.NotNil(t, found.Data)
			require.Empty(t, found.Data)
		}},
		{"a search that is wrong has a status that says so", "server: client, Search", "/api/traces?service=web&minDuration=long", 400, jaegerErrors},
		{"a trace", "browser: responseTransform, createTraceFrame; server: querydata, transformTraceResponse", "/api/traces/01020304050607080000beef0000002a", 0, wholeTrace},
		{"a trace of what OTLP allows", "the same", "/api/traces/0000000000000000ab000000000000cd", 0, wholeTrace},
		{"a trace with times in milliseconds", "server: querydata, TraceIdTimeParams", "/api/traces/01020304050607080000beef0000002a?start=1772362800000&end=1772370000000", 0, wholeTrace},
		{"a trace with times in microseconds", "browser: datasource, getTimeRange", "/api/traces/01020304050607080000beef0000002a?" + times, 0, wholeTrace},
		{"a trace that is not there is not found", "server: client, Trace, which reads the first trace of any answer 2xx", "/api/traces/7", 404, jaegerErrors},
		{"an ID that is none", "server: client, Trace", "/api/traces/hello", 400, jaegerErrors},
		{"the dependency graph", "server: client, Dependencies; browser: dependencyGraphTransform, to which a list of errors, even an empty one, is failure", "/api/dependencies?endTs=1772370000000&lookback=7200000", 0, func(t *testing.T, body []byte) {
			graph := read[grafanaDependencies](t, body)
			require.NotEmpty(t, graph.Data)
			require.Nil(t, graph.Errors)
			for _, d := range graph.Data {
				require.NotEmpty(t, d.Parent)
				require.NotEmpty(t, d.Child)
				require.Positive(t, d.CallCount)
			}
		}},
		{"no dependencies are a list", "browser: dependencyGraphTransform", "/api/dependencies?endTs=1000&lookback=1000", 0, func(t *testing.T, body []byte) {
			require.NotNil(t, read[grafanaDependencies](t, body).Data)
		}},
		{"dependencies that fail say why", "server: querydata shows the first error's code and message", "/api/dependencies?lookback=long", 400, jaegerErrors},
		{"services of the third API", "server: grpc_client, GrpcServices", "/api/v3/services", 0, func(t *testing.T, body []byte) {
			require.Len(t, read[struct{ Services []string }](t, body).Services, 3)
		}},
		{"operations of the third API", "server: grpc_client, GrpcOperations", "/api/v3/operations?service=web", 0, func(t *testing.T, body []byte) {
			require.Len(t, read[struct {
				Operations []struct{ Name, SpanKind string }
			}](t, body).Operations, 2)
		}},
		{"a trace of the third API", "server: grpc_client, GrpcTrace, which leaves times unencoded", "/api/v3/traces/01020304050607080000beef0000002a?start_time=2026-03-01T12:00:00+01:00&end_time=2026-03-01T15:00:00.5+01:00", 0, wholeOTLP},
		{"a trace of the third API of what OTLP allows", "server: types, grpc_types", "/api/v3/traces/0000000000000000ab000000000000cd", 0, wholeOTLP},
		{"a trace of the third API that is not there", "server: grpc_client, GrpcTrace", "/api/v3/traces/7", 404, thirdErrors},
		{"a search of the third API", "server: grpc_client, GrpcSearch; utils, which reads each resource's first span", "/api/v3/traces?query.attributes=%7B%22error%22%3A%22true%22%7D&query.service_name=web&query.start_time_min=2026-03-01T12:00:00+01:00&query.start_time_max=2026-03-01T15:00:00+01:00", 0, wholeOTLP},
		{"a search of the third API that finds nothing", "server: grpc_client, GrpcSearch", "/api/v3/traces?query.service_name=web&query.attributes=%7B%22span.kind%22%3A%22producer%22%7D", 404, thirdErrors},
	})
}

func emptyNames(t *testing.T, body []byte) {
	names := read[grafanaNames](t, body).Data
	require.NotNil(t, names)
	require.Empty(t, names)
}

// tableOfTraces: the table reads each trace's first span and its process.
func tableOfTraces(t *testing.T, body []byte) {
	found := read[grafanaTraces](t, body)
	require.NotEmpty(t, found.Data)
	for _, trace := range found.Data {
		drawable(t, trace)
	}
}

func wholeTrace(t *testing.T, body []byte) {
	found := read[grafanaTraces](t, body)
	require.Len(t, found.Data, 1)
	drawable(t, found.Data[0])
}

// drawable: whatever is called map, find or sort on must be there.
func drawable(t *testing.T, trace grafanaTrace) {
	require.Len(t, trace.TraceID, 32)
	require.NotEmpty(t, trace.Spans)
	for _, s := range trace.Spans {
		require.Equal(t, trace.TraceID, s.TraceID)
		require.Len(t, s.SpanID, 16)
		require.NotEmpty(t, trace.Processes[s.ProcessID].ServiceName)
		require.NotNil(t, trace.Processes[s.ProcessID].Tags)
		require.Positive(t, s.StartTime)
		require.NotNil(t, s.Logs)
		require.NotNil(t, s.References)
		require.NotNil(t, s.Tags)
		for _, l := range s.Logs {
			require.NotNil(t, l.Fields)
		}
		for _, r := range s.References {
			require.Contains(t, []string{"CHILD_OF", "FOLLOWS_FROM"}, r.RefType)
		}
	}
}

// jaegerErrors: both sides show the first error, which has a code and a text.
func jaegerErrors(t *testing.T, body []byte) {
	failed := read[struct{ Errors grafanaErrors }](t, body)
	require.NotEmpty(t, failed.Errors)
	require.GreaterOrEqual(t, failed.Errors[0].Code, 400)
	require.NotEmpty(t, failed.Errors[0].Msg)
}

func thirdErrors(t *testing.T, body []byte) {
	failed := read[grafanaOTLP](t, body).Error
	require.Equal(t, 404, failed.HTTPCode)
	require.NotEmpty(t, failed.Message)
}

func wholeOTLP(t *testing.T, body []byte) {
	all := read[grafanaOTLP](t, body)
	require.Zero(t, all.Error.HTTPCode)
	require.NotEmpty(t, all.Result.ResourceSpans)
	for _, rs := range all.Result.ResourceSpans {
		require.NotEmpty(t, rs.ScopeSpans)
		for _, ss := range rs.ScopeSpans {
			require.NotEmpty(t, ss.Spans)
			for _, s := range ss.Spans {
				require.Len(t, s.TraceID, 32)
				require.Len(t, s.SpanID, 16)
				decimal(t, s.StartTimeUnixNano)
				decimal(t, s.EndTimeUnixNano)
			}
		}
	}
}

func decimal(t *testing.T, text string) {
	_, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
}
