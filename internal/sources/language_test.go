package sources

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

const examples = "../../examples/trace-your-app"

func TestGo(t *testing.T)   { traced(t, "go", filepath.Join(examples, "go"), overHTTP) }
func TestJava(t *testing.T) { traced(t, "java", installed(t, "java"), overHTTP) }
func TestNode(t *testing.T) { traced(t, "node", installed(t, "node"), overHTTP) }

func TestPython(t *testing.T) { traced(t, "python", installed(t, "python"), overGRPC) }

// traced runs a language's example as two services and calls the first.
func traced(t *testing.T, language, folder string, via transport) {
	t.Parallel() // it waits most of the time
	r := collectortest.Start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", patient)
	p := pair{Run: r, front: language + "-front", back: language + "-back", environment: "dev"}
	back := startApp(t, p, folder, app{name: p.back, via: via})
	front := startApp(t, p, folder, app{name: p.front, via: via, back: back})
	call(t, front)
	p.requireSeen(t)
}

// installed is where make sources has put an example with what it needs.
func installed(t *testing.T, language string) string {
	t.Helper()
	folder := filepath.Join("../../.tools", "app-"+language)
	if _, err := os.Stat(filepath.Join(folder, "installed")); err != nil {
		t.Skipf("the %s example is not installed: make sources: %v", language, err)
	}
	files, err := filepath.Glob(filepath.Join(examples, language, "*.*"))
	require.NoError(t, err)
	for _, path := range files {
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		if got, err := os.ReadFile(filepath.Join(folder, filepath.Base(path))); err != nil || !bytes.Equal(want, got) {
			t.Skipf("%s has changed since the example was installed: make sources", path)
		}
	}
	return folder
}

func loopback(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }
