package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func spanWith(t *testing.T, kind ptrace.SpanKind, status ptrace.StatusCode, attributes map[string]any) span {
	s := ptrace.NewSpan()
	s.SetKind(kind)
	s.Status().SetCode(status)
	require.NoError(t, s.Attributes().FromRaw(attributes))
	return newSpan(s, service{})
}

func TestFailures(t *testing.T) {
	const server, client, internal = ptrace.SpanKindServer, ptrace.SpanKindClient, ptrace.SpanKindInternal
	const unset, ok, failure = ptrace.StatusCodeUnset, ptrace.StatusCodeOk, ptrace.StatusCodeError
	type facts = map[string]any
	for _, c := range []struct {
		kind   ptrace.SpanKind
		status ptrace.StatusCode
		facts  facts
		want   bool
	}{
		{server, unset, nil, false},
		{server, failure, nil, true},
		{internal, unset, facts{"error.type": "x"}, true},
		{server, ok, facts{"error.type": "x"}, false},
		{client, failure, facts{"rpc.grpc.status_code": 1}, false},
		{client, unset, facts{"http.status_code": 404}, true},
		{server, unset, facts{"http.status_code": 404}, false},
		{server, unset, facts{"http.response.status_code": "503"}, true},
		{client, unset, facts{"rpc.grpc.status_code": 5}, true},
		{server, unset, facts{"rpc.grpc.status_code": 5}, false},
		{server, unset, facts{"rpc.grpc.status_code": "UNAVAILABLE"}, true},
		{client, unset, facts{"rpc.grpc.status_code": "0"}, false},
		{internal, unset, facts{"otel.status_code": "ERROR"}, true},
		{internal, unset, facts{"error": true}, true},
	} {
		require.Equal(t, c.want, spanWith(t, c.kind, c.status, c.facts).failed, "%v %v %v", c.kind, c.status, c.facts)
	}
}

func TestEscapedExceptions(t *testing.T) {
	s := ptrace.NewSpan()
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	require.False(t, newSpan(s, service{}).failed)
	e.Attributes().PutBool("exception.escaped", true)
	require.True(t, newSpan(s, service{}).failed)
}

func TestPeers(t *testing.T) {
	type facts = map[string]any
	for want, f := range map[string]facts{
		"cart":          {"peer.service": "cart", "server.address": "x"},
		"host":          {"server.address": "host", "server.port": 80},
		"10.0.0.1:80":   {"net.peer.ip": "10.0.0.1", "net.peer.port": 80},
		"localhost:81":  {"server.address": "localhost", "server.port": 81},
		"shop":          {"http.host": "shop:8080"},
		"mysql/orders":  {"db.system": "mysql", "db.name": "orders"},
		"topic":         {"messaging.destination.name": "topic", "server.address": "broker"},
		"api.example":   {"url.full": "https://user:secret@api.example:443/x?y"},
		"127.0.0.1:9":   {"http.url": "http://127.0.0.1:9/x"},
		"oteldemo.Cart": {"rpc.service": "oteldemo.Cart"},
		"proxied":       {"upstream_cluster": "proxied"},
		"unknown_peer":  {},
	} {
		require.Equal(t, want, spanWith(t, ptrace.SpanKindClient, ptrace.StatusCodeUnset, f).peer)
	}
}
