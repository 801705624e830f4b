package query

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.yaml
var openAPI []byte

// document is what our own API promises.
func (*Server) document(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, problemError) {
		return
	}
	write(w, http.StatusOK, "application/yaml", encoded(openAPI))
}
