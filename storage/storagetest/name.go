package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func nameCases() []contractCase {
	return []contractCase{
		{"names/none", namesNone},
		{"names/services in order", namesServices},
		{"names/operations with their kinds", namesOperations},
	}
}

func namesNone(t *testing.T, s *subject) {
	services, err := s.Services(t.Context())
	require.NoError(t, err)
	require.Empty(t, services)
	operations, err := s.Operations(t.Context(), callgraph.Service{Name: "web"})
	require.NoError(t, err)
	require.Empty(t, operations)
}

func namesServices(t *testing.T, s *subject) {
	write(t, s, traces(s.base,
		span{trace: 1, id: 1, service: "web", resource: place("prod", "shop")},
		span{trace: 1, id: 2, service: "cart", resource: place("prod", "shop")}, span{trace: 1, id: 3, service: "cart", resource: place("prod", "shop")}))
	write(t, s, traces(s.base, span{trace: 2, id: 1, service: "ad"}, span{trace: 2, id: 2, service: "cart", resource: place("prod", "shop")}))
	services, err := s.Services(t.Context())
	require.NoError(t, err)
	require.Equal(t, []callgraph.Service{
		{Name: "ad"},
		{Environment: "prod", Namespace: "shop", Name: "cart"},
		{Environment: "prod", Namespace: "shop", Name: "web"},
	}, services)
}

func namesOperations(t *testing.T, s *subject) {
	write(t, s, traces(s.base,
		span{trace: 1, id: 1, service: "web", name: "b", kind: ptrace.SpanKindServer},
		span{trace: 1, id: 2, service: "web", name: "c", kind: ptrace.SpanKindClient},
		span{trace: 1, id: 3, service: "web", name: "c", kind: ptrace.SpanKindClient},
		span{trace: 1, id: 4, service: "web", name: "a", resource: place("prod", "")},
		span{trace: 1, id: 5, service: "cart", name: "d"}))
	write(t, s, traces(s.base, span{trace: 1, id: 6, service: "web", name: "c", kind: ptrace.SpanKindServer}))
	a := storage.OperationName{Name: "a", Kind: ptrace.SpanKindUnspecified}
	rest := []storage.OperationName{{Name: "b", Kind: ptrace.SpanKindServer}, {Name: "c", Kind: ptrace.SpanKindServer}, {Name: "c", Kind: ptrace.SpanKindClient}}
	requireOperations(t, s, callgraph.Service{Name: "web"}, append([]storage.OperationName{a}, rest...))
	requireOperations(t, s, callgraph.Service{Name: "web", Environment: "prod"}, []storage.OperationName{a})
	requireOperations(t, s, callgraph.Service{Name: "nobody"}, nil)
}

// requireOperations compares names in order, and kinds of one name in any.
func requireOperations(t *testing.T, b storage.NameReader, service callgraph.Service, want []storage.OperationName) {
	t.Helper()
	got, err := b.Operations(t.Context(), service)
	require.NoError(t, err)
	require.ElementsMatch(t, want, got)
	for i := 1; i < len(got); i++ {
		require.LessOrEqual(t, got[i-1].Name, got[i].Name, "in order of name")
	}
}
