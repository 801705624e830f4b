package compact_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// TestTLSAndHeaders: the collector is known by its certificate, the exporter by
// its own one and a header.
func TestTLSAndHeaders(t *testing.T) {
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS() // for its certificate
	t.Cleanup(web.Close)
	pair := web.TLS.Certificates[0]
	var tenant atomic.Value
	c := newCollector()
	defer c.cut(t)
	transport := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12})),
		grpc.StreamInterceptor(func(s any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			md, _ := metadata.FromIncomingContext(stream.Context())
			tenant.Store(md.Get("x-tenant"))
			return next(s, stream)
		}))
	server.New(c, server.Options{}).Register(transport)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- transport.Serve(listener) }()
	t.Cleanup(func() { transport.Stop(); require.NoError(t, <-served) })

	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	e, err := compact.New(compact.WithEndpoint(listener.Addr().String()), compact.WithHeaders(map[string]string{"X-Tenant": "blue"}),
		compact.WithTLSConfig(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}))
	require.NoError(t, err)
	require.NoError(t, e.ExportSpans(t.Context(), someSpans(2)))
	require.Equal(t, 2, c.stored(t))
	require.Equal(t, []string{"blue"}, tenant.Load())
	require.NoError(t, e.Shutdown(t.Context()))
}
