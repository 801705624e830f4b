package dashboards

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// Services of the traffic. The shop calls both others and a database; payment
// fails.
const (
	shop     = "shop"
	cart     = "cart"
	payment  = "payment"
	database = "redis"
)

// traces are n requests to the shop; round tells them from those of others.
func traces(round, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	shops, carts, payments := service(td, shop), service(td, cart), service(td, payment)
	now := time.Now()
	for i := range n {
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[:8], uint64(round))
		binary.BigEndian.PutUint64(id[8:], uint64(i+1))
		add := func(to ptrace.SpanSlice, kind ptrace.SpanKind, span, parent byte, took time.Duration) ptrace.Span {
			s := to.AppendEmpty()
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID{7: span})
			s.SetParentSpanID(pcommon.SpanID{7: parent})
			s.SetKind(kind)
			s.SetName("GET /")
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-took)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
			return s
		}
		add(shops, ptrace.SpanKindServer, 1, 0, 100*time.Millisecond)
		add(shops, ptrace.SpanKindClient, 2, 1, 30*time.Millisecond)
		add(carts, ptrace.SpanKindServer, 3, 2, 20*time.Millisecond)
		add(shops, ptrace.SpanKindClient, 4, 1, 50*time.Millisecond).Status().SetCode(ptrace.StatusCodeError)
		add(shops, ptrace.SpanKindClient, 6, 1, time.Millisecond).Attributes().PutStr("db.system.name", database)
		add(payments, ptrace.SpanKindServer, 5, 4, 40*time.Millisecond).Status().SetCode(ptrace.StatusCodeError)
	}
	return td
}

func service(td ptrace.Traces, name string) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", name)
	return rs.ScopeSpans().AppendEmpty().Spans()
}

func (c collector) send(t *testing.T, td ptrace.Traces) {
	t.Helper()
	conn, err := grpc.NewClient(c.Address(collectortest.PortGRPC), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	_, err = ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td))
	require.NoError(t, err)
}
