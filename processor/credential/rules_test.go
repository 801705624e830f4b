package credential

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"
)

func ExampleRules_Clean() {
	text, _ := New(nil, nil).Clean("https://ann:pw@shop.example/item?id=7&token=abc#top")
	fmt.Println(text)
	// Output: https://REDACTED:REDACTED@shop.example/item?id=7&token=REDACTED#top
}

func TestClean(t *testing.T) {
	r := New(nil, []string{"Voucher"})
	for in, want := range map[string]string{
		"":                            "",
		"/item":                       "/item",
		"/item?id=7":                  "/item?id=7",
		"id=7&password=x":             "id=7&password=REDACTED",
		"?token=x":                    "?token=REDACTED",
		"token=x&token=y&id=1":        "token=REDACTED&token=REDACTED&id=1",
		"/a?API_KEY=x":                "/a?API_KEY=REDACTED",
		"/a?voucher=x":                "/a?voucher=REDACTED",
		"/a?token=":                   "/a?token=",
		"/a?token":                    "/a?token",
		"/a?token=a=b==&id=1":         "/a?token=REDACTED&id=1",
		"/a?mytoken=x":                "/a?mytoken=x",
		"/a?b=token=x":                "/a?b=token=x",
		"/a#access_token=x&id=1":      "/a#access_token=REDACTED&id=1",
		"https://u:p@h/":              "https://REDACTED:REDACTED@h/",
		"https://u@h":                 "https://REDACTED@h",
		"https://u:p@q@h?x=@":         "https://REDACTED:REDACTED@h?x=@",
		"https://h/@u":                "https://h/@u",
		"https://h?mail=a@b":          "https://h?mail=a@b",
		"postgres://u:p@h/db?sig=1":   "postgres://REDACTED:REDACTED@h/db?sig=REDACTED",
		"Server=h; Password=x;User=u": "Server=h; Password=REDACTED;User=u",
		"=":                           "=",
		"=x&=y":                       "=x&=y",
		"://@":                        "://REDACTED@",
	} {
		got, changed := r.Clean(in)
		require.Equal(t, want, got)
		require.Equal(t, in != want, changed, in)
		again, changed := r.Clean(got)
		require.Equal(t, got, again)
		require.False(t, changed, "cleaning twice changes nothing: %s", in)
	}
}

func TestCleanLeavesNoSecret(t *testing.T) {
	const secret = "5ecret"
	r := New(nil, nil)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(parameters).Draw(t, "name")
		before := rapid.StringMatching(`(https?://(u:`+secret+`@)?h\.example)?/[a-z]*\?([a-z]+=[0-9]*&)*`).Draw(t, "before")
		after := rapid.StringMatching(`(&[a-z]+=[0-9]*)*(#[a-z]*)?`).Draw(t, "after")
		got, changed := r.Clean(before + name + "=" + secret + after)
		require.True(t, changed)
		require.NotContains(t, got, secret)
		require.True(t, strings.HasSuffix(got, name+"="+Redacted+after), got)
	})
}

func spanWith(attributes map[string]any) (ptrace.Traces, ptrace.Span) {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	if err := s.Attributes().FromRaw(attributes); err != nil {
		panic(err)
	}
	return td, s
}

func TestApply(t *testing.T) {
	td, s := spanWith(map[string]any{
		"http.request.header.authorization":          []any{"Bearer x"},
		"http.request.header.accept":                 []any{"text/html"},
		"http.response.header.set-cookie":            []any{"id=x"},
		"http.request.header.x_api_key":              "x",
		"rpc.grpc.request.metadata.authorization":    []any{"x"},
		"rpc.connect_rpc.request.metadata.x-api-key": "x",
		"url.full":   "https://h/?token=x",
		"url.query":  int64(7),
		"http.route": "/?token={token}",
		"my.secret":  "x",
	})
	require.NoError(t, s.Events().AppendEmpty().Attributes().FromRaw(map[string]any{"http.request.header.cookie": "x", "kept": true}))
	require.Equal(t, 8, New([]string{"my.secret"}, nil).Apply(td))
	require.Equal(t, map[string]any{
		"http.request.header.accept": []any{"text/html"},
		"url.full":                   "https://h/?token=REDACTED",
		"url.query":                  int64(7),
		"http.route":                 "/?token={token}",
	}, s.Attributes().AsRaw())
	require.Equal(t, map[string]any{"kept": true}, s.Events().At(0).Attributes().AsRaw())
	require.Zero(t, New(nil, nil).Apply(td))
}

// A server span and a client span of common size: 9 attributes each, one URL
// with a query.
func BenchmarkApply(b *testing.B) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 512 {
		usual(spans.AppendEmpty().Attributes(), i%2 == 0)
	}
	r := New(nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Apply(td)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/span")
}

func usual(m pcommon.Map, client bool) {
	for _, key := range []string{"http.request.method", "server.address", "network.protocol.version", "user_agent.original", "client.address", "url.scheme"} {
		m.PutStr(key, "value")
	}
	m.PutInt("http.response.status_code", 200)
	m.PutInt("server.port", 8080)
	if client {
		m.PutStr("url.full", "http://frontend-proxy:8080/api/cart?sessionId=a7945203-f3b1-4652-a254-5e9772bbd6a7&currencyCode=CHF")
	} else {
		m.PutStr("http.route", "/api/cart")
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"https://u:p@h/?token=x&id=1#a", "Password=x;a=b", "://@", "=&=;=#", "https://REDACTED:REDACTED@h"} {
		f.Add(seed)
	}
	r := New(nil, nil)
	f.Fuzz(func(t *testing.T, text string) {
		once, changed := r.Clean(text)
		require.Equal(t, once != text, changed)
		twice, changed := r.Clean(once)
		require.Equal(t, once, twice)
		require.False(t, changed)
	})
}

func TestRulesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/redaction.md")
	require.NoError(t, err)
	for _, name := range slices.Concat(headers, carriers, urls, parameters) {
		require.Contains(t, string(page), "`"+name+"`")
	}
}
