// Package debug shows what the SDK does, as a page for people and as JSON:
//
//	http.Handle(debug.Path, debug.Handler(nil))
//
// The page names operations and errors of the process. Who may see it is for
// the caller to decide: serve it on loopback only, or behind a login.
package debug

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"

	"go.opentelemetry.io/otel"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// Path is where the page is expected.
const Path = "/debug/jcallgraph"

// Source is what is shown: an *sdk.TracerProvider.
type Source interface{ Status() sdk.Status }

//go:embed page.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// Handler answers with the state of the source; nil is OTel's global tracer
// provider at the time of the request. ?format=json asks for JSON. The page has
// no scripts and loads nothing.
func Handler(source Source) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "accepted: GET, HEAD", http.StatusMethodNotAllowed)
			return
		}
		from := source
		if from == nil {
			from, _ = otel.GetTracerProvider().(Source)
		}
		if from == nil {
			http.Error(w, "the tracer provider is not this SDK's: see sdk.Setup", http.StatusNotFound)
			return
		}
		answer(w, r.URL.Query().Get("format"), from.Status())
	})
}

func answer(w http.ResponseWriter, format string, s sdk.Status) {
	var body bytes.Buffer
	var err error
	kind := "text/html; charset=utf-8"
	switch format {
	case "", "html":
		err = page.Execute(&body, s)
	case "json":
		kind = "application/json"
		encoder := json.NewEncoder(&body)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(s)
	default:
		http.Error(w, "format: accepted: html, json", http.StatusBadRequest)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = body.WriteTo(w)
}
