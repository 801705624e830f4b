package spanfact

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// TestEveryAttributeIsFound guards the table and the filter before it.
func TestEveryAttributeIsFound(t *testing.T) {
	names := []string{
		statusCode, openTracingFail, errorType, degraded, httpStatus, httpStatusOlder, grpcStatus, rpcStatus,
		peerName, peerNameOlder, serverAddress, serverPort, netPeerName, netPeerPort, netSockPeerName, netPeerIP,
		netSockPeerAddr, networkPeerAddress, networkPeerPort, urlFull, httpURL, httpHost, dbSystem, dbSystemOlder,
		dbNamespace, dbNameOlder, messagingTopic, messagingOlder, rpcService, envoyCluster, envoyClusterOlder,
		callgraph.AttributeSoftError, callgraph.AttributeCounted, callgraph.AttributeLate,
	}
	for _, name := range names {
		require.True(t, ofBoth.speaks(name), name)
		require.NotEqual(t, nothing, ofBoth.keyOf(name), name)
	}
	require.False(t, ofBoth.speaks("app.order.id"))
	require.Equal(t, nothing, ofBoth.keyOf("server.addresses"))
}

func TestAnEmptyNameSaysNothing(t *testing.T) {
	f := New(Client)
	f.NoteString("", "x")
	f.NoteName("")
	require.Equal(t, New(Client), f)
}

func TestNamesOfListsSayWhatIsSpoken(t *testing.T) {
	f := New(Client)
	f.NoteName("http.request.header.accept")
	require.Equal(t, callgraph.HTTP, f.Connection())
}

func TestOnlyExitSpansHaveAPeer(t *testing.T) {
	for kind, want := range map[Kind]string{Server: UnknownPeer, Internal: UnknownPeer, Client: "cart", Producer: "cart"} {
		f := New(kind)
		f.NoteString(serverAddress, "cart")
		require.Equal(t, want, f.PeerName(), kind)
	}
}

func TestPeersCompareInParts(t *testing.T) {
	ip := func(port int64) Peer {
		f := New(Client)
		f.NoteString(serverAddress, "10.0.0.7")
		f.NoteInt(serverPort, port)
		return f.Peer()
	}
	require.Equal(t, ip(80), ip(80))
	require.NotEqual(t, ip(80), ip(81))
	require.Equal(t, "10.0.0.7:80", ip(80).String())
}

func TestTimeoutsAreKnownWhateverTheCase(t *testing.T) {
	for name, want := range map[string]bool{
		"TimeoutError": true, "DEADLINE_EXCEEDED": true, "ETIMEDOUT": true, "TIMED_OUT": true, "504": true,
		"": false, "IOException": false, "500": false,
		string(make([]byte, maxTypeName)) + "timeout": false,
	} {
		require.Equal(t, want, meansTimeout(name), name)
	}
}

func TestErrorsOfAnSDKsSpan(t *testing.T) {
	f := New(Server)
	f.NoteInt(httpStatus, 503)
	f.NoteString(errorType, "503")
	f.NoteException("", true)
	outcome, source := f.Outcome(StatusUnset)
	require.Equal(t, callgraph.Error, outcome)
	require.Equal(t, errorType, source.String())
	require.EqualValues(t, 503, f.HTTPStatus())
	require.Equal(t, "503", f.ErrorType())
	require.True(t, f.Escaped())
}

func clientSpan() (callgraph.Outcome, Peer) {
	f := New(Client)
	f.NoteString("http.request.method", "GET")
	f.NoteString("url.full", "http://cart:8080/cart/7?x=1")
	f.NoteString("server.address", "cart")
	f.NoteInt("server.port", 8080)
	f.NoteInt("http.response.status_code", 404)
	f.NoteString("error.type", "TimeoutException")
	f.NoteString("network.protocol.version", "1.1")
	f.NoteString("app.tenant", "x")
	outcome, _ := f.Outcome(StatusError)
	return outcome, f.Peer()
}

func TestNothingIsAllocated(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() {
		outcome, peer := clientSpan()
		require.False(t, outcome != callgraph.Timeout || peer.name != "cart")
	}))
}

func BenchmarkClientSpan(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		clientSpan()
	}
}

func BenchmarkAttributeThatSaysNothing(b *testing.B) {
	for _, name := range []string{"app.order.id", "user.id", "url.path", "network.protocol.version", "http.request.method", "server.address"} {
		b.Run(name, func(b *testing.B) {
			f := New(Server)
			for b.Loop() {
				f.NoteString(name, "x")
			}
		})
	}
}
