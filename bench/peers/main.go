// Command peers is bench/wire with the codecs that need modules of their own,
// which the project itself should not depend on.
//
//	cd bench/peers && go run . [flags] [FILE…]
package main

import (
	"fmt"
	"os"

	"github.com/jcallgraph/jcallgraph/bench/internal/wirebench"
)

func main() {
	peers := []wirebench.Codec{{Name: "stef_zstd", Open: stef}, {Name: "otel_arrow", Open: otelArrow}}
	if err := wirebench.Run(os.Args[1:], os.Stdout, os.Stderr, peers...); err != nil {
		fmt.Fprintln(os.Stderr, "bench/peers:", err)
		os.Exit(1)
	}
}
