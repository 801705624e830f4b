package wirepdata_test

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// A stream has an encoder at one end and a decoder at the other; what has been
// told once costs next to nothing.
func Example() {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "cart")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for range 100 {
		s := spans.AppendEmpty()
		s.SetName("GET /cart")
		s.Attributes().PutStr("http.request.method", "GET")
	}

	e, d := wirepdata.NewEncoder(), wirepdata.NewDecoder()
	frames, err := e.Encode(td)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range frames {
		back, err := d.Decode(f.Bytes)
		fmt.Println("frame", f.Number, "has", back.Traces.SpanCount(), "spans in less than 200 bytes:", len(f.Bytes) < 200, err)
	}
	// Output: frame 1 has 100 spans in less than 200 bytes: true <nil>
}
