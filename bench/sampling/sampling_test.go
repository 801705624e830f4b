package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/bench/internal/application"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func points() []point {
	calls := map[application.Pair]application.Made{{Caller: "web", Callee: "cart"}: {Calls: 90, Errors: 2}, {Caller: "cart", Callee: "redis"}: {Calls: 90}}
	p := point{
		n: 10, load: 100, took: time.Second, requests: application.Made{Calls: 100, Errors: 2}, calls: calls, found: calls,
		sent: application.Sent{Spans: 37, Packets: 12, Bytes: 9000, EdgeBytes: 500}, made: 370, cpu: time.Second / 4,
	}
	q := p
	q.load = 1000
	return []point{p, q}
}

func TestTheTableHasALineForEachPoint(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(table(points())), "\n")
	require.Len(t, lines, 4)
	require.Equal(t, "| 100 | 10 | 37.0 | 12.0 | 9.00 | 0.50 | 0.250 | 2 of 2 | 180 of 180 |", lines[2])
}

func TestThePictureIsXML(t *testing.T) {
	decoder := xml.NewDecoder(bytes.NewReader(plot(points())))
	texts := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			texts++
		}
	}
	require.Greater(t, texts, 6)
}

func TestSpansOfCalls(t *testing.T) {
	p := points()[0]
	require.EqualValues(t, 90*2+90, spansOf(p.calls))
	require.InDelta(t, 2+2+2, failedSpans(p), 0)
}

func TestADifferenceIsNamed(t *testing.T) {
	p := points()[0]
	p.found = map[application.Pair]application.Made{{Caller: "cart", Callee: "redis"}: {Calls: 90}}
	require.EqualError(t, p.difference(), "at 100 requests/s, one of 10 kept: web -> cart has {0 0} in the graph, and {90 2} were made")
}

func TestCommandLineIsChecked(t *testing.T) {
	o, err := parse([]string{"-n=1,10", "-loads=5"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, program.Numbers{1, 10}, o.rates)
	_, err = parse([]string{"-n=0"}, io.Discard)
	require.ErrorContains(t, err, `"0" is not a whole number above 0`)
}

// TestWithTheCollector needs it built (JCG_BINARY).
func TestWithTheCollector(t *testing.T) {
	binary := os.Getenv("JCG_BINARY")
	if binary == "" {
		t.Skip("JCG_BINARY names no collector")
	}
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, run(ctx, []string{"-binary=" + binary, "-n=1,100", "-loads=100", "-duration=2s", "-failures=0.05"}, &out, io.Discard))
	require.Contains(t, out.String(), "n100_load100_edges_complete 1 ratio\n")
}
