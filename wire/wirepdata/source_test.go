package wirepdata_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func TestASourceHasAllSpans(t *testing.T) {
	td := traces(t, "testdata/v1_shop.json")[0]
	frames, err := wire.NewEncoder().Encode(wirepdata.NewSource(td))
	require.NoError(t, err)
	got, d := spanset.Set{}, wirepdata.NewDecoder()
	for _, f := range frames {
		back, err := d.Decode(f.Bytes)
		require.NoError(t, err)
		got.Add(back.Traces)
	}
	require.Zero(t, spanset.Of(td).Differing(got))
}
