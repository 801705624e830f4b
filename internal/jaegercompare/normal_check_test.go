package jaegercompare

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func decoded(t *testing.T, text string) (v any) {
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

func TestWhatHasNoMeaningIsNoDifference(t *testing.T) {
	for name, pair := range map[string][2]string{
		"order of names":  {`{"data":["a","b","b"]}`, `{"data":["b","a","b"]}`},
		"order of tags":   {`{"tags":[{"key":"a","value":1},{"key":"a","value":2},{"key":"b","value":3}]}`, `{"tags":[{"key":"b","value":3},{"key":"a","value":1},{"key":"a","value":2}]}`},
		"order of traces": {`{"data":[{"traceID":"1"},{"traceID":"2"}]}`, `{"data":[{"traceID":"2"},{"traceID":"1"}]}`},
		"names of processes": {
			`{"spans":[{"spanID":"1","processID":"p1"},{"spanID":"2","processID":"p2"}],"processes":{"p1":{"serviceName":"a"},"p2":{"serviceName":"b"}}}`,
			`{"spans":[{"spanID":"1","processID":"x"},{"spanID":"2","processID":"y"}],"processes":{"x":{"serviceName":"a"},"y":{"serviceName":"b"}}}`,
		},
		"grouping of spans": {
			`{"result":{"resourceSpans":[{"resource":{"a":1},"scopeSpans":[{"scope":{},"spans":[{"spanId":"1"},{"spanId":"2"}]}]}]}}`,
			`{"result":{"resourceSpans":[{"resource":{"a":1},"scopeSpans":[{"scope":{},"spans":[{"spanId":"2"}]},{"scope":{},"spans":[{"spanId":"1"}]}]}]}}`,
		},
	} {
		require.Empty(t, differencesOf("q", answer{200, decoded(t, pair[0])}, answer{200, decoded(t, pair[1])}), name)
	}
}

func TestDifferencesNameTheirPath(t *testing.T) {
	for text, pair := range map[string][2]string{
		".data.\"b\": (nothing) / b":                  {`{"data":["a"]}`, `{"data":["a","b"]}`},
		".spans.1|op|5.process.serviceName: a / b":    {`{"spans":[{"spanID":"1","operationName":"op","startTime":5,"processID":"p"}],"processes":{"p":{"serviceName":"a"}}}`, `{"spans":[{"spanID":"1","operationName":"op","startTime":5,"processID":"p"}],"processes":{"p":{"serviceName":"b"}}}`},
		".tags.a#2.value: 2 / 3":                      {`{"tags":[{"key":"a","value":1},{"key":"a","value":2}]}`, `{"tags":[{"key":"a","value":1},{"key":"a","value":3}]}`},
		".result.1.resource.a: 1 / (nothing)":         {`{"result":{"resourceSpans":[{"resource":{"a":1},"scopeSpans":[{"spans":[{"spanId":"1"}]}]}]}}`, `{"result":{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"spanId":"1"}]}]}]}}`},
		".data: <nil> / map[]":                        {`{"data":null}`, `{"data":[]}`},
		".errors.no such thing.code: 404 / (nothing)": {`{"errors":[{"msg":"no such thing","code":404}]}`, `{"errors":[{"msg":"no such thing"}]}`},
	} {
		all := differencesOf("q", answer{200, decoded(t, pair[0])}, answer{200, decoded(t, pair[1])})
		require.Len(t, all, 1, text)
		require.Equal(t, text, fmt.Sprintf("%s: %v / %v", all[0].path, all[0].theirs, all[0].ours))
	}
	all := differencesOf("q", answer{404, nil}, answer{200, nil})
	require.Equal(t, []difference{{"q", "status", 404, 200}}, all)
}
