package query

import (
	_ "embed"
	"net/http"
)

//go:embed page.html
var page []byte

// page is what a browser sees that comes by.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, problemError) {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write(page) // whoever asked has gone: nobody to tell
}
