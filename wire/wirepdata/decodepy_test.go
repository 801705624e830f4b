package wirepdata_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// object is what a line of testdata/decode.py says.
type object = map[string]any

// requireSameInPython requires that testdata/decode.py, which was written from
// SPEC.md alone, reads streams as the decoder does, and returns what they said.
func requireSameInPython(t *testing.T, streams ...[][]byte) (said []string) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to run testdata/decode.py")
	}
	var input bytes.Buffer
	for _, frames := range streams {
		for _, f := range frames {
			input.WriteString(hex.EncodeToString(f) + "\n")
		}
		input.WriteString("\n")
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/decode.py")
	cmd.Stdin, cmd.Stderr = &input, os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	printed := strings.Split(string(out), "\n\n")
	for i, frames := range streams {
		want, got := decoded(t, frames), canonical(t, printed[i])
		if n := len(want) - 1; n >= 0 && len(got) == n+1 && got[n] == truncated && strings.HasPrefix(want[n], `{"error"`) {
			got[n] = want[n]
		}
		require.Len(t, got, len(want), "stream %d", i)
		for at := range want {
			require.Equal(t, want[at], got[at], "stream %d", i)
		}
		said = append(said, want...)
	}
	return said
}

// truncated is what Python says as soon as it reads beyond a frame's end; the
// decoder looks less often, and may meet something else in the zeros there.
const truncated = `{"error":"truncated"}`

// canonical are the lines that Python printed, in one order.
func canonical(t *testing.T, printed string) (lines []string) {
	for line := range strings.Lines(printed) {
		var o any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if strings.TrimSpace(line) == "" {
			continue
		}
		require.NoError(t, d.Decode(&o), line)
		lines = append(lines, marshal(t, o))
	}
	sortSpans(lines)
	return lines
}

func marshal(t *testing.T, o any) string {
	b, err := json.Marshal(o)
	require.NoError(t, err)
	return string(b)
}

// decoded is what a stream holds, as Python prints it.
func decoded(t *testing.T, frames [][]byte) (lines []string) {
	d := wirepdata.NewDecoder()
	for _, f := range frames {
		back, err := d.Decode(f)
		if refused := (*wire.Error)(nil); errors.As(err, &refused) {
			lines = append(lines, marshal(t, object{"error": refused.Code.String()}))
			break
		}
		require.NoError(t, err)
		for _, o := range objects(back) {
			lines = append(lines, marshal(t, o))
		}
	}
	sortSpans(lines)
	return lines
}

// sortSpans leaves an error at the end.
func sortSpans(lines []string) {
	slices.SortFunc(lines, func(a, b string) int {
		if e := strings.HasPrefix(a, `{"error"`); e != strings.HasPrefix(b, `{"error"`) {
			if e {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
}

func objects(from wirepdata.Decoded) (told []object) {
	if from.Interval != nil {
		return []object{intervalObject(*from.Interval)}
	}
	for _, rs := range from.Traces.ResourceSpans().All() {
		resource := object{
			"schemaURL": readable(rs.SchemaUrl()), "droppedAttributes": rs.Resource().DroppedAttributesCount(),
			"attributes": pairs(rs.Resource().Attributes()),
		}
		for _, ss := range rs.ScopeSpans().All() {
			scope := object{
				"name": readable(ss.Scope().Name()), "version": readable(ss.Scope().Version()), "schemaURL": readable(ss.SchemaUrl()),
				"droppedAttributes": ss.Scope().DroppedAttributesCount(), "attributes": pairs(ss.Scope().Attributes()),
			}
			for _, s := range ss.Spans().All() {
				o := spanObject(s)
				o["resource"], o["scope"] = resource, scope
				told = append(told, o)
			}
		}
	}
	return told
}

func spanObject(s ptrace.Span) object {
	traceID, id, parent := s.TraceID(), s.SpanID(), s.ParentSpanID()
	events, links := []object{}, []object{}
	for _, e := range s.Events().All() {
		events = append(events, object{
			"time": e.Timestamp(), "name": readable(e.Name()), "droppedAttributes": e.DroppedAttributesCount(), "attributes": pairs(e.Attributes()),
		})
	}
	for _, l := range s.Links().All() {
		traceID, id := l.TraceID(), l.SpanID()
		links = append(links, object{
			"traceId": hex.EncodeToString(traceID[:]), "spanId": hex.EncodeToString(id[:]), "tracestate": readable(l.TraceState().AsRaw()),
			"flags": l.Flags(), "droppedAttributes": l.DroppedAttributesCount(), "attributes": pairs(l.Attributes()),
		})
	}
	return object{
		"traceId": hex.EncodeToString(traceID[:]), "spanId": hex.EncodeToString(id[:]), "parentSpanId": hex.EncodeToString(parent[:]),
		"start": s.StartTimestamp(), "end": s.EndTimestamp(), "name": readable(s.Name()), "kind": s.Kind(), "flags": s.Flags(),
		"tracestate": readable(s.TraceState().AsRaw()), "statusCode": s.Status().Code(), "statusMessage": readable(s.Status().Message()),
		"droppedAttributes": s.DroppedAttributesCount(), "droppedEvents": s.DroppedEventsCount(), "droppedLinks": s.DroppedLinksCount(),
		"attributes": pairs(s.Attributes()), "events": events, "links": links,
	}
}

func pairs(m pcommon.Map) [][2]any {
	all := [][2]any{}
	for k, v := range m.All() {
		all = append(all, [2]any{readable(k), valueObject(v)})
	}
	return all
}

func valueObject(v pcommon.Value) any {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return object{"string": readable(v.Str())}
	case pcommon.ValueTypeBool:
		return object{"bool": v.Bool()}
	case pcommon.ValueTypeInt:
		return object{"int": v.Int()}
	case pcommon.ValueTypeDouble:
		return object{"double": fmt.Sprintf("%016x", math.Float64bits(v.Double()))}
	case pcommon.ValueTypeBytes:
		return object{"bytes": hex.EncodeToString(v.Bytes().AsRaw())}
	case pcommon.ValueTypeSlice:
		all := []any{}
		for _, e := range v.Slice().All() {
			all = append(all, valueObject(e))
		}
		return object{"list": all}
	case pcommon.ValueTypeMap:
		return object{"map": pairs(v.Map())}
	default:
		return nil
	}
}

func intervalObject(i callgraph.Interval) object {
	cells := []object{}
	for _, c := range i.Cells {
		cells = append(cells, object{
			"caller": operation(c.Edge.Caller), "callee": operation(c.Edge.Callee), "connection": c.Edge.Connection, "outcome": c.Outcome,
			"start": c.Bucket.Start, "width": c.Bucket.Width, "client": sketch(c.Client), "server": sketch(c.Server), "queue": sketch(c.Queue),
			"serverOnly": c.ServerOnly, "provisional": c.Provisional, "weightUnknown": c.WeightUnknown, "folded": c.Folded,
		})
	}
	return object{"instance": readable(i.Instance), "interval": i.Number, "cells": cells}
}

func operation(o callgraph.Operation) []any {
	return []any{readable(o.Service.Environment), readable(o.Service.Namespace), readable(o.Service.Name), readable(o.Name), o.Node}
}

func sketch(s callgraph.Sketch) any {
	if s.Zero == 0 && s.Nanos == 0 && len(s.Bins) == 0 {
		return nil
	}
	bins := [][2]any{}
	for _, b := range s.Bins {
		bins = append(bins, [2]any{b.Index, b.Count})
	}
	return object{"zero": s.Zero, "nanos": s.Nanos, "bins": bins}
}

// readable is text with bytes that are not UTF-8 as \xff.
func readable(text string) string {
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[0])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}
