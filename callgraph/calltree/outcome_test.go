package calltree_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

type outcomeCase struct {
	name    string
	line    string // kind and options as in a script
	outcome callgraph.Outcome
	source  string
}

func TestOutcome(t *testing.T) {
	cases := []outcomeCase{
		{"nothing said", "server", callgraph.OK, ""},
		{"success", "client http.response.status_code=204", callgraph.OK, ""},
		{"redirect", "client http.response.status_code=302", callgraph.OK, ""},
		{"grpc OK", "client rpc.grpc.status_code=0", callgraph.OK, ""},
		{"no gRPC code", "client rpc.grpc.status_code=99", callgraph.OK, ""},

		{"operator's Ok beats a code", "server status=ok http.response.status_code=500", callgraph.OK, "status"},
		{"operator's Ok beats a type", "client status=ok error.type=timeout", callgraph.OK, "status"},
		{"Ok as an attribute", "server otel.status_code=OK http.status_code=500", callgraph.OK, "otel.status_code"},
		{"Error beats Ok as an attribute", "server status=error otel.status_code=OK", callgraph.Error, "status"},

		{"status", "internal status=error", callgraph.Error, "status"},
		{"type", "internal error.type=java.io.IOException", callgraph.Error, "error.type"},
		{"Error as an attribute", "server otel.status_code=ERROR", callgraph.Error, "otel.status_code"},
		{"OpenTracing", "server error=true", callgraph.Error, "error"},
		{"OpenTracing's false", "server error=false", callgraph.OK, ""},
		{"thrown", "server event=exception:IOException!", callgraph.Error, "exception"},

		{"server 500", "server http.response.status_code=500", callgraph.Error, "http.response.status_code"},
		{"server 500, older name", "server http.status_code=500", callgraph.Error, "http.status_code"},
		{"server 500, both names", "server http.status_code=200 http.response.status_code=500", callgraph.Error, "http.response.status_code"},
		{"server 500, both names the other way", "server http.response.status_code=500 http.status_code=200", callgraph.Error, "http.response.status_code"},
		{"client 500", "client http.response.status_code=500", callgraph.Error, "http.response.status_code"},
		{"client 404", "client http.response.status_code=404", callgraph.Error, "http.response.status_code"},
		{"client 429", "client http.response.status_code=429", callgraph.Error, "http.response.status_code (shed load)"},
		{"a step's code is another's", "internal http.response.status_code=500", callgraph.OK, ""},

		{"server UNKNOWN", "server rpc.grpc.status_code=2", callgraph.Error, "rpc.grpc.status_code"},
		{"server UNIMPLEMENTED", "server rpc.grpc.status_code=12", callgraph.Error, "rpc.grpc.status_code"},
		{"server INTERNAL", "server rpc.response.status_code=INTERNAL", callgraph.Error, "rpc.response.status_code"},
		{"server UNAVAILABLE", "server rpc.response.status_code=unavailable", callgraph.Error, "rpc.response.status_code"},
		{"server DATA_LOSS", "server rpc.grpc.status_code=15", callgraph.Error, "rpc.grpc.status_code"},
		{"client NOT_FOUND", "client rpc.grpc.status_code=5", callgraph.Error, "rpc.grpc.status_code"},
		{"client RESOURCE_EXHAUSTED", "client rpc.grpc.status_code=8", callgraph.Error, "rpc.grpc.status_code (shed load)"},

		{"DEADLINE_EXCEEDED at the client", "client rpc.grpc.status_code=4", callgraph.Timeout, "rpc.grpc.status_code"},
		{"DEADLINE_EXCEEDED at the server", "server rpc.response.status_code=DEADLINE_EXCEEDED", callgraph.Timeout, "rpc.response.status_code"},
		{"gateway timeout", "client http.response.status_code=504", callgraph.Timeout, "http.response.status_code"},
		{"request timeout at the client", "client http.response.status_code=408", callgraph.Timeout, "http.response.status_code"},
		{"timeout by type", "client error.type=java.net.SocketTimeoutException", callgraph.Timeout, "error.type"},
		{"timeout by plain type", "client error.type=timeout", callgraph.Timeout, "error.type"},
		{"timeout by system error", "client status=error error.type=ETIMEDOUT", callgraph.Timeout, "error.type"},
		{"timeout by exception", "client status=error event=exception:java.util.concurrent.TimeoutException", callgraph.Timeout, "exception.type"},
		{"a handled timeout is no timeout", "server event=exception:TimeoutException", callgraph.SoftError, "exception"},

		{"server 404", "server http.response.status_code=404", callgraph.Rejected, "http.response.status_code"},
		{"server 408", "server http.response.status_code=408", callgraph.Rejected, "http.response.status_code"},
		{"server 429", "server http.response.status_code=429", callgraph.Rejected, "http.response.status_code (shed load)"},
		{"server INVALID_ARGUMENT", "server rpc.grpc.status_code=3", callgraph.Rejected, "rpc.grpc.status_code"},
		{"server PERMISSION_DENIED", "server rpc.response.status_code=PERMISSION_DENIED", callgraph.Rejected, "rpc.response.status_code"},
		{"server RESOURCE_EXHAUSTED", "server rpc.response.status_code=8", callgraph.Rejected, "rpc.response.status_code (shed load)"},
		{"server 404 that its operator calls an error", "server status=error http.response.status_code=404", callgraph.Error, "status"},
		{"rejected, with a handled exception", "server http.response.status_code=404 event=exception:NotFound", callgraph.Rejected, "http.response.status_code"},

		{"client CANCELLED", "client status=error rpc.grpc.status_code=1", callgraph.Cancelled, "rpc.grpc.status_code"},
		{"server CANCELLED", "server rpc.grpc.status_code=1", callgraph.Cancelled, "rpc.grpc.status_code"},
		{"499", "server http.response.status_code=499", callgraph.Cancelled, "http.response.status_code"},
		{"CANCELLED as a type", "client error.type=CANCELLED", callgraph.Cancelled, "error.type"},

		{"soft", "server jcg.soft_error=true", callgraph.SoftError, "jcg.soft_error"},
		{"not soft", "server jcg.soft_error=false", callgraph.OK, ""},
		{"soft on a failed span", "server jcg.soft_error=true status=error", callgraph.Error, "status"},
		{"handled", "internal event=exception:IOException", callgraph.SoftError, "exception"},
		{"another event", "internal event=log:IOException", callgraph.OK, ""},
		{"degraded", "server degraded=true", callgraph.SoftError, "degraded"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			outcome, source := calltree.Outcome(spanOf(t, c.line))
			require.Equal(t, c.outcome, outcome, outcome)
			require.Equal(t, c.source, source)
		})
	}
}

// spanOf reads a kind and options of a script's line.
func spanOf(t *testing.T, line string) ptrace.Span {
	kind, options, _ := strings.Cut(line, " ")
	return treescript.Parse(t, "web "+kind+` "" 0-1 `+options).Spans[0].Span
}

// TestCodesOfOtherTypes: some exporters write numbers as text.
func TestCodesOfOtherTypes(t *testing.T) {
	s := ptrace.NewSpan()
	s.SetKind(ptrace.SpanKindServer)
	s.Attributes().PutStr("http.status_code", "503")
	outcome, _ := calltree.Outcome(s)
	require.Equal(t, callgraph.Error, outcome)
	s.Attributes().PutDouble("http.status_code", 404)
	outcome, _ = calltree.Outcome(s)
	require.Equal(t, callgraph.Rejected, outcome)
	s.Attributes().PutStr("http.status_code", "OK")
	outcome, _ = calltree.Outcome(s)
	require.Equal(t, callgraph.OK, outcome)
}
