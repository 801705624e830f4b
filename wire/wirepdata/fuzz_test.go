package wirepdata_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// FuzzRoundTrip sends whatever pdata reads as OTLP, twice, over one stream.
func FuzzRoundTrip(f *testing.F) {
	for _, file := range []string{"testdata/v1_shop.json", "testdata/v1_values.json"} {
		for _, td := range traces(f, file) {
			b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, otlp []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(otlp)
		if err != nil {
			return
		}
		e, d := wirepdata.NewEncoder(), wirepdata.NewDecoder()
		for range 2 {
			frames, err := e.Encode(td)
			var refused *wire.RefusedError
			if errors.As(err, &refused) {
				return
			}
			require.NoError(t, err)
			got := spanset.Set{}
			for _, frame := range frames {
				back, err := d.Decode(frame.Bytes)
				require.NoError(t, err)
				got.Add(back.Traces)
			}
			require.Zero(t, spanset.Of(td).Differing(got))
		}
	})
}
