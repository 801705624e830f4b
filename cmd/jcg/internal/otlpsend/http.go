package otlpsend

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	contentType = "application/x-protobuf"
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 1 << 20
)

type httpSender struct {
	target Target
	url    string
	client *http.Client
}

func newHTTP(t Target) (Sender, error) {
	e, err := t.endpoint()
	if err != nil {
		return nil, err
	}
	config, err := t.tlsConfig()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	transport.MaxIdleConnsPerHost = 256 // one for each request in flight
	scheme := "http"
	if e.secure {
		scheme = "https"
	}
	return &httpSender{t, scheme + "://" + e.host + e.path, &http.Client{Transport: transport, Timeout: t.timeout()}}, nil
}

func (s *httpSender) Send(ctx context.Context, td ptrace.Traces) (Receipt, error) {
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		return Receipt{}, fmt.Errorf("encode request: %w", err)
	}
	request, err := s.request(ctx, body)
	if err != nil {
		return Receipt{}, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return Receipt{}, &RetryableError{Err: err}
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return Receipt{}, &RetryableError{Err: fmt.Errorf("read answer: %w", err)}
	}
	return judgeAnswer(answer, content)
}

func (s *httpSender) request(ctx context.Context, body []byte) (*http.Request, error) {
	if s.target.Gzip {
		body = gzipped(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for key, value := range s.target.Headers {
		request.Header.Set(key, value)
	}
	request.Header.Set("Content-Type", contentType)
	if s.target.Gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	return request, nil
}

func (s *httpSender) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

func gzipped(body []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(body) // a bytes.Buffer takes all
	_ = z.Close()
	return out.Bytes()
}

// judgeAnswer follows OTLP/HTTP: 200 with an ExportResponse, else a status.
func judgeAnswer(answer *http.Response, content []byte) (Receipt, error) {
	if answer.StatusCode/100 == 2 {
		response := ptraceotlp.NewExportResponse()
		if err := response.UnmarshalProto(content); err != nil {
			return Receipt{}, fmt.Errorf("decode answer of %d bytes: %w", len(content), err)
		}
		return receipt(response), nil
	}
	err := fmt.Errorf("%s: %s", answer.Status, message(answer, content))
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Receipt{}, &RetryableError{Err: err, After: retryAfter(answer.Header.Get("Retry-After"))}
	}
	return Receipt{}, err
}

func message(answer *http.Response, content []byte) string {
	var s spb.Status
	if answer.Header.Get("Content-Type") == contentType && proto.Unmarshal(content, &s) == nil {
		return s.GetMessage()
	}
	return fmt.Sprintf("%.200s", bytes.TrimSpace(content))
}

// retryAfter reads seconds; a date is left to the backoff.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.ParseUint(header, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
