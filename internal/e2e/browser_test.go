package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// TestPagesOnThisMachineMaySendSpans: a browser asks before it posts to another
// origin; pages from elsewhere are not let in.
func TestPagesOnThisMachineMaySendSpans(t *testing.T) {
	r := start(t, t.TempDir())
	url := r.URL(collectortest.PortHTTP, "/v1/traces")
	for origin, allowed := range map[string]bool{
		"http://localhost:5173": true, "http://127.0.0.1:8080": true, "https://evil.example": false, "http://localhost.evil.example:80": false,
	} {
		header, _ := ask(t, http.MethodOptions, url, func(h *http.Request) {
			h.Header.Set("Origin", origin)
			h.Header.Set("Access-Control-Request-Method", http.MethodPost)
			h.Header.Set("Access-Control-Request-Headers", "content-type")
		})
		if !allowed {
			require.Empty(t, header.Get("Access-Control-Allow-Origin"), origin)
			continue
		}
		require.Equal(t, origin, header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, strings.ToLower(header.Get("Access-Control-Allow-Headers")), "content-type")
	}
}

// TestRebindingANameDoesNotOpenTheAPI: a page whose name was made to point here
// still sends that name.
func TestRebindingANameDoesNotOpenTheAPI(t *testing.T) {
	r := start(t, t.TempDir())
	url := r.URL(collectortest.PortQuery, "/api/services")
	for host, status := range map[string]int{"localhost": http.StatusOK, "evil.example": http.StatusForbidden} {
		_, code := ask(t, http.MethodGet, url, func(h *http.Request) { h.Host = host })
		require.Equal(t, status, code, host)
	}
}

func ask(t *testing.T, method, url string, change func(*http.Request)) (http.Header, int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	change(request)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.Header, response.StatusCode
}
