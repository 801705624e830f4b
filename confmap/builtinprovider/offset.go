package builtinprovider

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
)

const (
	// EnvPortOffset is added to every port of a built-in configuration.
	EnvPortOffset = "JCG_PORT_OFFSET"
	// queryOffset does the same for one of them, and is asked first.
	queryOffset = "port_offset"
	// highestPort of the built-in configurations: the query API's.
	highestPort = 16686
	maxOffset   = 65535 - highestPort
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
		return parseOffset(queryOffset, values.Get(queryOffset))
	}
	if v := os.Getenv(EnvPortOffset); v != "" {
		return parseOffset(EnvPortOffset, v)
	}
	return 0, nil
}

func parseOffset(name, v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > maxOffset {
		return 0, fmt.Errorf("%s=%q: must be a whole number from 0 to %d", name, v, maxOffset)
	}
	return n, nil
}
