package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var block = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestPageShowsTheProgram: what docs/sdk.md shows of the set-up is this program's.
func TestPageShowsTheProgram(t *testing.T) {
	page, err := os.ReadFile("../../docs/sdk.md")
	require.NoError(t, err)
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	shown := 0
	for _, b := range block.FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(b[1], "sdk.Setup") {
			require.Contains(t, string(program), b[1])
			shown++
		}
	}
	require.Positive(t, shown)
}
