package compactreceiver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is a receiver between two pipelines, one of which may be missing.
type collector struct {
	t         testing.TB
	factory   receiver.Factory
	config    *Config
	telemetry *componenttest.Telemetry
	all       []component.Component
}

func newCollector(t testing.TB) *collector {
	c := &collector{t: t, factory: NewFactory(), telemetry: componenttest.NewTelemetry()}
	c.config = c.factory.CreateDefaultConfig().(*Config)
	c.config.NetAddr.Endpoint = "127.0.0.1:0"
	t.Cleanup(func() { require.NoError(t, c.telemetry.Shutdown(context.Background())) })
	return c
}

func (c *collector) settings() receiver.Settings {
	set := receivertest.NewNopSettings(c.factory.Type())
	set.ID = component.NewID(c.factory.Type())
	set.TelemetrySettings = c.telemetry.NewTelemetrySettings()
	return set
}

func (c *collector) traces(next consumer.Traces) {
	r, err := c.factory.CreateTraces(c.t.Context(), c.settings(), c.config, next)
	require.NoError(c.t, err)
	c.all = append(c.all, r)
}

func (c *collector) metrics(next consumer.Metrics) {
	r, err := c.factory.CreateMetrics(c.t.Context(), c.settings(), c.config, next)
	require.NoError(c.t, err)
	c.all = append(c.all, r)
}

// start starts the receiver as often as a collector does, and says where it
// listens.
func (c *collector) start(h component.Host) string {
	for _, r := range c.all {
		require.NoError(c.t, r.Start(c.t.Context(), h))
	}
	c.t.Cleanup(c.shutdown)
	return c.all[0].(*compact).address.String()
}

func (c *collector) shutdown() {
	for _, r := range c.all {
		require.NoError(c.t, r.Shutdown(context.Background()))
	}
}

func (c *collector) count(name string, attributes ...attribute.KeyValue) (sum int64) {
	m, err := c.telemetry.GetMetric(name)
	require.NoError(c.t, err)
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	for _, p := range points {
		if want := attribute.NewSet(attributes...); len(attributes) == 0 || p.Attributes.Equals(&want) {
			sum += p.Value
		}
	}
	return sum
}

// stream is a sender's, as SPEC.md has it.
type stream struct {
	t testing.TB
	grpc.ClientStream
}

func open(t testing.TB, address string, o ...grpc.DialOption) *stream {
	if len(o) == 0 {
		o = append(o, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	conn, err := grpc.NewClient(address, o...)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(func() { cancel(); require.NoError(t, conn.Close()) })
	ctx = metadata.AppendToOutgoingContext(ctx, "jcallgraph-sender", "0123456789abcdef0123456789abcdef")
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/jcallgraph.wire.v1.Frames/Stream")
	require.NoError(t, err)
	return &stream{t, s}
}

func (s *stream) answer() wire.Control {
	s.t.Helper()
	var m wrapperspb.BytesValue
	require.NoError(s.t, s.RecvMsg(&m))
	c, _, err := wire.ParseControl(m.Value)
	require.NoError(s.t, err)
	return c
}

func (s *stream) ended(code codes.Code) {
	s.t.Helper()
	err := s.RecvMsg(&wrapperspb.BytesValue{})
	require.Equal(s.t, code, status.Code(err), "%v", err)
}

func (s *stream) ask(frame []byte) wire.Control {
	s.t.Helper()
	require.NoError(s.t, s.SendMsg(wrapperspb.Bytes(frame)))
	return s.answer()
}

func spans(t testing.TB, e *wirepdata.Encoder) []byte {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetName("GET /")
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{1})
	frames, err := e.Encode(td)
	require.NoError(t, err)
	return frames[0].Bytes
}

func interval(t testing.TB, e *wirepdata.Encoder) ([]byte, callgraph.Interval) {
	cell := callgraph.Cell{CellKey: callgraph.CellKey{
		Edge: callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: callgraph.Operation{Name: "GET /"}}, Bucket: callgraph.Bucket{Start: 10, Width: 10},
	}}
	cell.Server.Add(time.Second, 2)
	cell.ServerOnly = 2
	i := callgraph.Interval{Instance: "production\x00\x00cart\x00a", Number: 3, Cells: []callgraph.Cell{cell}}
	f, err := e.EncodeInterval(i)
	require.NoError(t, err)
	return f.Bytes, i
}

func TestSpansAndIntervalsGoToTheirPipelines(t *testing.T) {
	c, traces, metrics := newCollector(t), &consumertest.TracesSink{}, &consumertest.MetricsSink{}
	c.traces(traces)
	c.metrics(metrics)
	require.Same(t, c.all[0], c.all[1])
	s, e := open(t, c.start(componenttest.NewNopHost())), wirepdata.NewEncoder()
	require.Equal(t, wire.Control{Answer: wire.Stored}, s.answer())
	require.Equal(t, wire.Control{Answer: wire.Stored, Number: 1}, s.ask(spans(t, e)))
	require.Equal(t, 1, traces.SpanCount())
	frame, want := interval(t, e)
	require.Equal(t, wire.Control{Answer: wire.Stored, Number: 2}, s.ask(frame))
	told, err := edgemetric.DecodeAll(metrics.AllMetrics()[0])
	require.NoError(t, err)
	require.Equal(t, []callgraph.Interval{want}, told.Intervals)

	id := attribute.String("receiver", "compact")
	for name, n := range map[string]int64{"streams.opened": 1, "resets": 1, "frames": 2, "spans": 1, "intervals": 1, "cells": 1, "frames.later": 0, "frames.repeated": 0} {
		require.Equal(t, n, c.count(prefix+name, id), name)
	}
	require.Zero(t, c.count(prefix+"frames.refused", id, attribute.String("reason", "checksum")))
	require.EqualValues(t, 1, c.count("otelcol_receiver_accepted_spans"))
	require.EqualValues(t, 3, c.count("otelcol_receiver_accepted_metric_points"))
	require.Equal(t, codes.InvalidArgument, func() codes.Code {
		require.Equal(t, wire.CodeTruncated, s.ask([]byte("?")).Code)
		return status.Code(s.RecvMsg(&wrapperspb.BytesValue{}))
	}())
	require.EqualValues(t, 1, c.count(prefix+"frames.refused", id, attribute.String("reason", "truncated")))
	require.Zero(t, c.count(prefix+"frames.refused", id, attribute.String("reason", "checksum")))
}

func TestErrorsOfPipelines(t *testing.T) {
	c := newCollector(t)
	var next error
	traces, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { return next })
	require.NoError(t, err)
	metrics, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error { return next })
	require.NoError(t, err)
	c.traces(traces)
	c.metrics(metrics)
	s, e := open(t, c.start(componenttest.NewNopHost())), wirepdata.NewEncoder()
	s.answer()
	next = errors.New("memory is short")
	require.Equal(t, wire.Control{Answer: wire.Later, Number: 1, Wait: 500 * time.Millisecond}, s.ask(spans(t, e)))
	next = consumererror.NewPermanent(errors.New("too old"))
	frame, _ := interval(t, e)
	got := s.ask(frame)
	require.Equal(t, wire.Rejected, got.Answer)
	require.Contains(t, got.Why, "too old")
	bad, err := e.EncodeInterval(callgraph.Interval{Instance: "nobody", Number: 1})
	require.NoError(t, err)
	require.Contains(t, s.ask(bad.Bytes).Why, `instance is "nobody"`)
	require.EqualValues(t, 2, c.count(prefix+"frames.rejected"))
	require.EqualValues(t, 1, c.count("otelcol_receiver_refused_spans"))
}

func TestSignalsWithoutAPipelineAreRejected(t *testing.T) {
	e := wirepdata.NewEncoder()
	span := spans(t, e)
	frame, _ := interval(t, e)
	for signal, add := range map[string]func(*collector){
		"metrics": func(c *collector) { c.traces(consumertest.NewNop()) },
		"traces":  func(c *collector) { c.metrics(consumertest.NewNop()) },
	} {
		t.Run(signal, func(t *testing.T) {
			c := newCollector(t)
			add(c)
			s := open(t, c.start(componenttest.NewNopHost()))
			s.answer()
			want := map[string]wire.Answer{"metrics": wire.Rejected, "traces": wire.Stored}
			first, second := s.ask(span), s.ask(frame)
			if signal == "traces" {
				first, second = second, first
			}
			require.Equal(t, want["traces"], first.Answer)
			require.Equal(t, want["metrics"], second.Answer)
			require.Equal(t, "receiver compact has no pipeline of "+signal+": name it in service::pipelines::"+signal+"::receivers", second.Why)
		})
	}
}

// TestShutdown waits for the frame that is being stored, whose answer arrives.
func TestShutdown(t *testing.T) {
	c, in, out := newCollector(t), make(chan struct{}), make(chan struct{})
	traces, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { in <- struct{}{}; <-out; return nil })
	require.NoError(t, err)
	c.traces(traces)
	c.all[0].(*compact).grace = time.Hour
	address := c.start(componenttest.NewNopHost())
	s := open(t, address)
	s.answer()
	require.NoError(t, s.SendMsg(wrapperspb.Bytes(spans(t, wirepdata.NewEncoder()))))
	<-in
	ended := make(chan struct{})
	go func() { c.shutdown(); close(ended) }()
	require.Eventually(t, func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, time.Minute, time.Millisecond, "nobody listens any more")
	select {
	case <-ended:
		t.Fatal("a frame is still being stored")
	default:
	}
	close(out)
	require.Equal(t, wire.Control{Answer: wire.Stored, Number: 1}, s.answer())
	require.ErrorContains(t, s.RecvMsg(&wrapperspb.BytesValue{}), "receiver is shutting down")
	<-ended
	c.shutdown()
}

// TestShutdownWaitsForConsumers though it has cut the connections.
func TestShutdownWaitsForConsumers(t *testing.T) {
	c, in, out := newCollector(t), make(chan struct{}), make(chan struct{})
	var stored atomic.Bool
	traces, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { in <- struct{}{}; <-out; stored.Store(true); return nil })
	require.NoError(t, err)
	c.traces(traces)
	c.all[0].(*compact).grace = 0
	s := open(t, c.start(componenttest.NewNopHost()))
	s.answer()
	require.NoError(t, s.SendMsg(wrapperspb.Bytes(spans(t, wirepdata.NewEncoder()))))
	<-in
	go func() {
		defer close(out)
		_ = s.RecvMsg(&wrapperspb.BytesValue{}) // until it is cut
	}()
	c.shutdown()
	require.True(t, stored.Load())
}

// TestShutdownDoesNotWaitForWhatNeverComes: an exporter without a receiver of its
// own waits as long as it may, and is shut down after its receivers.
func TestShutdownDoesNotWaitForWhatNeverComes(t *testing.T) {
	c, in, never := newCollector(t), make(chan struct{}), make(chan struct{})
	traces, err := consumer.NewTraces(func(ctx context.Context, _ ptrace.Traces) error {
		close(in)
		select {
		case <-ctx.Done():
		case <-never:
		}
		return ctx.Err()
	})
	require.NoError(t, err)
	c.traces(traces)
	c.all[0].(*compact).grace = 0
	s := open(t, c.start(componenttest.NewNopHost()))
	t.Cleanup(func() { close(never) })
	s.answer()
	require.NoError(t, s.SendMsg(wrapperspb.Bytes(spans(t, wirepdata.NewEncoder()))))
	<-in
	ended := make(chan struct{})
	go func() { c.shutdown(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("it waits for ever")
	}
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	c, in, out := newCollector(t), make(chan struct{}), make(chan struct{})
	traces, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { in <- struct{}{}; <-out; return nil })
	require.NoError(t, err)
	c.traces(traces)
	c.all[0].(*compact).grace = time.Hour
	s := open(t, c.start(componenttest.NewNopHost()))
	s.answer()
	require.NoError(t, s.SendMsg(wrapperspb.Bytes(spans(t, wirepdata.NewEncoder()))))
	<-in
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, c.all[0].Shutdown(ctx), "frames are still being stored")
	close(out)
	s.answer()
	s.ended(codes.Unavailable)
}

func TestShutdownBeforeStart(t *testing.T) {
	c := newCollector(t)
	c.traces(consumertest.NewNop())
	c.metrics(consumertest.NewNop())
	c.shutdown()
	c.shutdown()
	again, err := c.factory.CreateTraces(t.Context(), c.settings(), c.config, consumertest.NewNop())
	require.NoError(t, err)
	require.NotSame(t, c.all[0], again)
	c.shutdown()
	same, err := c.factory.CreateMetrics(t.Context(), c.settings(), c.config, consumertest.NewNop())
	require.NoError(t, err)
	require.Same(t, again, same)
	require.NoError(t, again.Shutdown(t.Context()))
}

func TestStartTellsWhatIsTaken(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c := newCollector(t)
	c.traces(consumertest.NewNop())
	c.config.NetAddr.Endpoint = l.Addr().String()
	require.ErrorContains(t, c.all[0].Start(t.Context(), componenttest.NewNopHost()), "endpoint: ")
	c.shutdown()
}

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

type who string

func (w who) GetAttribute(string) any   { return string(w) }
func (who) GetAttributeNames() []string { return []string{"who"} }
func (who) Equal(client.AuthData) bool  { return false }

// tokens is an extension that knows one.
type tokens struct {
	component.StartFunc
	component.ShutdownFunc
}

var _ extensionauth.Server = tokens{}

func (tokens) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if said := headers["authorization"]; len(said) != 1 || said[0] != "Bearer secret" {
		return ctx, errors.New("token is not known")
	}
	info := client.FromContext(ctx)
	info.Auth = who("shop")
	return client.NewContext(ctx, info), nil
}

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}
func (bearer) RequireTransportSecurity() bool { return true }

func TestTLSAndTokens(t *testing.T) {
	c := newCollector(t)
	var info client.Info
	traces, err := consumer.NewTraces(func(ctx context.Context, _ ptrace.Traces) error { info = client.FromContext(ctx); return nil })
	require.NoError(t, err)
	c.traces(traces)
	pool, certificate, key := selfSigned(t)
	c.config.TLS = configoptional.Some(configtls.ServerConfig{Config: configtls.Config{CertFile: certificate, KeyFile: key}})
	id := component.MustNewID("tokens")
	c.config.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	address := c.start(host{componenttest.NewNopHost(), map[component.ID]component.Component{id: tokens{}}})
	secure := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool}))

	s := open(t, address, secure, grpc.WithPerRPCCredentials(bearer("secret")))
	require.Equal(t, wire.Stored, s.answer().Answer)
	require.Equal(t, wire.Stored, s.ask(spans(t, wirepdata.NewEncoder())).Answer)
	require.Equal(t, "shop", info.Auth.GetAttribute("who"))
	require.NotNil(t, info.Addr)

	open(t, address, secure, grpc.WithPerRPCCredentials(bearer("guess"))).ended(codes.Unauthenticated)
	open(t, address, secure).ended(codes.Unauthenticated)
	require.EqualValues(t, 1, c.count(prefix+"streams.opened"))
	c.shutdown()
	s.ended(codes.Unavailable)
}

// selfSigned makes a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (pool *x509.CertPool, certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return pool, write(t, "CERTIFICATE", der), write(t, "PRIVATE KEY", pkcs8)
}

func write(t *testing.T, kind string, b []byte) string {
	path := filepath.Join(t.TempDir(), "file.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
	return path
}
