package edge_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
)

const noon = 1795435200 // 2026-11-23T12:00:00Z

var shop = callgraph.Service{Environment: "production", Namespace: "shop", Name: "cart"}

func own(name string) callgraph.Operation { return callgraph.Operation{Service: shop, Name: name} }

func peer(service, name string) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Environment: "production", Name: service}, Name: name, Node: callgraph.Virtual}
}

func sketch(durations ...time.Duration) (s callgraph.Sketch) {
	for _, d := range durations {
		s.Add(d, 1)
	}
	return s
}

// cell is in the bucket that many seconds after noon.
func cell(caller, callee callgraph.Operation, c callgraph.Connection, o callgraph.Outcome, after int64) callgraph.Cell {
	return callgraph.Cell{CellKey: callgraph.CellKey{
		Edge:    callgraph.Edge{Caller: caller, Callee: callee, Connection: c},
		Outcome: o,
		Bucket:  callgraph.Bucket{Start: noon + after, Width: callgraph.HotWidth},
	}}
}

const ms = time.Millisecond

// goldens are the delta examples of the spec.
func goldens() map[string]edge.Interval {
	client := cell(own("GET /cart"), peer("prices", "Prices/Get"), callgraph.RPC, callgraph.OK, 0)
	client.Client = sketch(3*ms, 4*ms, 40*ms)
	later := client
	later.Bucket.Start += 10
	late := cell(own("GET /cart"), peer("prices", "Prices/Get"), callgraph.RPC, callgraph.Timeout, 10)
	late.Client = sketch(0, time.Second)

	site := callgraph.SiteIDOf(callgraph.Service{Environment: "production", Name: "web"}, peer("cart", "GET"))
	reference := callgraph.Reference{Caller: 0xc0ffee, Site: site}
	server := cell(reference.Operation(), own("GET /cart"), callgraph.HTTP, callgraph.OK, 0)
	server.Server = sketch(2*ms, 3*ms)
	reference.Indirect = true
	indirect := cell(reference.Operation(), own("GET /cart"), callgraph.HTTP, callgraph.Error, 0)
	indirect.Server, indirect.ServerOnly = sketch(2*ms, 1<<60), 2
	entrance := cell(callgraph.Operation{Node: callgraph.Outside}, own("nightly"), callgraph.ConnectionUnset, callgraph.OK, 0)
	entrance.Server, entrance.ServerOnly = sketch(time.Minute), 1

	message := cell(callgraph.Reference{Caller: 0xc0ffee, Site: 7}.Operation(), own("orders process"), callgraph.Messaging, callgraph.Error, 0)
	message.Server, message.Queue = sketch(5*ms), sketch(1500*ms)

	folded := cell(callgraph.Operation{Node: callgraph.Unknown}, own(callgraph.OtherOperation), callgraph.HTTP, callgraph.Rejected, 0)
	folded.Server, folded.ServerOnly, folded.Folded = sketch(ms, ms), 1, true
	told := cell(own("GET"), peer("prices", "Prices/Get"), callgraph.ConnectionUnset, callgraph.OK, 0)

	return map[string]edge.Interval{
		"v1_sdk_client":  interval(7, client, later, late),
		"v1_sdk_server":  interval(1, server, indirect, entrance),
		"v1_sdk_message": interval(2, message),
		"v1_sdk_folded":  interval(3, folded, told),
	}
}

func interval(n uint64, cells ...callgraph.Cell) edge.Interval {
	return edge.Interval{Instance: "cart-7d9f@00000000c0ffee00", Number: n, Cells: cells}
}

// TestGoldenRequests holds that what OTel's own exporter makes of an interval is
// what the spec shows and edgemetric reads.
func TestGoldenRequests(t *testing.T) {
	server := newServer(t, "127.0.0.1:0")
	exporter, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithEndpoint(server.address))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, exporter.Shutdown(context.Background())) })
	r := resource.NewSchemaless(attribute.String("service.name", "cart"), attribute.String("service.instance.id", "cart-7d9f"))
	for name, i := range goldens() {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, exporter.Export(t.Context(), edge.Encode(i, r)))
			told, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(<-server.requests)
			require.NoError(t, err)
			path := filepath.Join("..", "..", "..", "callgraph", "edgemetric", "testdata", name+".json")
			if _, err := os.Stat(path); os.IsNotExist(err) && os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.WriteFile(path, indent(t, told), 0o644))
			}
			frozen, err := os.ReadFile(path)
			require.NoError(t, err)
			require.JSONEq(t, string(frozen), string(told))
		})
	}
}

func indent(t *testing.T, b []byte) []byte {
	var v any
	require.NoError(t, json.Unmarshal(b, &v))
	out, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return append(out, '\n')
}

// server is a real OTLP receiver.
type server struct {
	pmetricotlp.UnimplementedGRPCServer
	address  string
	requests chan pmetric.Metrics
	stop     func() // once or more
}

func newServer(t *testing.T, address string) *server {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	s := &server{address: listener.Addr().String(), requests: make(chan pmetric.Metrics, 10)}
	g := grpc.NewServer()
	pmetricotlp.RegisterGRPCServer(g, s)
	done := make(chan error)
	go func() { done <- g.Serve(listener) }()
	s.stop = sync.OnceFunc(func() {
		g.Stop()
		require.NoError(t, <-done)
	})
	t.Cleanup(s.stop)
	return s
}

func (s *server) Export(_ context.Context, r pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	s.requests <- r.Metrics()
	return pmetricotlp.NewExportResponse(), nil
}

func numberOf(m pmetric.Metrics) int64 {
	v, _ := m.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes().Get(edgeschema.AttributeInterval)
	return v.Int()
}
