package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/internal/textcase"
)

func newServer(t testing.TB, store *fakeStore, change ...func(*Options)) *Server {
	o := Options{
		Backend: store, View: graphview.New(graphview.Options{Source: store}),
		Now: func() time.Time { return noon }, BasePath: "/base/",
	}
	for _, c := range change {
		c(&o)
	}
	s := New(o)
	if store.fail == nil {
		require.NoError(t, s.Refresh(context.Background()))
		require.NoError(t, s.RefreshStrengths(context.Background()))
	}
	return s
}

func ask(s *Server, method, target string) *httptest.ResponseRecorder {
	return answer(s, request(method, target))
}

func request(method, target string) *http.Request {
	return httptest.NewRequestWithContext(context.Background(), method, target, nil)
}

func answer(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// Each file in testdata/golden is a request's line, "----", and its answer:
// status, headers that matter, body with its JSON indented.
func TestGoldenAnswers(t *testing.T) {
	textcase.Run(t, "testdata/golden/*.http", func(t *testing.T, request string) string {
		method, target, _ := strings.Cut(strings.TrimSpace(request), " ")
		return dump(t, ask(newServer(t, shop()), method, target))
	})
}

func dump(t *testing.T, w *httptest.ResponseRecorder) string {
	body := w.Body.Bytes()
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		require.True(t, json.Valid(body), "%s", body)
		var b bytes.Buffer
		require.NoError(t, json.Indent(&b, body, "", "  "))
		body = b.Bytes()
	}
	var head strings.Builder
	fmt.Fprintf(&head, "%d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range []string{"Content-Type", "Allow", "Location"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Fprintf(&head, "%s: %s\n", name, value)
		}
	}
	return head.String() + "\n" + strings.TrimSpace(string(body)) + "\n"
}
