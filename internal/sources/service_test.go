package sources

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// tracer is a client library that traces HTTP.
type tracer interface {
	server(http.Handler) http.Handler
	client(http.RoundTripper) http.RoundTripper
}

// serve runs front and back in this process, each with its own tracer, and
// returns front's URL.
func serve(t *testing.T, front, back tracer) string {
	t.Helper()
	behind := httptest.NewServer(back.server(http.HandlerFunc(answer)))
	t.Cleanup(behind.Close)
	client := &http.Client{Transport: front.client(http.DefaultTransport)}
	before := httptest.NewServer(front.server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(pass(r.Context(), client, behind.URL+r.URL.Path))
	})))
	t.Cleanup(before.Close)
	return before.URL
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/broken" {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// pass asks back, and returns its status.
func pass(ctx context.Context, client *http.Client, url string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return http.StatusNotFound
	}
	resp, err := client.Do(req)
	if err != nil {
		return http.StatusBadGateway
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
