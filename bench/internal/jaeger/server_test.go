package jaeger

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDrainWaitsForWhatIsStored(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte("# TYPE otelcol_exporter_sent_spans_total counter\n" +
			`otelcol_exporter_sent_spans_total{exporter="a"} ` + strconv.Itoa(asked*60) + "\n" +
			`otelcol_exporter_send_failed_spans_total{exporter="a"} 5` + "\n"))
	}))
	defer server.Close()
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	stored, err := Jaeger{PortOffset: n - metricsPort}.Drain(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, 120, stored)
	require.Equal(t, 2, asked)
}

func TestCounter(t *testing.T) {
	const name = "otelcol_exporter_sent_spans"
	require.Equal(t, 7, counter(name+"_total{a=\"b c\"} 7", name))
	require.Equal(t, 12000000, counter(name+" 1.2e+07", name))
	require.Zero(t, counter(name+"_other 7", name))
	require.Zero(t, counter("# TYPE "+name+" counter", name))
}

func TestCommandWritesTheConfiguration(t *testing.T) {
	j := Jaeger{Binary: "jaeger", Folder: t.TempDir(), PortOffset: 10}
	c, err := j.Command()
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.1:4327"}, c.Listens)
	require.Contains(t, c.Env, "BENCH_QUERY_PORT=16696")
	_, config, _ := strings.Cut(c.Args[1], ":")
	require.FileExists(t, config)
	info, err := os.Stat(j.Store())
	require.NoError(t, err)
	require.True(t, info.IsDir())
}
