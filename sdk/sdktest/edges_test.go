package sdktest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/sdk/sdktest"
)

func TestEdgesAreCountedWhateverIsSampled(t *testing.T) {
	for _, policy := range []sampler.Policy{{}, {Rate: sampler.Off, Keep: sampler.Errors}} {
		t.Run(policy.String(), func(t *testing.T) {
			r := sdktest.New(t, sdk.WithPolicy(policy), sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))
			var told []string
			for i := range 4 {
				order(t.Context(), r.TracerProvider(), i > 0)
			}
			for _, e := range r.Edges() {
				told = append(told, e.String())
			}
			require.Equal(t, []string{
				"(outside) -> shop order ok client=0 server=4",
				"shop order -> unknown_peer (virtual) reserve error client=1 server=0",
				"shop order -> unknown_peer (virtual) reserve ok client=3 server=0",
			}, told)
			require.Equal(t, r.Edges(), r.Edges(), "a second look changes nothing")
		})
	}
}
