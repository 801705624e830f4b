package jaegercompare

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// declaredDifference is a way in which our answers may differ from Jaeger's.
type declaredDifference struct {
	name string
	line *regexp.Regexp // of the difference as text: question, path, Jaeger's value, ours
}

// declared in the order of docs/jaeger.md, which says why. The first that fits
// is the one.
var declared = []declaredDifference{
	// Spans are shown as they were sent.
	{"clock skew, negative durations and other warnings", regexp.MustCompile(`\.warnings(\.|:)|@jaeger@warnings|\.endTimeUnixNano: "[0-9]+001" / `)},
	{"span IDs that client and server share", regexp.MustCompile(`\|(shared|below)(\||\.)`)},
	{"addresses", regexp.MustCompile(`\.(tags|attributes)\.peer\.ipv4\.`)},
	{"attributes of libraries", regexp.MustCompile(`\.(tags|attributes)\.telemetry\.sdk\.language: `)},
	{"flags", regexp.MustCompile(`\.flags: \(nothing\) / 1$`)},
	{"links", regexp.MustCompile(`\|process\|5\.links\.\{\}: |\.references\.\w+\|(CHILD_OF: \(nothing\)|FOLLOWS_FROM: .* / \(nothing\)$)`)},
	// Names.
	{"services without a name", regexp.MustCompile(`missing-service-name|unknown_service`)},
	{"64-bit trace IDs", regexp.MustCompile(`\.traceID: "[0-9a-f]{16}" / "0{16}[0-9a-f]{16}"$`)},
	{"spans of no kind", regexp.MustCompile(`/api/v3/operations.* \.operations\.run(\|internal)?: `)},
	// Searches.
	{"error=true", regexp.MustCompile(`error%22%3A%22true%22.* \.data\.[0-9a-f]{32}: `)},
	{"error=false", regexp.MustCompile(`error%22%3A%22false%22.* \.data\.[0-9a-f]{32}: .* / \(nothing\)$`)},
	{"tags made of fields", regexp.MustCompile(`%22(span\.kind|otel\.scope\.name|otel\.status_code)%22.*: \(nothing\) / `)},
	{"attributes of events", regexp.MustCompile(`exception\.type.* / \(nothing\)$`)},
	{"no service", regexp.MustCompile(`^/api/v3/operations status: 200 / 400$`)},
	{"no times", regexp.MustCompile(`^/api/v3/traces\?query\.service_name=web status: 400 / 200$`)},
	{"limits below one", regexp.MustCompile(`limit=(0|-1) status: 500 / 400$`)},
	{"kinds that there are not", regexp.MustCompile(`=sideways status: 200 / 400$`)},
	// Dependencies.
	{"calls that were sampled", regexp.MustCompile(`/api/dependencies.* \.data\.web\|cart\.callCount: 1 / 2$`)},
	{"calls within a service", regexp.MustCompile(`/api/dependencies.* \.data\.(\w+)\|(web|cart|zipkin): \{.*"child":"(web","parent":"web|cart","parent":"cart|zipkin","parent":"zipkin)"\} / \(nothing\)$`)},
	{"peers that only their clients name", regexp.MustCompile(`/api/dependencies.*: \(nothing\) / \{"callCount":1,"child":"(postgresql|unknown_peer)[^"]*","parent":"`)},
	// Shapes.
	{"empty lists", regexp.MustCompile(`: null / \{\}$`)},
	{"trace IDs of zeros", regexp.MustCompile(`/api/traces/0{32} status: 404 / 400$`)},
	{"words of errors", regexp.MustCompile(` \.errors\.\w+\.(msg|traceID): `)},
	{"paths that there are not", regexp.MustCompile(`^/api/nothing status: 200 / 404$`)},
	{"trace summaries, which v1.76 has not", regexp.MustCompile(`^/api/v3/trace-summaries.* : "\\u003c!DOCTYPE html`)},
}

// declaration is the name of what declares d, or empty.
func declaration(d difference) string {
	for _, c := range declared {
		if c.line.MatchString(d.String()) {
			return c.name
		}
	}
	return ""
}

func TestEveryDeclaredDifferenceIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/jaeger.md")
	require.NoError(t, err)
	for _, d := range declared {
		require.Contains(t, string(page), "\n| "+d.name+" | ")
	}
}
