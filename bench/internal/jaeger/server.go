package jaeger

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
)

//go:embed badger.yaml
var badgerConfig []byte

// Jaeger is the peer, run from a folder of its own.
type Jaeger struct {
	Binary     string
	Folder     string
	PortOffset int
}

// Store is the folder of its data.
func (j Jaeger) Store() string { return filepath.Join(j.Folder, "badger") }

// Traces is where it listens for OTLP/gRPC.
func (j Jaeger) Traces() string { return j.address(4317) }

func (j Jaeger) address(port int) string { return "127.0.0.1:" + j.port(port) }

func (j Jaeger) port(port int) string { return strconv.Itoa(port + j.PortOffset) }

// The ports that are shifted, as the collector's are.
const (
	otlpPort      = 4317
	metricsPort   = 8888
	queryPort     = 16686
	queryGRPCPort = 16685
)

// Command writes the configuration and starts Jaeger with it.
func (j Jaeger) Command() (child.Command, error) {
	config := filepath.Join(j.Folder, "badger.yaml")
	if err := os.WriteFile(config, badgerConfig, 0o600); err != nil {
		return child.Command{}, fmt.Errorf("write Jaeger's configuration: %w", err)
	}
	if err := os.MkdirAll(j.Store(), 0o700); err != nil {
		return child.Command{}, fmt.Errorf("make Jaeger's store: %w", err)
	}
	return child.Command{
		Path: j.Binary,
		Args: []string{"--config", "file:" + config},
		Env: []string{
			"BENCH_STORE=" + j.Store(), "BENCH_OTLP_PORT=" + j.port(otlpPort), "BENCH_METRICS_PORT=" + j.port(metricsPort),
			"BENCH_QUERY_PORT=" + j.port(queryPort), "BENCH_QUERY_GRPC_PORT=" + j.port(queryGRPCPort),
		},
		Listens: []string{j.Traces()},
		Answers: "http://" + j.address(queryPort) + "/api/services",
		Log:     filepath.Join(j.Folder, "jaeger.log"),
	}, nil
}

const (
	drainEvery = 250 * time.Millisecond
	drainLimit = 5 * time.Minute
)

// Drain waits until so many spans were stored, since Jaeger acknowledges before
// it writes, and returns how many were. It ends early where all were tried.
func (j Jaeger) Drain(ctx context.Context, spans int) (stored int, err error) {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	for {
		sent, failed, err := j.exported(ctx)
		if err != nil {
			return 0, err
		}
		if sent+failed >= spans {
			return sent, nil
		}
		select {
		case <-ctx.Done():
			return sent, fmt.Errorf("wait for Jaeger to store %d spans, %d of them stored: %w", spans, sent, ctx.Err())
		case <-time.After(drainEvery):
		}
	}
}

// exported reads its exporter's counters.
func (j Jaeger) exported(ctx context.Context) (sent, failed int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+j.address(metricsPort)+"/metrics", nil)
	if err != nil {
		return 0, 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, 0, fmt.Errorf("read Jaeger's metrics: %w", err)
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		sent += counter(lines.Text(), "otelcol_exporter_sent_spans")
		failed += counter(lines.Text(), "otelcol_exporter_send_failed_spans")
	}
	return sent, failed, nil
}

// counter is a line's value if the line is of that metric, with or without
// Prometheus' suffix.
func counter(line, name string) int {
	rest, found := strings.CutPrefix(line, name)
	if rest = strings.TrimPrefix(rest, "_total"); !found || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
		return 0
	}
	v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
	if err != nil {
		return 0
	}
	return int(v)
}
