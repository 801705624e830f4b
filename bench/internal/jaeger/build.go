// Package jaeger provides the peer that the benchmarks compare with: it decides
// which Jaeger that is, builds it on demand and knows how it is run.
package jaeger

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Module is the peer's Go module.
const Module = "github.com/jaegertracing/jaeger@v1.76.0"

// Build returns Jaeger's binary, which it builds the first time: some seven
// minutes of processor time. The binary and its source stay in the user's cache
// folder, under jcallgraph-bench.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	folder := filepath.Join(cache, "jcallgraph-bench", filepath.Base(Module))
	binary := filepath.Join(folder, "jaeger")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	fmt.Fprintf(progress, "# building %s in %s: takes minutes, once\n", Module, folder)
	source, err := copySource(ctx, folder)
	if err != nil {
		return "", err
	}
	return binary, compile(ctx, source, binary, progress)
}

// copySource takes the module out of the module cache: its internal packages
// can only be built from within, and it has a replace line, so that go install
// refuses it.
func copySource(ctx context.Context, folder string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", Module).Output()
	if err != nil {
		return "", fmt.Errorf("download %s: %w: %s", Module, err, output)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(output, &module); err != nil {
		return "", fmt.Errorf("download %s: %w", Module, err)
	}
	source := filepath.Join(folder, "src")
	if err := os.RemoveAll(source); err != nil {
		return "", fmt.Errorf("remove old source: %w", err)
	}
	if err := os.CopyFS(source, os.DirFS(module.Dir)); err != nil {
		return "", fmt.Errorf("copy %s: %w", module.Dir, err)
	}
	return source, nil
}

// compile leaves no binary that is half written.
func compile(ctx context.Context, source, binary string, progress io.Writer) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary+".new", "./cmd/jaeger")
	build.Dir = source
	build.Env = append(os.Environ(), "GOWORK=off")
	build.Stdout, build.Stderr = progress, progress
	if err := build.Run(); err != nil {
		return fmt.Errorf("build %s: %w", Module, err)
	}
	if err := os.Rename(binary+".new", binary); err != nil {
		return fmt.Errorf("keep binary: %w", err)
	}
	return nil
}
