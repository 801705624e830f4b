package calltree_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

func TestServiceOf(t *testing.T) {
	cases := map[string]struct {
		attributes map[string]any
		want       callgraph.Service
	}{
		"nothing": {nil, callgraph.Service{Name: "unknown_service"}},
		"all": {
			map[string]any{"service.name": "web", "service.namespace": "shop", "deployment.environment.name": "prod"},
			callgraph.Service{Environment: "prod", Namespace: "shop", Name: "web"},
		},
		"older environment": {
			map[string]any{"service.name": "web", "deployment.environment": "prod"},
			callgraph.Service{Environment: "prod", Name: "web"},
		},
		"both environments": {
			map[string]any{"service.name": "web", "deployment.environment": "old", "deployment.environment.name": "new"},
			callgraph.Service{Environment: "new", Name: "web"},
		},
		"a number as a name": {map[string]any{"service.name": 7}, callgraph.Service{Name: "7"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := pcommon.NewResource()
			require.NoError(t, r.Attributes().FromRaw(c.attributes))
			require.Equal(t, c.want, calltree.ServiceOf(r))
		})
	}
}

func TestConnectionOf(t *testing.T) {
	for line, want := range map[string]callgraph.Connection{
		"client":                                                 callgraph.ConnectionUnset,
		"client server.address=cart":                             callgraph.ConnectionUnset,
		"client http.request.method=GET":                         callgraph.HTTP,
		"server http.method=GET":                                 callgraph.HTTP,
		"client http.method=POST rpc.system=x":                   callgraph.RPC,
		"client db.system=elasticsearch http.request.method=GET": callgraph.Database,
		"client rpc.system=aws-api db.system=dynamodb":           callgraph.Database,
		"client messaging.system=kafka":                          callgraph.Messaging,
		"producer rpc.system=grpc":                               callgraph.Messaging,
		"consumer":                                               callgraph.Messaging,
	} {
		require.Equal(t, want, calltree.ConnectionOf(spanOf(t, line)), line)
	}
}

// TestPeerOf covers what testdata/peers.txt does not: precedence and odd URLs.
func TestPeerOf(t *testing.T) {
	for line, want := range map[string]string{
		"client": "unknown_peer",
		"client service.peer.name=cart server.address=x":                            "cart",
		"client server.address=new net.peer.name=old":                               "new",
		"client net.peer.name=name network.peer.address=10.0.0.7":                   "name",
		"client net.peer.ip=10.0.0.7":                                               "10.0.0.7",
		"client http.host=shop.example:8080":                                        "shop.example",
		"client http.host=[::1]:8080":                                               "::1",
		"client db.system=mysql server.address=db-1":                                "db-1",
		"client db.system.name=mysql db.namespace=orders":                           "mysql/orders",
		"client messaging.destination.name=orders messaging.system=kafka":           "orders",
		"client messaging.destination.name=orders rpc.system=x server.address=q":    "orders",
		"producer server.address=broker messaging.destination=orders":               "orders",
		"client url.full=https://example.com":                                       "example.com",
		"client url.full=https://example.com?x=http://other/":                       "example.com",
		"client url.full=https://user@10.0.0.1:8443/":                               "10.0.0.1:8443",
		"client url.full=/relative":                                                 "unknown_peer",
		"client url.full=https://:80/":                                              "unknown_peer",
		"client url.full=http://localhost:port/":                                    "localhost",
		"client rpc.service=shop.Cart upstream_cluster=cart":                        "shop.Cart",
		"client upstream_cluster=cart|8080":                                         "cart|8080",
		"client peer.service=cart messaging.destination.name=a messaging.system=b":  "cart",
		"client server.address=10.0.0.1":                                            "10.0.0.1",
		"client server.address=node1.example server.port=1 http.request.method=GET": "node1.example",
	} {
		got := calltree.PeerOf(spanOf(t, line), callgraph.Service{Environment: "prod", Namespace: "shop", Name: "web"})
		require.Equal(t, callgraph.Operation{Service: callgraph.Service{Environment: "prod", Name: want}, Node: callgraph.Virtual}, got, line)
	}
}
