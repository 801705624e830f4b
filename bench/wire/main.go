package main

import (
	"fmt"
	"os"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func main() {
	e, d := wirepdata.NewEncoder(), wirepdata.NewDecoder()
	bytes, spans, diff := 0, 0, 0
	for td, err := range otlpdump.Files(os.Args[1:]...) {
		if err != nil {
			panic(err)
		}
		frames, err := e.Encode(td)
		if err != nil {
			panic(err)
		}
		got := spanset.Set{}
		for _, f := range frames {
			bytes += len(f.Bytes)
			out, err := d.Decode(f.Bytes)
			if err != nil {
				panic(err)
			}
			spans += out.SpanCount()
			got.Add(out)
		}
		diff += spanset.Of(td).Differing(got)
	}
	fmt.Println(spans, float64(bytes)/float64(spans), "differing", diff)
}
