package callgraph_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAttributesAreThoseOfTheSpecification: docs/spec/attributes.md has a row for
// each constant, and no other.
func TestAttributesAreThoseOfTheSpecification(t *testing.T) {
	find := func(pattern string, path ...string) (keys []string) {
		text, err := os.ReadFile(filepath.Join(path...))
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			keys = append(keys, m[1])
		}
		return keys
	}
	constants := find(`(?m)^\tAttribute\w+ += "([^"]*)"`, "attribute.go")
	require.NotEmpty(t, constants)
	require.ElementsMatch(t, constants, find("(?m)^\\| `(jcg\\.[^`]*)` \\|", "..", "docs", "spec", "attributes.md"))
}
