package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSignaturesThatAreMissing(t *testing.T) {
	made, kept := &signatures{}, &signatures{}
	a, b := signature{"GET /", "a"}, signature{"GET /", "b"}
	made.add(a)
	made.add(b)
	made.add(b)
	kept.add(a)
	require.Equal(t, 2, made.count())
	require.Equal(t, []signature{b}, made.without(kept))
}

func TestFailuresAreOfManyKinds(t *testing.T) {
	met := map[string]bool{}
	for range 10_000 {
		met[failure()] = true
	}
	require.Greater(t, len(met), 8)
}

func TestHostileHeadersDiffer(t *testing.T) {
	require.NotEqual(t, hostile(), hostile())
}

func TestCommandLineIsChecked(t *testing.T) {
	_, err := parse([]string{"-requests=1"}, io.Discard)
	require.EqualError(t, err, "-rise, -hold and -senders must be above 0, -requests at least 10")
}

// TestWithTheCollector needs it built (JCG_BINARY).
func TestWithTheCollector(t *testing.T) {
	binary := os.Getenv("JCG_BINARY")
	if binary == "" {
		t.Skip("JCG_BINARY names no collector")
	}
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, run(ctx, []string{"-binary=" + binary, "-rise=1s", "-hold=500ms", "-requests=2000"}, &out, io.Discard))
	require.Contains(t, out.String(), "storm_counts_exact 1 bool\n")
	require.Contains(t, out.String(), "hostile_counts_exact 1 bool\n")
}
