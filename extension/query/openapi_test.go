package query

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

const ownPrefix = "/api/jcg/v1/"

func openAPIDocument(t *testing.T) (*openapi3.T, routers.Router) {
	document, err := openapi3.NewLoader().LoadFromData(openAPI)
	require.NoError(t, err)
	require.NoError(t, document.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation()))
	router, err := gorillamux.NewRouter(document)
	require.NoError(t, err)
	return document, router
}

func TestTheDocumentNamesEveryEndpointOfOurs(t *testing.T) {
	document, _ := openAPIDocument(t)
	served := []string{ownPrefix + "openapi.yaml"}
	for _, r := range routes {
		if strings.HasPrefix(r.pattern, ownPrefix) {
			served = append(served, r.pattern)
		}
	}
	require.ElementsMatch(t, served, document.Paths.InMatchingOrder())
}

// Each golden request is one that the document knows, its answer has the shape
// that it promises; and every promise is kept by at least one answer.
func TestAnswersAreWhatTheDocumentPromises(t *testing.T) {
	_, router := openAPIDocument(t)
	files, err := filepath.Glob("testdata/golden/*.http")
	require.NoError(t, err)
	good, bad := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		line, _, _ := strings.Cut(string(text), "\n")
		method, target, _ := strings.Cut(line, " ")
		if method != http.MethodGet && method != http.MethodDelete || !strings.HasPrefix(target, ownPrefix) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			r := request(method, target)
			found, parameters, err := router.FindRoute(r)
			require.NoError(t, err)
			w := answer(newServer(t, shop()), r)
			input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: found}
			if w.Code == http.StatusOK {
				good[found.Path] = method == http.MethodGet || good[found.Path]
				for name := range r.URL.Query() {
					require.True(t, documented(found, name), "parameter %s", name)
				}
				require.NoError(t, openapi3filter.ValidateRequest(r.Context(), input), "what is accepted is documented")
			} else {
				bad[found.Path] = true
			}
			require.NoError(t, openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
				RequestValidationInput: input, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
				Options: &openapi3filter.Options{IncludeResponseStatus: true},
			}))
		})
	}
	for _, r := range routes {
		if strings.HasPrefix(r.pattern, ownPrefix) {
			require.True(t, good[r.pattern], "no golden answer of %s", r.pattern)
			require.True(t, bad[r.pattern] || len(document(t, r.pattern).Parameters) == 0, "no golden refusal of %s", r.pattern)
		}
	}
}

func document(t *testing.T, path string) *openapi3.Operation {
	d, _ := openAPIDocument(t)
	return d.Paths.Find(path).Get
}

func documented(r *routers.Route, name string) bool {
	return r.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) != nil
}

// Each parameter that the document has is known to the handler.
func TestEveryDocumentedParameterIsRead(t *testing.T) {
	d, _ := openAPIDocument(t)
	s := newServer(t, shop())
	for path, item := range d.Paths.Map() {
		target := strings.NewReplacer("dependencies/{id}", "dependencies/"+cartSite().ID().String(), "{id}", "0000beef", "{span}", "3", "{kind}", "order", "{value}", "4711").Replace(path)
		for _, parameter := range item.Get.Parameters {
			if parameter.Value.In != openapi3.ParameterInQuery {
				continue
			}
			body := ask(s, http.MethodGet, target+"?"+parameter.Value.Name+"=x").Body.String()
			require.NotContains(t, body, "is not known here", "%s of %s", parameter.Value.Name, path)
		}
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	w := ask(newServer(t, shop()), http.MethodGet, ownPrefix+"openapi.yaml")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/yaml", w.Header().Get("Content-Type"))
	require.Equal(t, openAPI, w.Body.Bytes())
}
