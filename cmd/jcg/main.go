// Command jcg is the command-line tool of JCallGraph.
package main

import (
	"os"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/command"
)

func main() {
	os.Exit(command.Run(os.Args[1:], command.Process()))
}
