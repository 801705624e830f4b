package compact

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/internal/seldom"
)

func TestEndpoints(t *testing.T) {
	for text, want := range map[string]string{
		"http://localhost:4319":       "http://localhost:4319",
		"https://collector:443/":      "https://collector:443",
		"collector:1234":              "https://collector:1234",
		"collector":                   "https://collector:4319",
		"127.0.0.1:1234":              "http://127.0.0.1:1234",
		"localhost":                   "http://localhost:4319",
		"https://collector.example":   "https://collector.example:4319",
		"http://[::1]:4319":           "http://[::1]:4319",
		"[::1]":                       "http://[::1]:4319",
		"HTTPS://upper.example:10":    "https://upper.example:10",
		"http://collector:4319/v1":    "",
		"http://user:word@host:4319":  "",
		"http://collector:4319?a=b":   "",
		"grpc://collector:4319":       "",
		"unix:///run/collector.sock":  "",
		"http://:4319":                "",
		"http://collector:port":       "",
		"":                            "",
		"http://":                     "",
		"http://collector:4319#there": "",
	} {
		e, err := parseEndpoint(text)
		if want == "" {
			require.EqualError(t, err, "endpoint \""+strings.Replace(text, "http://user:word@", "…@", 1)+"\": accepted: http://host:port, https://host:port, host:port")
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, e.String())
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := New(WithEndpoint("ftp://here"))
	require.EqualError(t, err, `compact exporter: endpoint "ftp://here": accepted: http://host:port, https://host:port, host:port`)
	_, err = New(WithDialOptions(grpc.WithDefaultServiceConfig("{")))
	require.ErrorContains(t, err, "compact exporter: connect to http://localhost:4319: ")
}

func TestTroubleIsReportedEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		e := &Exporter{endpoint: endpoint{host: "here:1"}}
		report := seldom.Errors(reportEvery, e.waiting(func(err error) { told = append(told, err.Error()) }))
		for range 150 {
			report(errors.New("connection refused"))
			time.Sleep(time.Second)
		}
		require.Equal(t, []string{
			"cannot reach http://here:1: spans wait: connection refused",
			"cannot reach http://here:1: spans wait: connection refused",
			"cannot reach http://here:1: spans wait: connection refused",
		}, told)
	})
}
