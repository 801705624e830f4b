package child

import (
	"fmt"
	"path/filepath"
)

// Collector is the collector under test.
type Collector struct {
	Binary string
	// Folder gets the store and the log.
	Folder string
	// PortOffset is added to every port.
	PortOffset int
	// Args follow those that name the built-in configuration.
	Args []string
}

// Store is the folder of the collector's data.
func (c Collector) Store() string { return filepath.Join(c.Folder, "store") }

// Traces is where it listens for OTLP/gRPC.
func (c Collector) Traces() string { return c.address(4317) }

// API is the URL of its query API.
func (c Collector) API() string { return "http://" + c.address(16686) }

func (c Collector) address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port+c.PortOffset) }

// Command starts it with its built-in configuration.
func (c Collector) Command() Command {
	return Command{
		Path: c.Binary,
		Args: append([]string{"--config", "builtin:all-in-one"}, c.Args...),
		Env:  []string{"JCG_DATA=" + c.Store(), fmt.Sprintf("JCG_PORT_OFFSET=%d", c.PortOffset)},
		// The API listens last: it needs the store.
		Listens: []string{c.Traces()},
		Answers: c.API() + "/api/services",
		Log:     filepath.Join(c.Folder, "collector.log"),
	}
}
