// Package textcase runs cases that are text files: an input, a line "----", and
// what is expected. UPDATE_GOLDEN=1 writes what comes instead.
package textcase

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const separator = "----\n"

// Run has each of the files answered, as a test of its own with the file's name.
func Run(t *testing.T, pattern string, answer func(t *testing.T, input string) string) {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			input, want, _ := strings.Cut(string(text), separator)
			got := answer(t, input)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.WriteFile(file, []byte(input+separator+got), 0o644))
				return
			}
			require.Equal(t, want, got)
		})
	}
}
