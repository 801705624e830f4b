package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var block = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestPageShowsTheProgram: the code of docs/sdk.md is this program's.
func TestPageShowsTheProgram(t *testing.T) {
	page, err := os.ReadFile("../../docs/sdk.md")
	require.NoError(t, err)
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	blocks := block.FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, blocks)
	for _, b := range blocks {
		require.Contains(t, string(program), b[1])
	}
}
