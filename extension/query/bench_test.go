package query

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/internal/biggraph"
)

// BenchmarkNeighbourhood asks for services of a graph of 34,000 over HTTP, the
// hub among them.
func BenchmarkNeighbourhood(b *testing.B) {
	hour := noon.Add(-time.Hour)
	view := graphview.New(graphview.Options{})
	require.NoError(b, biggraph.Cells(biggraph.Options{Hour: hour}, func(cells []callgraph.Cell) error {
		view.Apply(cells)
		return nil
	}))
	server := httptest.NewServer(New(Options{Backend: &fakeStore{}, View: view, Now: func() time.Time { return noon }}))
	defer server.Close()
	for _, hops := range []int{1, 2, 3} {
		for _, who := range []string{"hub", "any"} {
			b.Run(fmt.Sprintf("%s/hops=%d", who, hops), func(b *testing.B) {
				var took []time.Duration
				for i := 0; b.Loop(); i++ {
					service := biggraph.Hub
					if who == "any" {
						service = biggraph.Service(1 + i*7919%33_998)
					}
					began := time.Now()
					get(b, fmt.Sprintf("%s/api/jcg/v1/neighbourhood?service=%s&up=%d&down=%d", server.URL, service.Name, hops, hops))
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}

func get(b *testing.B, url string) {
	response, err := http.Get(url) //nolint:noctx // a benchmark
	require.NoError(b, err)
	var room [32 << 10]byte
	for err == nil {
		_, err = response.Body.Read(room[:])
	}
	require.NoError(b, response.Body.Close())
	require.Equal(b, 200, response.StatusCode)
}
