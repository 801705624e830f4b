package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"
)

var kinds = map[string]ptrace.SpanKind{
	"server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient, "internal": ptrace.SpanKindInternal,
	"producer": ptrace.SpanKindProducer, "consumer": ptrace.SpanKindConsumer,
}

// read makes spans of lines "id parent service kind name [error] [link=id]":
// IDs are one byte, a parent of 0 is none, the start is the line's number.
func read(t require.TestingT, text string) (spans []span) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(line)
		s := span{
			trace: [16]byte{1}, id: [8]byte{f[0][0] - '0'}, parent: [8]byte{f[1][0] - '0'}, service: service{name: f[2]},
			kind: kinds[f[3]], name: f[4], start: pcommon.Timestamp(i), peer: "peer",
		}
		require.Contains(t, kinds, f[3])
		for _, more := range f[5:] {
			if link, ok := strings.CutPrefix(more, "link="); ok {
				s.links = append(s.links, place{s.trace, [8]byte{link[0] - '0'}})
			} else {
				s.failed = more == "error"
			}
		}
		spans = append(spans, s)
	}
	return spans
}

func listing(t require.TestingT, e edges) []string {
	var b strings.Builder
	require.NoError(t, e.print(&b))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	return lines[:len(lines)-1]
}

func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		spans string
		want  []string
	}{
		"a pair, its failure the client's": {
			`
			1 0 web server GET/
			2 1 web internal step
			3 2 web client get error
			4 3 cart server Get`,
			[]string{"(outside) -> web GET/ calls=1 errors=0", "web GET/ -> cart Get calls=1 errors=1"},
		},
		"an absent parent": {
			`
			1 9 web server GET/`,
			[]string{"(unknown) -> web GET/ calls=1 errors=0"},
		},
		"a client without a server": {
			`
			1 9 web internal step
			2 1 web client get`,
			[]string{"web step -> peer (virtual) get calls=1 errors=0"},
		},
		"a job": {
			`
			1 0 job internal nightly
			2 1 job client get
			3 2 cart server Get`,
			[]string{"(outside) -> job nightly calls=1 errors=0", "job nightly -> cart Get calls=1 errors=0"},
		},
		"a server span under its own service is no call, another's is": {
			`
			1 9 web server GET/
			2 1 web server GET/cart
			3 2 cart server Get`,
			[]string{"(unknown) -> web GET/ calls=1 errors=0", "web GET/cart -> cart Get calls=1 errors=0"},
		},
		"two servers under one client": {
			`
			1 9 web client get error
			3 1 cart server Late
			2 1 cart server Early`,
			[]string{"web get -> cart Early calls=1 errors=0", "web get -> cart Late calls=1 errors=1"},
		},
		"an ORM over a driver": {
			`
			1 9 web client orm
			2 1 web client driver`,
			[]string{"web orm -> peer (virtual) driver calls=1 errors=0"},
		},
		"a batch": {
			`
			1 9 web producer send
			2 9 web producer send
			3 9 cart consumer receive link=1 link=2`,
			[]string{"web send -> cart receive calls=2 errors=0"},
		},
		"Zipkin's shared ID": {
			`
			1 0 web server GET/
			2 1 web client get
			2 1 cart server Get
			3 2 cart client sql`,
			[]string{"(outside) -> web GET/ calls=1 errors=0", "cart Get -> peer (virtual) sql calls=1 errors=0", "web GET/ -> cart Get calls=1 errors=0"},
		},
		"a circle": {
			`
			1 2 web internal a
			2 1 web client b`,
			[]string{"web b -> peer (virtual) b calls=1 errors=0"},
		},
		"a span twice": {
			`
			1 0 web server GET/
			1 0 web server GET/ error`,
			[]string{"(outside) -> web GET/ calls=1 errors=0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := listing(t, count(read(t, c.spans)))
			require.Equal(t, strings.Join(c.want, "\n"), strings.Join(got, "\n"))
		})
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		services, kind := []string{"a", "b"}, []string{"server", "client", "internal"}
		var lines []string
		for id := '1'; id <= '8'; id++ {
			lines = append(lines, strings.Join([]string{
				string(id), rapid.StringMatching("[0-9]").Draw(t, "parent"),
				rapid.SampledFrom(services).Draw(t, "service"), rapid.SampledFrom(kind).Draw(t, "kind"), "op",
			}, " "))
		}
		spans := read(t, strings.Join(lines, "\n"))
		want := listing(t, count(spans))
		require.Equal(t, want, listing(t, count(rapid.Permutation(spans).Draw(t, "order"))))
	})
}

func TestDemoShop(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES is not set: no real traces to count")
	}
	spans, err := load([]string{filepath.Join(root, "otel-demo/astronomy-oteltraces.zst")})
	require.NoError(t, err)
	between := 0
	for e := range count(spans) {
		if e.caller.node == observed && e.callee.node == observed {
			between++
		}
	}
	require.Len(t, spans, 64151)
	require.Equal(t, 21, between)
}
