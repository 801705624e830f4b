package tracecontext

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

var destinations = map[string]bool{
	"localhost": true, "LOCALHOST:8080": true, "127.0.0.1": true, "127.9.9.9:80": true, "::1": true, "[::1]": true, "[::1]:80": true,
	"10.1.2.3": true, "172.16.0.1": true, "172.31.255.255": true, "192.168.0.1:443": true, "fd00::1": true, "[fd12:3456::1]:50051": true,
	"169.254.1.1": true, "fe80::1%eth0": true, "100.64.0.1": true, "100.127.255.254": true, "::ffff:10.0.0.1": true, "0.0.0.0": true, "[::]:80": true,
	"cart": true, "cart:80": true, "redis-0": true, "my_service": true, "x1": true, "0xcart.internal": true,
	"cart.internal": true, "cart.shop.svc.cluster.local": true, "cart.shop.svc": true, "Cart.Shop.SVC.cluster.LOCAL.": true, "ip-10-0-0-1.ec2.internal:80": true,
	"a.localhost": true, "nas.home.arpa": true, "shop.example.com": true, "example.com": true, "EXAMPLE.com:443": true, "deep.in.corp.test": true,

	"": false, ":80": false, ".": false, "..": false, "com.": false, "ai.": false, "example.org": false, "notexample.com": false, "example.com.evil.org": false,
	"8.8.8.8": false, "8.8.8.8:53": false, "2001:4860:4860::8888": false, "[2001:4860:4860::8888]:53": false, "::ffff:8.8.8.8": false, "172.32.0.1": false, "100.128.0.1": false,
	"134744072": false, "0x08080808": false, "0X8080808": false, "8.8": false, "127.1": false, "010.0.0.1": false, "10.0.0.1.": false, "1.2.3.0x4": false,
	"evil.com/.internal": false, "evil.com#.internal": false, "evil.com?x=.internal": false, "user@cart": false, "evil.com\\.internal": false, "evil.com\x00.internal": false,
	"evil..internal": false, ".internal": false, "-": true, "cart internal": false, "ca\u212at.internal": false, "evil.com:80:.internal": false, "10.0.0.1:evil": false, "cart:": false,
	"[cart]": false, "[::1": false, "[::1]x": false, "[::1]:": false, "[::1]:80:80": false, "64:ff9b::a00:1": false, "::1%": false, "10.0.0.1%eth0": false,
}

func TestDestinations(t *testing.T) {
	d := DestinationsUnder(".example.com", "Corp.Test", "", ".")
	for host, want := range destinations {
		if got := d.Allows(host); got != want {
			t.Errorf("Allows(%q) = %t", host, got)
		}
	}
	if (Destinations{}).Allows("shop.example.com") {
		t.Error("the zero value allows a public name")
	}
	if want := "private addresses, names without a dot, *.internal, *.local, *.localhost, *.svc, *.home.arpa, *.example.com, *.corp.test"; d.String() != want {
		t.Errorf("String is %q, want %q", d, want)
	}
	if !strings.HasPrefix(DestinationsUnder().String(), "private") || DestinationsUnder("").suffixes != nil {
		t.Error("no suffix became one")
	}
}

func TestDestinationsDoNotAllocate(t *testing.T) {
	d := DestinationsUnder("example.com")
	for _, host := range []string{"cart.shop.svc.cluster.local:8080", "10.0.0.1:80", "[fd00::1]:80", "api.example.com", "www.example.org:443"} {
		if n := testing.AllocsPerRun(100, func() { d.Allows(host) }); n != 0 {
			t.Errorf("Allows(%q) allocates %v times", host, n)
		}
	}
}

// FuzzDestinations holds what is allowed against the system's own idea of a
// host: no port, no userinfo, no path gets through, and no public address.
func FuzzDestinations(f *testing.F) {
	for host := range destinations {
		f.Add(host)
	}
	d := DestinationsUnder("example.com")
	f.Fuzz(func(t *testing.T, host string) {
		if !d.Allows(host) {
			return
		}
		name := host
		if h, _, err := net.SplitHostPort(host); err == nil {
			name = h
		}
		name = strings.Trim(name, "[]")
		if a, err := netip.ParseAddr(name); err == nil {
			if a = a.Unmap().WithZone(""); a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a) {
				t.Fatalf("%q is a public address", host)
			}
			return
		}
		if strings.ContainsAny(name, "/:@?#\\%[] \t\r\n\x00") {
			t.Fatalf("%q is no host", host)
		}
	})
}

func BenchmarkDestinations(b *testing.B) {
	d := DestinationsUnder("example.com")
	for _, host := range []string{"cart.shop.svc.cluster.local:8080", "10.0.0.1:80", "www.example.org"} {
		b.Run(host, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Allows(host)
			}
		})
	}
}
