package service

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

// runCarrier is another company's server: plain HTTP, no spans, and so a
// virtual node of the graph.
func runCarrier(ctx context.Context, env Env) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /parcels", func(w http.ResponseWriter, r *http.Request) {
		var p parcel
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		labour(r.Context(), 60*time.Millisecond)
		if fault.CarrierDown.Hits(p.Number) {
			http.Error(w, "no driver", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "{}") // the caller has gone
	})
	return transport.Serve(ctx, env.Listener, mux)
}
