package builtinprovider

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"

	"github.com/jcallgraph/jcallgraph/internal/portoffset"
)

const (
	// EnvPortOffset is added to every port of a built-in configuration.
	EnvPortOffset = portoffset.Variable
	// queryOffset does the same for one of them, and is asked first.
	queryOffset = "port_offset"
	// highestPort of the built-in configurations: the query API's.
	highestPort = 16686
)

func portOffset(query string) (int, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return 0, fmt.Errorf("query %q: %w", query, err)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key != queryOffset {
			return 0, fmt.Errorf("unknown option %q: there is only %s", key, queryOffset)
		}
	}
	if values.Has(queryOffset) {
		return portoffset.Parse(queryOffset, values.Get(queryOffset), highestPort)
	}
	if v := os.Getenv(EnvPortOffset); v != "" {
		return portoffset.Parse(EnvPortOffset, v, highestPort)
	}
	return 0, nil
}
