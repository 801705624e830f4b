package w3ctest

import (
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TestStock: the stock SDK fails where the table says so and nowhere else,
// which shows both that the table tells right from wrong and that what it
// says of the stock propagators is still so.
func TestStock(t *testing.T) {
	provider := sdktrace.NewTracerProvider()
	for _, c := range Cases() {
		err := c.Check(t.Context(), provider, propagation.TraceContext{})
		if (err != nil) != (c.Stock != "") {
			t.Errorf("%s: %v, though the table says of the stock propagators %q", c.Name, err, c.Stock)
		}
	}
}
