package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// TestWhatSDKsTellIsJoined goes the way of the counts without a collector: from
// SDKs by OTLP into a store, and from there into the graph.
func TestWhatSDKsTellIsJoined(t *testing.T) {
	store, err := memory.Open(memory.Options{})
	require.NoError(t, err)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := take(r.Context(), store, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	defer endpoint.Close()
	exporter := func() *otlpmetrichttp.Exporter {
		e, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(endpoint.URL+"/v1/metrics"))
		require.NoError(t, err)
		return e
	}
	shop, stock := countingBy(exporter(), "shop"), countingBy(exporter(), "stock")
	shop.serve(t.Context(), "buy", "", func(ctx context.Context) {
		for range 3 {
			shop.call(ctx, "stock", func(ctx context.Context) { stock.serve(ctx, "reserve", "", func(context.Context) {}) })
		}
		shop.call(ctx, "stock", nil)
	})
	require.NoError(t, shop.Shutdown(t.Context()))
	require.NoError(t, stock.Shutdown(t.Context()))

	view := graphview.New(graphview.Options{})
	w := callgraph.Window{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute)}
	require.NoError(t, store.Cells(t.Context(), w, func(cells []callgraph.Cell) error { view.Apply(cells); return nil }))
	a, err := view.Neighbourhood(t.Context(), graphview.Query{Focus: graphview.Focus{Service: callgraph.Service{Name: "shop"}, Operation: "buy"}, Down: 1, Window: w, Limit: 10})
	require.NoError(t, err)
	require.Len(t, a.Links, 1, "%v", a.Nodes)
	require.Equal(t, graphview.Count{Calls: 4, Errors: 1}, a.Links[0].Count())
	require.EqualValues(t, 3, a.Links[0].Sum.Server.Count())
	require.Equal(t, "stock reserve", a.Nodes[a.Links[0].Callee].String())
}

// take stores what a request tells.
func take(ctx context.Context, store storage.Backend, body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	request := pmetricotlp.NewExportRequest()
	if err := request.UnmarshalProto(b); err != nil {
		return err
	}
	told, err := edgemetric.DecodeAll(request.Metrics())
	if err != nil {
		return err
	}
	for _, in := range told.Intervals {
		if _, err := store.WriteInterval(ctx, in); err != nil {
			return err
		}
	}
	return nil
}
