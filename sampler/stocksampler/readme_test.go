package stocksampler

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The set-up that the README shows is the one that the example runs.
func TestReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "```go\n")
	require.True(t, found)
	shown, _, _ := strings.Cut(after, "```")
	require.LessOrEqual(t, strings.Count(shown, "\n"), 10)
	require.Contains(t, strings.ReplaceAll(string(example), "\n\t", "\n"), shown)
}
