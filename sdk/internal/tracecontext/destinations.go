package tracecontext

import (
	"net/netip"
	"slices"
	"strings"
)

// defaultSuffixes are names that no public DNS has: of RFC 6761, 6762, 8375,
// of ICANN's reservation for private use, and the short one of Kubernetes
// (svc.cluster.local is under local).
var defaultSuffixes = []string{"internal", "local", "localhost", "svc", "home.arpa"}

// shared is the address space of carrier-grade NAT (RFC 6598), which clusters
// use for their pods.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// Destinations are the hosts that may have what is ours: the jcg entry and
// business keys. The zero value allows loopback, private, link-local and
// shared addresses, host names without a dot, which only a search list
// resolves, and names under suffixes that no public DNS has.
type Destinations struct{ suffixes []string }

// DestinationsUnder also allows hosts of the given domains, with or without a
// dot in front, and those below them. Empty ones are ignored.
func DestinationsUnder(suffixes ...string) Destinations {
	var d Destinations
	for _, s := range suffixes {
		if s = strings.ToLower(strings.Trim(s, ".")); s != "" {
			d.suffixes = append(d.suffixes, s)
		}
	}
	return d
}

// String lists what is allowed.
func (d Destinations) String() string {
	names := append(slices.Clone(defaultSuffixes), d.suffixes...)
	return "private addresses, names without a dot, *." + strings.Join(names, ", *.")
}

// Allows reports whether a host, given as name or address, with or without a
// port, is one of them. What is neither a name nor an address is not.
func (d Destinations) Allows(host string) bool {
	host, ok := withoutPort(host)
	if !ok {
		return false
	}
	if isAddress(host) {
		return allowsAddress(host)
	}
	return isName(host) && d.allowsName(host)
}

func (d Destinations) allowsName(name string) bool {
	if !strings.Contains(name, ".") {
		return true
	}
	name = strings.TrimSuffix(name, ".")
	for _, suffix := range defaultSuffixes {
		if isUnder(name, suffix) {
			return true
		}
	}
	for _, suffix := range d.suffixes {
		if isUnder(name, suffix) {
			return true
		}
	}
	return false
}

// isUnder compares ASCII names.
func isUnder(name, suffix string) bool {
	above := len(name) - len(suffix)
	return above >= 0 && strings.EqualFold(name[above:], suffix) && (above == 0 || name[above-1] == '.')
}

func allowsAddress(text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || shared.Contains(a)
}

// isAddress reports whether a resolver would take the host for an address:
// some read 2130706433, 0x7f000001 and 127.1 as ones, which netip refuses.
func isAddress(host string) bool {
	if strings.Contains(host, ":") {
		return true
	}
	last := strings.TrimSuffix(host, ".")
	last = last[strings.LastIndexByte(last, '.')+1:]
	return last != "" && last[0] >= '0' && last[0] <= '9' && (isDigits(last) || len(last) > 1 && last[1]|0x20 == 'x')
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isName holds a host to letters, digits, hyphens and underscores in labels
// that are not empty; the last one may be, after a dot.
func isName(host string) bool {
	label := 0
	for i := range len(host) {
		c := host[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_':
			label++
		case c == '.' && label > 0:
			label = 0
		default:
			return false
		}
	}
	return host != "" && len(host) <= 255
}

// withoutPort takes host, host:port, [address] and [address]:port apart.
func withoutPort(s string) (host string, ok bool) {
	if bracketed, found := strings.CutPrefix(s, "["); found {
		host, port, closed := strings.Cut(bracketed, "]")
		return host, closed && strings.Contains(host, ":") && (port == "" || isPort(port))
	}
	colon := strings.IndexByte(s, ':')
	if colon < 0 || strings.IndexByte(s[colon+1:], ':') >= 0 {
		return s, s != ""
	}
	return s[:colon], colon > 0 && isPort(s[colon:])
}

func isPort(s string) bool { return len(s) > 1 && len(s) <= 6 && s[0] == ':' && isDigits(s[1:]) }
