package figure

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPrints(t *testing.T) {
	var out strings.Builder
	p := New(&out)
	p.Note("of %d runs", 2)
	p.Print("spans", 2_052_832, "spans")
	p.Print("ratio", 8.91234, "x")
	p.Print("rate", 85_123.4, "spans/s")
	require.NoError(t, p.Err())
	require.Equal(t, "# of 2 runs\nspans 2052832 spans\nratio 8.912 x\nrate 85123 spans/s\n", out.String())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("pipe is closed") }

func TestKeepsTheFirstError(t *testing.T) {
	p := New(broken{})
	p.Print("a", 1, "b")
	require.ErrorContains(t, p.Err(), "pipe is closed")
}

func TestP99(t *testing.T) {
	require.Zero(t, P99(nil))
	require.Equal(t, time.Second, P99([]time.Duration{time.Second}))
	took := make([]time.Duration, 200)
	for i := range took {
		took[i] = time.Duration(200 - i)
	}
	require.Equal(t, time.Duration(199), P99(took))
	require.Equal(t, time.Duration(101), Median(took))
}
