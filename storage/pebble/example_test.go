package pebble_test

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

func Example() {
	directory, err := os.MkdirTemp("", "store-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	s, err := pebble.Open(pebble.Options{Directory: directory})
	if err != nil {
		panic(err)
	}
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{15: 7})
	span.SetSpanID(pcommon.SpanID{7: 1})
	span.Attributes().PutInt("http.response.status_code", 503)
	if _, err := s.WriteSpans(context.Background(), td); err != nil {
		panic(err)
	}
	found, err := s.Search(context.Background(), storage.Query{
		Attributes: map[string]string{"http.response.status_code": "503"},
		Limit:      10,
	})
	fmt.Println(len(found), found[0].TraceID, err, s.Close())
	// Output: 1 00000000000000000000000000000007 <nil> <nil>
}
