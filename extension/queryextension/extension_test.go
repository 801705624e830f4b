package queryextension

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/pagetest"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

func TestDeclaresACallOnce(t *testing.T) {
	c := NewFactory().CreateDefaultConfig().(*Config)
	call := Declared{Service: "shop", Operation: "POST /order", Peer: "mail", PeerOperation: "send", Strength: "weak"}
	other, again := call, call
	other.PeerOperation, again.Strength = "receive", "strong"
	c.Dependencies.Declared = []Declared{call, other, again}
	require.EqualError(t, c.Validate(), "dependencies::declared::2: is the same call as number 0: each may be declared once")
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host has a storage extension that lends one backend.
type host struct{ backend storage.Backend }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("call_graph_storage"): lender(h)}
}

type lender host

func (lender) Start(context.Context, component.Host) error { return nil }
func (lender) Shutdown(context.Context) error              { return nil }
func (lender) Describe(string) string                      { return "in memory" }
func (l lender) Backend(name string) (storage.Backend, error) {
	if name != "local" {
		return nil, storage.ErrNotFound
	}
	return l.backend, nil
}

func newBackend(t *testing.T) storage.Backend {
	b, err := memory.Open(memory.Options{Server: memory.NewServer(64 << 20)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func create(t *testing.T, change func(*Config)) *Extension {
	f := NewFactory()
	cfg := f.CreateDefaultConfig().(*Config)
	cfg.HTTP.NetAddr.Endpoint = "127.0.0.1:0"
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	e, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	return e.(*Extension)
}

func freeAddress(t *testing.T) string {
	l := listen(t)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func start(t *testing.T, e *Extension, b storage.Backend) {
	require.NoError(t, e.Start(t.Context(), host{b}))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
}

func ask(t *testing.T, e *Extension, path string, answer any) int {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.address+path, nil)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	if answer != nil {
		require.NoError(t, json.Unmarshal(body, answer), "%s", body)
	}
	return response.StatusCode
}

func TestTheGraphFollowsTheStore(t *testing.T) {
	b := newBackend(t)
	e := create(t, func(c *Config) { c.RefreshInterval = minRefresh })
	start(t, e, b)
	c := callgraph.Cell{Sequence: 1}
	c.Edge.Caller.Service.Name, c.Edge.Callee.Service.Name = "web", "cart"
	c.Bucket = callgraph.BucketAt(time.Now(), callgraph.HotWidth)
	c.Client.Add(time.Millisecond, 3)
	require.NoError(t, b.WriteCells(t.Context(), []callgraph.Cell{c}))
	require.Eventually(t, func() bool {
		var map1 struct {
			Edges []struct{ Calls int }
		}
		return ask(t, e, "/api/jcg/v1/map", &map1) == 200 && len(map1.Edges) == 1 && map1.Edges[0].Calls == 3
	}, time.Minute, 20*time.Millisecond)
}

// failing is a backend whose changes can't be read.
type failing struct{ storage.Backend }

func (failing) Changes(context.Context, storage.Cursor, func([]callgraph.Cell) error) (storage.Cursor, error) {
	return "", errors.New("disk on fire")
}

func TestAGraphThatFallsBehindIsCountedAndLoggedOnce(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	e := create(t, func(c *Config) { c.RefreshInterval = minRefresh })
	core, logs := observer.New(zap.WarnLevel)
	e.telemetry = tel.NewTelemetrySettings()
	e.telemetry.Logger = zap.New(core)
	start(t, e, failing{newBackend(t)})
	require.Eventually(t, func() bool {
		m, err := tel.GetMetric(metricRefreshFailures)
		return err == nil && m.Data.(metricdata.Sum[int64]).DataPoints[0].Value > 2
	}, time.Minute, 5*time.Millisecond)
	require.Equal(t, 1, logs.Len())
	var health struct{ Status, Failure string }
	require.Equal(t, 200, ask(t, e, "/api/jcg/v1/health", &health))
	require.Equal(t, "stale: disk on fire", health.Status+": "+health.Failure)
}

func TestShutdownTwiceAndBeforeStart(t *testing.T) {
	e := create(t, nil)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Start(t.Context(), host{newBackend(t)}))
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestItDependsOnTheStorageExtension(t *testing.T) {
	e := create(t, func(c *Config) { c.Storage = component.MustNewIDWithName("call_graph_storage", "other") })
	require.Equal(t, []component.ID{e.config.Storage}, e.Dependencies())
	require.EqualError(t, e.Start(t.Context(), host{}), `storage: there is no extension "call_graph_storage/other"; add it to service::extensions`)
	e = create(t, func(c *Config) { c.Backend = "other" })
	require.ErrorIs(t, e.Start(t.Context(), host{}), storage.ErrNotFound)
}

func TestATakenPortOfOurOwnIsNamed(t *testing.T) {
	taken := listen(t).Addr().String()
	e := create(t, func(c *Config) { c.HTTP.NetAddr.Endpoint = taken })
	err := e.Start(t.Context(), host{newBackend(t)})
	require.ErrorContains(t, err, "query API can't listen: "+taken+" is in use")
	require.ErrorContains(t, err, "JCG_PORT_OFFSET=10000")
	require.NoError(t, e.Shutdown(t.Context()))
}

func config(endpoints map[string]any) *confmap.Conf {
	return confmap.NewFromStringMap(map[string]any{
		"receivers": map[string]any{
			"otlp": map[string]any{"protocols": map[string]any{
				"grpc": map[string]any{"endpoint": endpoints["grpc"], "tls": map[string]any{"cert_file": "server.crt"}}, "http": nil,
			}},
			"otlp/unused": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": endpoints["unused"]}}},
			"otlp/unix":   map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "/run/otlp.sock", "transport": "unix"}}},
			"kafka":       map[string]any{"endpoint": endpoints["dialled"]},
			"compact":     map[string]any{"endpoint": endpoints["compact"]},
		},
		"exporters": map[string]any{
			"otlp":       map[string]any{"endpoint": endpoints["dialled"]},
			"prometheus": map[string]any{"endpoint": endpoints["prometheus"]},
		},
		"service": map[string]any{"pipelines": map[string]any{
			"traces":             map[string]any{"receivers": []any{"otlp", "kafka", "otlp/unix", "compact"}, "exporters": []any{"otlp"}},
			"metrics/prometheus": map[string]any{"receivers": []any{"otlp"}, "exporters": []any{"prometheus"}},
		}},
	})
}

func TestOnlyWhatListensIsChecked(t *testing.T) {
	all := listenersOf(config(map[string]any{
		"grpc": "127.0.0.1:1", "unused": "127.0.0.1:2", "dialled": "127.0.0.1:3", "prometheus": "127.0.0.1:4", "compact": "127.0.0.1:5",
	}))
	require.Equal(t, []listener{
		{component: "exporter prometheus", kind: "prometheus", endpoint: "127.0.0.1:4"},
		{component: "receiver compact", kind: "compact", endpoint: "127.0.0.1:5"},
		{component: "receiver otlp", kind: "otlp", protocol: "grpc", endpoint: "127.0.0.1:1", tls: true},
		{component: "receiver otlp", kind: "otlp", protocol: "http", endpoint: "localhost:4318"},
	}, all)
}

func TestTakenPortsOfOthersAreNamed(t *testing.T) {
	taken, free := listen(t).Addr().String(), freeAddress(t)
	require.NoError(t, check(t.Context(), []listener{{endpoint: free}}))
	require.NoError(t, check(t.Context(), []listener{{endpoint: free}}), "what was opened is closed")
	err := check(t.Context(), []listener{{component: "receiver otlp", protocol: "grpc", endpoint: taken}, {component: "exporter prometheus", endpoint: taken}})
	require.ErrorContains(t, err, "receiver otlp (grpc) can't listen: "+taken+" is in use")
	require.ErrorContains(t, err, "exporter prometheus can't listen: "+taken+" is in use")
	require.ErrorContains(t, err, "JCG_PORT_OFFSET=10000 build/jcallgraph")
	require.Error(t, check(t.Context(), []listener{{endpoint: free}, {endpoint: free}}), "two components want one address")
	require.ErrorContains(t, check(t.Context(), []listener{{component: "receiver x", endpoint: "nonsense"}}), "receiver x can't listen at nonsense")
}

func TestTheConfigurationIsCheckedAndTheWelcomeSaysWhereEverythingIs(t *testing.T) {
	e := create(t, func(c *Config) { c.BasePath = "/graph" })
	var terminal bytes.Buffer
	e.terminal = &terminal
	start(t, e, newBackend(t))
	taken := listen(t).Addr().String()
	conf := config(map[string]any{"grpc": taken, "prometheus": freeAddress(t), "compact": "0.0.0.0:0"})
	require.NoError(t, conf.Merge(confmap.NewFromStringMap(map[string]any{
		"receivers": map[string]any{"otlp": map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": freeAddress(t)}}}},
	})))
	snapshot := extensioncapabilities.NewConfigSnapshot(conf, conf)
	require.ErrorContains(t, e.NotifyConfigSnapshot(t.Context(), snapshot), taken)
	require.NoError(t, e.Ready())
	require.NoError(t, e.NotReady())
	text := terminal.String()
	require.Contains(t, text, "http://"+e.address+"/graph/")
	require.Contains(t, text, "in memory")
	require.Contains(t, text, "OTLP/grpc to "+taken)
	require.Contains(t, text, "compact frames to 127.0.0.1:0")
	require.Contains(t, text, "curl")
}

func TestOwnMetrics(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	e := create(t, nil)
	e.telemetry = tel.NewTelemetrySettings()
	start(t, e, newBackend(t))
	require.Equal(t, 200, ask(t, e, "/api/services", nil))
	require.Equal(t, 404, ask(t, e, "/nothing", nil))
	require.Eventually(t, func() bool { // counted after the answer was sent
		m, err := tel.GetMetric(metricRequests)
		return err == nil && len(m.Data.(metricdata.Sum[int64]).DataPoints) == 2
	}, time.Minute, 5*time.Millisecond)
	m, err := tel.GetMetric(metricCells)
	require.NoError(t, err)
	metricdatatest.AssertEqual(t, metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{{}}},
		m.Data.(metricdata.Gauge[int64]), metricdatatest.IgnoreTimestamp())
}

func TestStrangeHostsAreRefusedOnLoopbackOnly(t *testing.T) {
	c := NewFactory().CreateDefaultConfig().(*Config)
	c.AllowedHosts = []string{"Graph.Example"}
	require.Equal(t, []string{"graph.example"}, c.hosts())
	c.HTTP.NetAddr.Endpoint = "localhost:1"
	require.NotNil(t, c.hosts())
	c.HTTP.NetAddr.Endpoint = "0.0.0.0:1"
	require.Nil(t, c.hosts())
}

func TestValidate(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Backend = "" },
		func(c *Config) { c.HTTP.NetAddr.Endpoint = "" },
		func(c *Config) { c.BasePath = "jaeger" },
		func(c *Config) { c.BasePath = "/a%2F" },
		func(c *Config) { c.RefreshInterval = 0 },
		func(c *Config) { c.RefreshInterval = time.Hour },
		func(c *Config) { c.RequestTimeout = -1 },
		func(c *Config) { c.ViewCells = 0 },
		func(c *Config) { c.StrengthDays = 0 },
		func(c *Config) { c.StrengthDays = 401 },
		func(c *Config) { c.Keys = []logicalchain.Rule{{Kind: "order"}} },
	} {
		c := NewFactory().CreateDefaultConfig().(*Config)
		require.NoError(t, c.Validate())
		change(c)
		require.Error(t, c.Validate())
	}
}

func TestDeclaredStrengthsAreChecked(t *testing.T) {
	whole := Declared{Service: "web", Operation: "GET /", Peer: "cart", PeerOperation: "add", Strength: "weak"}
	for field, change := range map[string]func(*Declared){
		"": func(*Declared) {}, "service": func(d *Declared) { d.Service = "" }, "operation": func(d *Declared) { d.Operation = "" },
		"peer": func(d *Declared) { d.Peer = "" }, "peer_operation": func(d *Declared) { d.PeerOperation = "" },
		"strength": func(d *Declared) { d.Strength = "unknown" },
	} {
		c, d := NewFactory().CreateDefaultConfig().(*Config), whole
		d.Environment = "other" // each call once
		change(&d)
		c.Dependencies.Declared = []Declared{whole, d}
		if field == "" {
			require.NoError(t, c.Validate())
			continue
		}
		require.ErrorContains(t, c.Validate(), "dependencies::declared::1::"+field)
	}
}

// shredder is a backend that notes what is erased.
type shredder struct {
	storage.Backend
	erased []callgraph.ChainKey
}

func (s *shredder) EraseSpans(_ context.Context, traces []pcommon.TraceID, _ func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool) (int, error) {
	return len(traces), nil
}

func (s *shredder) EraseKey(_ context.Context, key callgraph.ChainKey) error {
	s.erased = append(s.erased, key)
	return nil
}

func remove(t *testing.T, e *Extension, path string) int {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+e.address+path, nil)
	require.NoError(t, err)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, w.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	return w.StatusCode
}

func TestKeysAreFoundAndErasedByTheirRules(t *testing.T) {
	s := &shredder{Backend: newBackend(t)}
	key := callgraph.ChainKey{Kind: "order", Value: "A-1"}
	require.NoError(t, s.WriteSightings(t.Context(), []callgraph.Sighting{{Key: key, TraceID: [16]byte{1}, Start: time.Now()}}))
	for _, may := range []bool{false, true} {
		e := create(t, func(c *Config) {
			c.Keys = []logicalchain.Rule{{Kind: "order", Attributes: []string{"order"}, Normalise: []string{"upper"}}}
			c.Erase = may
		})
		start(t, e, s)
		var answer struct{ Key struct{ Value string } }
		require.Equal(t, http.StatusOK, ask(t, e, "/api/jcg/v1/logical-chains/order/a-1", &answer))
		require.Equal(t, "A-1", answer.Key.Value)
		if !may {
			require.Equal(t, http.StatusForbidden, remove(t, e, "/api/jcg/v1/logical-chains/order/a-1"))
			require.Empty(t, s.erased)
			continue
		}
		require.Equal(t, http.StatusOK, remove(t, e, "/api/jcg/v1/logical-chains/order/a-1"))
		require.Equal(t, []callgraph.ChainKey{key}, s.erased)
	}
}

func TestEvidenceBecomesVerdicts(t *testing.T) {
	b := newBackend(t)
	site := strength.Site{Caller: callgraph.Operation{Service: callgraph.Service{Name: "web"}, Name: "GET /"}, Callee: strength.Callee{Peer: "cart", Operation: "add"}}
	require.NoError(t, b.WriteEvidence(t.Context(), []strength.Record{{Key: strength.Key{Day: strength.DayOf(time.Now()), Site: site.ID(), Writer: 1}, Site: site}}))
	e := create(t, func(c *Config) {
		c.Dependencies.Declared = []Declared{{Service: "web", Operation: "GET /", Peer: "cart", PeerOperation: "add", Strength: "strong"}}
	})
	start(t, e, b)
	require.Eventually(t, func() bool {
		var list struct {
			Dependencies []struct{ Strength, Source string }
		}
		ask(t, e, "/api/jcg/v1/dependencies", &list)
		return len(list.Dependencies) == 1 && list.Dependencies[0].Strength == "strong" && list.Dependencies[0].Source == "declared"
	}, time.Minute, 10*time.Millisecond)
}

func TestTheConfigurationIsRead(t *testing.T) {
	c := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, componenttest.CheckConfigStruct(c))
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"storage": "call_graph_storage/x", "backend": "b", "base_path": "/j", "refresh_interval": "1s", "request_timeout": "2s",
		"strength_days": 3, "erase": true, "keys": []any{map[string]any{"kind": "order", "attributes": []any{"order.number"}}},
		"dependencies": map[string]any{"declared": []any{map[string]any{"service": "web", "strength": "weak"}}},
		"view_cells":   5000, "allowed_hosts": []any{"a"}, "http": map[string]any{"endpoint": "127.0.0.1:9"},
	}).Unmarshal(c))
	require.Equal(t, "127.0.0.1:9", c.HTTP.NetAddr.Endpoint)
	require.Equal(t, time.Minute, c.HTTP.WriteTimeout, "defaults stay")
	require.Equal(t, "call_graph_storage/x", c.Storage.String())
	require.Equal(t, 5000, c.ViewCells)
	require.Equal(t, "order", c.Keys[0].Kind)
	require.Equal(t, Declared{Service: "web", Strength: "weak"}, c.Dependencies.Declared[0])
	require.Equal(t, 3, c.StrengthDays)
	require.True(t, c.Erase)
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
