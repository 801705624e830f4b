// Command wire measures what traces cost on their way: bytes and processor
// time a span, for the compact format and its peers on the same batches.
//
//	go run ./bench/wire [flags] [FILE…]
//
// The files (default: the OTel demo shop's recording in $JCG_TRACES) are cut
// into batches in their order. Each codec encodes all of them on fresh streams,
// one for all spans (form gateway) or one a service (form services), and what
// it decodes is compared span for span. bench/peers adds STEF and OTel-Arrow.
package main

import (
	"fmt"
	"os"

	"github.com/jcallgraph/jcallgraph/bench/internal/wirebench"
)

func main() {
	if err := wirebench.Run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/wire:", err)
		os.Exit(1)
	}
}
