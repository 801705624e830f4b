package stocksampler

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk"
)

// needed are the other modules that the tests in the copy need, at the versions
// of this module.
var needed = regexp.MustCompile(`(?m)^\t(github.com/stretchr/testify|pgregory.net/rapid|go.uber.org/goleak|github.com/zeebo/xxh3) (v\S+)`)

// notCopied are tests of other things than the SDK.
var notCopied = map[string]bool{"previous_test.go": true, "readme_test.go": true, "oracle_test.go": true}

// The sampler's own tests pass with the otel-go before the current one: a copy
// of the packages in a module that requires it.
func TestWithThePreviousOtel(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module of its own")
	}
	previous := previousVersion(t)
	if out, err := run(t.TempDir(), "go", "mod", "download", "go.opentelemetry.io/otel/sdk@"+previous); err != nil {
		t.Skipf("go.opentelemetry.io/otel/sdk %s cannot be had: %v\n%s", previous, err, out)
	}
	dir := copyOf(t, previous)
	out, err := run(dir, "go", "test", "-mod=mod", "./sampler/stocksampler")
	require.NoError(t, err, out)
	t.Logf("with %s:\n%s", previous, out)
	out, err = run(dir, "go", "list", "-mod=mod", "-m", "go.opentelemetry.io/otel", "go.opentelemetry.io/otel/sdk", "go.opentelemetry.io/otel/trace")
	require.NoError(t, err, out)
	require.Equal(t, 3, strings.Count(out, previous), "nothing asked for a newer one: %s", out)
}

func previousVersion(t *testing.T) string {
	var major, minor, patch int
	_, err := fmt.Sscanf(sdk.Version(), "%d.%d.%d", &major, &minor, &patch)
	require.NoError(t, err)
	return fmt.Sprintf("v%d.%d.0", major, minor-1)
}

func run(dir string, command ...string) (string, error) {
	c := exec.Command(command[0], command[1:]...) //nolint:noctx // go test ends it with the test
	c.Dir = dir
	c.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := c.CombinedOutput()
	return string(out), err
}

// copyOf copies what stocksampler is made of into a module of the same name.
func copyOf(t *testing.T, otel string) string {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	for _, p := range ownPackages(t) {
		copySources(t, filepath.Join(root, p), filepath.Join(dir, p), strings.HasPrefix(p, "sampler"))
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	var b bytes.Buffer
	fmt.Fprintf(&b, "module %s\n\ngo %s\n\nrequire (\n", module, goVersion.FindSubmatch(mod)[1])
	for _, m := range needed.FindAllSubmatch(mod, -1) {
		fmt.Fprintf(&b, "\t%s %s\n", m[1], m[2])
	}
	for _, m := range []string{"otel", "otel/sdk", "otel/trace", "otel/metric"} {
		fmt.Fprintf(&b, "\tgo.opentelemetry.io/%s %s\n", m, otel)
	}
	fmt.Fprintln(&b, ")")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), b.Bytes(), 0o600))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))
	return dir
}

const module = "github.com/jcallgraph/jcallgraph"

var goVersion = regexp.MustCompile(`(?m)^go (\S+)$`)

// ownPackages are those of this module that stocksampler imports, and itself.
func ownPackages(t *testing.T) (paths []string) {
	out, err := run(".", "go", "list", "-deps", "-test", "-f", "{{if not .ForTest}}{{.ImportPath}}{{end}}", ".")
	require.NoError(t, err, out)
	for line := range strings.Lines(out) {
		p, own := strings.CutPrefix(strings.TrimSpace(line), module+"/")
		if own && !strings.HasSuffix(p, ".test") {
			paths = append(paths, p)
		}
	}
	return paths
}

func copySources(t *testing.T, from, to string, tests bool) {
	require.NoError(t, os.MkdirAll(to, 0o700))
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	require.NoError(t, err)
	for _, f := range files {
		name := filepath.Base(f)
		if notCopied[name] || !tests && strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, name), source, 0o600))
	}
}
