package query

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// contract is one thing that a client of Jaeger's API relies on, as its source
// has it.
type contract struct {
	name   string
	source string // which file of the client relies on it
	target string
	status int // 0: 200
	check  func(t *testing.T, body []byte)
}

func keepContracts(t *testing.T, contracts []contract) {
	s := newServer(t, shop())
	for _, c := range contracts {
		t.Run(c.name, func(t *testing.T) {
			if c.status == 0 {
				c.status = http.StatusOK
			}
			for _, base := range []string{"", "/base"} { // a data source's URL may have a path
				w := ask(s, "GET", base+c.target)
				require.Equal(t, c.status, w.Code, "%s: %s", c.source, w.Body)
				require.Equal(t, "application/json", w.Header().Get("Content-Type"))
				c.check(t, w.Body.Bytes())
			}
		})
	}
}

// read decodes what a client decodes; a field of another type is an error
// there too.
func read[T any](t *testing.T, body []byte) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(body, &v), "%s", body)
	return v
}
