// Command size tells how much larger a program gets with our SDK than it is
// with OTel's: it builds the programs beside it, stripped, and prints the bytes
// of each and their ratio to stock's.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

const here = "github.com/jcallgraph/jcallgraph/bench/sdk/size/"

func main() {
	folder, err := os.MkdirTemp("", "size")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := report(folder); err != nil {
		log.Print(err)
	}
}

func report(folder string) error {
	stock := int64(0)
	for _, name := range []string{"stock", "everything", "provider", "ours"} {
		size, err := build(filepath.Join(folder, name), here+name)
		if err != nil {
			return err
		}
		if stock == 0 {
			stock = size
		}
		fmt.Printf("binary_%s %d B\n", name, size)
		fmt.Printf("binary_%s_vs_stock %.3f ratio\n", name, float64(size)/float64(stock))
	}
	return nil
}

func build(output, program string) (int64, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", output, program) //nolint:noctx // a build
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("build %s: %w", program, err)
	}
	info, err := os.Stat(output)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
