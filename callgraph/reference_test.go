package callgraph

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReference(t *testing.T) {
	for _, r := range []Reference{{}, {Caller: 1, Site: 2}, {Caller: ^StaticID(0), Indirect: true}} {
		got, err := ParseReference(r.String())
		require.NoError(t, err)
		require.Equal(t, r, got)
		require.Equal(t, Operation{Name: r.String(), Node: Referred}, r.Operation())
	}
	for _, s := range []string{
		"", "0000000000000001", "0000000000000001:000000000000000", "0000000000000001.0000000000000002",
		"0000000000000001:000000000000000G", "000000000000000A:0000000000000002", "0000000000000001:0000000000000002:else",
	} {
		_, err := ParseReference(s)
		require.ErrorContains(t, err, s)
	}
}

func TestSitesAreOfTheServiceNotOfItsOperations(t *testing.T) {
	shop := Service{Environment: "e", Namespace: "n", Name: "shop"}
	stock := Operation{Service: Service{Environment: "e", Name: "stock:80"}, Name: "GET", Node: Virtual}
	site := SiteIDOf(shop, stock)
	require.NotZero(t, site)
	for _, other := range []StaticID{
		SiteIDOf(Service{Environment: "e", Name: "shop"}, stock),
		SiteIDOf(shop, Operation{Service: stock.Service, Name: "POST"}),
		SiteIDOf(shop, Operation{Service: Service{Name: "stock"}, Name: ":80GET"}),
	} {
		require.NotEqual(t, site, other)
	}
	require.Equal(t, site, SiteIDOf(shop, Operation{Service: Service{Name: "stock:80"}, Name: "GET"}), "the peer's environment is its caller's")
}
