package sources

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var block = regexp.MustCompile("(?s)```(sh|yaml|go)\n(.*?)```")

// What the page tells to run is what these tests run, all of it.
func TestPageTellsWhatIsTested(t *testing.T) {
	var tested []string
	for _, pattern := range []string{"*.sh", "*.yaml", "*/*.sh"} {
		files, err := filepath.Glob(filepath.Join(examples, pattern))
		require.NoError(t, err)
		for _, path := range files {
			tested = append(tested, read(t, path))
		}
	}
	programs := read(t, filepath.Join(examples, "go", "main.go")) + read(t, "../../examples/our-sdk/main.go")
	told := 0
	for _, b := range block.FindAllStringSubmatch(read(t, "../../docs/trace-your-app.md"), -1) {
		if b[1] == "go" {
			require.Contains(t, programs, b[2])
			continue
		}
		require.Contains(t, tested, b[2])
		told++
	}
	require.Equal(t, len(tested), told, "every tested command is on the page, once")
}

func TestGoExampleNeedsWhatThePageInstalls(t *testing.T) {
	program := read(t, filepath.Join(examples, "go", "main.go"))
	for line := range strings.Lines(read(t, filepath.Join(examples, "go", "install.sh"))) {
		module, ok := strings.CutPrefix(strings.TrimSpace(line), "go get ")
		require.True(t, ok, line)
		require.Contains(t, program, `"`+module+`"`)
	}
}
