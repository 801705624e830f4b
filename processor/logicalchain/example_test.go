package logicalchain_test

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
)

func Example() {
	rules, err := logicalchain.New(logicalchain.Config{Keys: []logicalchain.Rule{
		{Kind: "order", Attributes: []string{"order.number"}},
		{Kind: "payment", Attributes: []string{"url.path"}, Pattern: `^/payments/(\w+)`, Normalise: []string{"upper"}},
	}})
	if err != nil {
		panic(err)
	}
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("deployment.environment.name", "production")
	span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{1})
	span.Attributes().PutInt("order.number", 4711)
	span.Attributes().PutStr("url.path", "/payments/p77/receipt")

	observer := logicalchain.NewObserver(rules, false)
	for _, sighting := range observer.Take(td, time.Now()).Sightings {
		fmt.Println(sighting.Key)
	}
	fmt.Println(rules.Key("production", "payment", "p77"))
	// Output:
	// production/order=4711
	// production/payment=P77
	// production/payment=P77
}
