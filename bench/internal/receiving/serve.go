// Package receiving is the half of a collector that receives, as a process of
// its own: the real receivers, and behind them a consumer that counts and keeps
// nothing.
package receiving

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync/atomic"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/receiver/compactreceiver"
)

// command is the first argument of a process that is to receive.
const command = "receive"

// Counts are what came so far.
type Counts struct{ Requests, Spans uint64 }

// Memory is what the Go runtime holds after a collection.
type Memory struct {
	Heap, Stacks, Goroutines uint64
}

// Served is for main: where this process was started to receive it does so until
// it is asked to end, and then exits.
func Served() {
	if len(os.Args) < 2 || os.Args[1] != command {
		return
	}
	if err := serve(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "receive:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var a settings
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.StringVar(&a.otlp, "otlp", "", "address for OTLP/gRPC")
	flags.StringVar(&a.compact, "compact", "", "address for compact streams")
	flags.StringVar(&a.control, "control", "", "address for the benchmark")
	flags.IntVar(&a.state, "state", 0, "MiB of the compact streams' dictionaries")
	ballast := flags.Int("ballast", 0, "bytes of heap beside, which a collector has for other things")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s := &sink{}
	receivers, err := start(ctx, a, s)
	if err != nil {
		return err
	}
	held := make([]byte, *ballast)
	control, err := listen(ctx, a.control, s)
	if err != nil {
		return err
	}
	<-ctx.Done()
	runtime.KeepAlive(held)
	return errors.Join(shutdown(receivers), control.Close())
}

type addresses struct{ otlp, compact, control string }

type settings struct {
	addresses
	state int
}

func start(ctx context.Context, a settings, to consumer.Traces) (started []receiver.Traces, err error) {
	for _, one := range []struct {
		receiver.Factory
		config map[string]any
	}{
		{otlpreceiver.NewFactory(), map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": a.otlp}}}},
		{compactreceiver.NewFactory(), map[string]any{"endpoint": a.compact, "max_state_mib": a.state}},
	} {
		cfg := one.CreateDefaultConfig()
		if err := confmap.NewFromStringMap(one.config).Unmarshal(cfg); err != nil {
			return nil, fmt.Errorf("configure %s: %w", one.Type(), err)
		}
		telemetry := componenttest.NewNopTelemetrySettings()
		if telemetry.Logger, err = zap.NewProduction(); err != nil {
			return nil, err
		}
		r, err := one.CreateTraces(ctx, receiver.Settings{ID: component.NewID(one.Type()), TelemetrySettings: telemetry}, cfg, to)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", one.Type(), err)
		}
		if err := r.Start(ctx, componenttest.NewNopHost()); err != nil {
			return nil, fmt.Errorf("start %s: %w", one.Type(), err)
		}
		started = append(started, r)
	}
	return started, nil
}

func shutdown(receivers []receiver.Traces) error {
	var errs []error
	for _, r := range receivers {
		errs = append(errs, r.Shutdown(context.Background()))
	}
	return errors.Join(errs...)
}

// listen answers what the benchmark asks.
func listen(ctx context.Context, address string, s *sink) (*http.Server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	http.HandleFunc("/counts", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.counts()) })
	http.HandleFunc("/memory", func(w http.ResponseWriter, _ *http.Request) { reply(w, memory()) })
	var cpu bytes.Buffer
	http.HandleFunc("/cpu/begin", func(http.ResponseWriter, *http.Request) { _ = pprof.StartCPUProfile(&cpu) }) // one at a time
	http.HandleFunc("/cpu/end", func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		_, _ = cpu.WriteTo(w)
	})
	http.HandleFunc("/heap", func(w http.ResponseWriter, _ *http.Request) { _ = pprof.WriteHeapProfile(w) })
	server := &http.Server{}            //nolint:gosec // on loopback
	go func() { _ = server.Serve(l) }() // ends with Close
	return server, nil
}

func reply(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) } // who asked may have gone

func memory() Memory {
	runtime.GC() // pools of buffers let go the second time
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Memory{Heap: m.HeapAlloc, Stacks: m.StackInuse, Goroutines: uint64(runtime.NumGoroutine())}
}

// sink counts.
type sink struct{ requests, spans atomic.Uint64 }

func (s *sink) counts() Counts { return Counts{s.requests.Load(), s.spans.Load()} }

// ConsumeTraces implements consumer.Traces.
func (s *sink) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	s.requests.Add(1)
	s.spans.Add(uint64(td.SpanCount()))
	return nil
}

// Capabilities implements consumer.Traces.
func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
