package logicalchain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestCases reads testdata/*.txt: what it shows, "----" and rules, "----" and
// spans, "----" and what is found. A rule is a line of JSON; "annotate" is one,
// too. A span is a line of its service and its attributes as JSON; lines that
// begin with "event" or "link" give attributes to one of the span above.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runCase(t, file) })
	}
}

const separator = "----\n"

func runCase(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	parts := strings.SplitN(string(text), separator, 4)
	require.Len(t, parts, 4, "parts between lines of ----")
	observer := caseObserver(t, parts[1])
	td := caseSpans(t, parts[2])
	got := report(td, observer.Take(td, time.Unix(1000, 0)), observer.Mutates())
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(parts[:3], separator)+separator+got), 0o644))
		return
	}
	require.Equal(t, parts[3], got)
}

func caseObserver(t *testing.T, lines string) *Observer {
	var c Config
	annotate := false
	for line := range strings.Lines(lines) {
		if line == "annotate\n" {
			annotate = true
			continue
		}
		var r Rule
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		c.Keys = append(c.Keys, r)
	}
	rules, err := New(c)
	require.NoError(t, err)
	return NewObserver(rules, Annotate(annotate))
}

func caseSpans(t *testing.T, lines string) ptrace.Traces {
	td := ptrace.NewTraces()
	var span ptrace.Span
	for line := range strings.Lines(lines) {
		word, attributes, _ := strings.Cut(line, " ")
		switch word {
		case "event":
			putJSON(t, span.Events().AppendEmpty().Attributes(), attributes)
		case "link":
			putJSON(t, span.Links().AppendEmpty().Attributes(), attributes)
		default:
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("deployment.environment.name", "test")
			rs.Resource().Attributes().PutStr("service.name", word)
			span = rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			span.SetTraceID(pcommon.TraceID{1})
			span.SetSpanID(pcommon.SpanID{byte(td.SpanCount())})
			span.SetStartTimestamp(pcommon.Timestamp(td.SpanCount()))
			putJSON(t, span.Attributes(), attributes)
		}
	}
	return td
}

// repeat is how cases write what is too long for a line, and byte what JSON
// cannot say: <x*300>, <byte ff>.
var (
	repeat = regexp.MustCompile(`<(.)\*(\d+)>`)
	byteIs = regexp.MustCompile(`<byte (..)>`)
)

func putJSON(t *testing.T, m pcommon.Map, text string) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var raw map[string]any
	require.NoError(t, decoder.Decode(&raw), text)
	for _, key := range slices.Sorted(maps.Keys(raw)) { // a map has no order
		require.NoError(t, m.PutEmpty(key).FromRaw(written(raw[key])))
	}
}

// written is a value of JSON as a case means it.
func written(v any) any {
	switch v := v.(type) {
	case string:
		v = repeat.ReplaceAllStringFunc(v, func(s string) string {
			m := repeat.FindStringSubmatch(s)
			n, _ := strconv.Atoi(m[2])
			return strings.Repeat(m[1], n)
		})
		return byteIs.ReplaceAllStringFunc(v, func(s string) string {
			n, _ := strconv.ParseUint(byteIs.FindStringSubmatch(s)[1], 16, 8)
			return string([]byte{byte(n)})
		})
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = written(v[i])
		}
	}
	return v
}

// report is what was found, and how the spans are where they may be changed.
func report(td ptrace.Traces, taken Taken, mutated bool) string {
	var b bytes.Buffer
	for _, s := range taken.Sightings {
		fmt.Fprintf(&b, "%s since span %d\n", s.Key, s.Start.UnixNano())
	}
	for _, r := range Reasons() {
		if n := taken.Refused[r]; n > 0 {
			fmt.Fprintf(&b, "refused: %d %s\n", n, r)
		}
	}
	if !mutated {
		return b.String()
	}
	fmt.Fprintf(&b, "replaced: %d\n", taken.Replaced)
	for _, rs := range td.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			service, _ := rs.Resource().Attributes().Get("service.name")
			fmt.Fprintf(&b, "%s %s\n", service.Str(), jsonOf(span.Attributes()))
			for _, e := range span.Events().All() {
				fmt.Fprintf(&b, "event %s\n", jsonOf(e.Attributes()))
			}
			for _, l := range span.Links().All() {
				fmt.Fprintf(&b, "link %s\n", jsonOf(l.Attributes()))
			}
		}
	}
	return b.String()
}

func jsonOf(m pcommon.Map) string {
	text, err := json.Marshal(m.AsRaw())
	if err != nil {
		return err.Error()
	}
	return string(text)
}
