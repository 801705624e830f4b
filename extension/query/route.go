package query

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// route is an endpoint: what it answers to GET, and to DELETE where that is served.
type route struct {
	pattern string
	errors  family
	answer  func(*Server, *http.Request) (any, error)
	remove  func(*Server, *http.Request) (any, error)
}

var routes = [...]route{
	{pattern: "/api/services", errors: jaegerError, answer: (*Server).services},
	{pattern: "/api/services/{service}/operations", errors: jaegerError, answer: (*Server).operationNames},
	{pattern: "/api/operations", errors: jaegerError, answer: (*Server).operations},
	{pattern: "/api/traces", errors: jaegerError, answer: (*Server).search},
	{pattern: "/api/traces/{id}", errors: jaegerError, answer: (*Server).trace},
	{pattern: "/api/dependencies", errors: jaegerError, answer: (*Server).dependencies},
	{pattern: "/api/metrics/{metric}", errors: jaegerError, answer: (*Server).spanMetrics},
	{pattern: "/api/v3/services", errors: jaeger3Error, answer: (*Server).services3},
	{pattern: "/api/v3/operations", errors: jaeger3Error, answer: (*Server).operations3},
	{pattern: "/api/v3/traces", errors: jaeger3Error, answer: (*Server).search3},
	{pattern: "/api/v3/traces/{id}", errors: jaeger3Error, answer: (*Server).trace3},
	{pattern: "/api/v3/trace-summaries", errors: jaeger3Error, answer: (*Server).summaries},
	{pattern: "/analytics/v1/dependencies", errors: jaegerError, answer: (*Server).paths},
	{pattern: "/api/jcg/v1/neighbourhood", errors: problemError, answer: (*Server).neighbourhood},
	{pattern: "/api/jcg/v1/map", errors: problemError, answer: (*Server).serviceMap},
	{pattern: "/api/jcg/v1/environments", errors: problemError, answer: (*Server).environments},
	{pattern: "/api/jcg/v1/operations", errors: problemError, answer: (*Server).serviceOperations},
	{pattern: "/api/jcg/v1/entrances", errors: problemError, answer: (*Server).entrances},
	{pattern: "/api/jcg/v1/failures", errors: problemError, answer: (*Server).failures},
	{pattern: "/api/jcg/v1/chains", errors: problemError, answer: (*Server).chains},
	{pattern: "/api/jcg/v1/chains/{id}", errors: problemError, answer: (*Server).chainByID},
	{pattern: "/api/jcg/v1/chains/{id}/spans/{span}", errors: problemError, answer: (*Server).chainSpans},
	{pattern: "/api/jcg/v1/logical-chains/{kind}/{value}", errors: problemError, answer: (*Server).logicalChain, remove: (*Server).eraseKey},
	{pattern: "/api/jcg/v1/logical-chains/{kind}/{value}/spans", errors: problemError, answer: (*Server).keySpans},
	{pattern: "/api/jcg/v1/dependencies", errors: problemError, answer: (*Server).rankedDependencies},
	{pattern: "/api/jcg/v1/dependencies/{id}", errors: problemError, answer: (*Server).dependencyByID},
	{pattern: "/api/jcg/v1/search", errors: problemError, answer: (*Server).findAnything},
	{pattern: "/api/jcg/v1/health", errors: problemError, answer: (*Server).health},
}

func (s *Server) router() http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route) })
	}
	mux.HandleFunc("/api/jcg/v1/openapi.yaml", s.document)
	s.ui(mux)
	mux.HandleFunc("/", nothingAt)
	return mux
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, route route) {
	defer s.rescue(w, route.errors)
	answer, timeout := route.answer, s.options.Timeout
	if route.remove != nil && r.Method == http.MethodDelete {
		answer, timeout = route.remove, max(timeout, eraseTimeout)
		// Servers that can't extend it keep their own.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout + time.Minute))
	} else if !allowed(w, r, route.errors, route.methods()...) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	body, err := answer(s, r.WithContext(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("took longer than %s, ask for less: %w", timeout, err)
	}
	if err != nil {
		route.errors(w, status(err), err)
		return
	}
	write(w, http.StatusOK, "application/json", body)
}

// methods are those served besides the ones that read.
func (r route) methods() []string {
	if r.remove != nil {
		return []string{http.MethodDelete}
	}
	return nil
}

// allowed answers clients of other methods than those that read. The server
// leaves out the body of what HEAD is answered.
func allowed(w http.ResponseWriter, r *http.Request, fail family, more ...string) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	served := append([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, more...)
	w.Header().Set("Allow", strings.Join(served, ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
	} else {
		fail(w, http.StatusMethodNotAllowed, fmt.Errorf("method %s: only %s is served here", r.Method, strings.Join(append([]string{http.MethodGet}, more...), " and ")))
	}
	return false
}

// rescue answers for a handler that panicked: one request's fault must not
// end the collector.
func (*Server) rescue(w http.ResponseWriter, fail family) {
	switch cause := recover(); cause {
	case nil:
	case http.ErrAbortHandler:
		panic(cause)
	default:
		if o, ok := w.(*observed); ok {
			o.panicked = true
		}
		fail(w, http.StatusInternalServerError, fmt.Errorf("internal fault: %v", cause))
	}
}

// guarded is what every request passes before its route.
func (s *Server) guarded(next http.Handler) http.Handler {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.options.Now()
		o := &observed{ResponseWriter: w}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r = s.rebased(r)
		switch {
		case !s.trusts(r.Host):
			problemError(o, http.StatusForbidden, fmt.Errorf("host %q is not served here: use localhost, or add the name to allowed_hosts", r.Host))
		case r.URL.Path == "": // the page's links need the slash
			http.Redirect(o, r, s.options.BasePath+"/", http.StatusPermanentRedirect)
		default:
			next.ServeHTTP(o, r)
		}
		s.options.Observe(Observation{endpoint(r), o.status(), s.options.Now().Sub(began), o.panicked})
	})
	return compressed(handler)
}

// compressed: at the least effort, because most clients are near.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // the option is a constant
	}
	return wrap(next)
}

// rebased is r without the base path.
func (s *Server) rebased(r *http.Request) *http.Request {
	base := s.options.BasePath
	if base == "" || r.URL.Path != base && !strings.HasPrefix(r.URL.Path, base+"/") {
		return r
	}
	short := r.Clone(r.Context())
	short.URL.Path = strings.TrimPrefix(r.URL.Path, base)
	short.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, base)
	return short
}

// trusts reports whether a request's Host may be meant for this server.
func (s *Server) trusts(host string) bool {
	if s.options.Hosts == nil {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true // an address can't be rebound
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(s.options.Hosts, host)
}

func endpoint(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return "other"
	}
	return strings.TrimSuffix(r.Pattern, "{$}")
}

// observed remembers what was answered.
type observed struct {
	http.ResponseWriter
	code     int
	panicked bool
}

// Unwrap implements what http.ResponseController asks for.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o *observed) WriteHeader(code int) {
	if o.code == 0 {
		o.code = code
		o.ResponseWriter.WriteHeader(code)
	}
}

func (o *observed) Write(b []byte) (int, error) {
	o.code = max(o.code, http.StatusOK)
	return o.ResponseWriter.Write(b)
}

func (o *observed) status() int { return max(o.code, http.StatusOK) }
