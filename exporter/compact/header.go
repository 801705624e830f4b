package compact

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkHeaders refuses what gRPC would not send, or receivers not take: no stream
// would ever begin, and spans would wait for ever. Values may be secret, and are
// not told.
func checkHeaders(headers map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		low := strings.ToLower(name)
		switch {
		case low == "" || strings.Trim(low, "0123456789abcdefghijklmnopqrstuvwxyz-_.") != "":
			return fmt.Errorf("header %q: accepted: names of letters, digits and any of - _ . only", name)
		case low == "jcallgraph-sender" || strings.HasPrefix(low, "grpc-"):
			return fmt.Errorf("header %q: accepted: any name but jcallgraph-sender and those that begin with grpc-", name)
		case !strings.HasSuffix(low, "-bin") && strings.ContainsFunc(headers[name], func(r rune) bool { return r < ' ' || r > '~' }):
			return fmt.Errorf("value of header %q: accepted: printable ASCII, other bytes for names that end with -bin", name)
		}
	}
	return nil
}
