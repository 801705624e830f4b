package admission

import (
	"io"
	"net/http"
)

// Handler lets requests through to next, one by one as their turn comes.
func (g *Gate) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.Announce(r.Context()); err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		leave, err := g.Enter(r.Context())
		if err != nil {
			return // nobody waits for an answer
		}
		defer leave()
		body := &measured{ReadCloser: r.Body}
		defer func() { g.Learn(body.bytes) }()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// measured counts what is read of a body.
type measured struct {
	io.ReadCloser
	bytes int64
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.bytes += int64(n)
	return n, err
}
