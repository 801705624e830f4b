package query

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
)

// encoded is an answer that is JSON already.
type encoded []byte

// status that an error has over HTTP.
func status(err error) int {
	var parameter *ParameterError
	var tooMuch *graphview.TooMuchError
	switch {
	case errors.As(err, &parameter), errors.As(err, &tooMuch):
		return http.StatusBadRequest
	case errors.Is(err, ErrNotAllowed):
		return http.StatusForbidden
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, graphview.ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, storage.ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, errNoSpanMetrics):
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError
}

// write sends a body as JSON; a body that has no JSON is our fault.
func write(w http.ResponseWriter, code int, contentType string, body any) {
	text, ready := body.(encoded)
	if !ready {
		var err error
		if text, err = json.Marshal(body); err != nil {
			http.Error(w, "encode answer: "+err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(code)
	_, _ = w.Write(text) // whoever asked has gone: nobody to tell
}

// family is an API's shape of errors.
type family func(w http.ResponseWriter, code int, err error)

// envelope is what Jaeger's first API wraps its answers in.
type envelope struct {
	Data   any             `json:"data"`
	Total  int             `json:"total"`
	Limit  int             `json:"limit"`
	Offset int             `json:"offset"`
	Errors []envelopeError `json:"errors"`
}

type envelopeError struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"msg"`
	TraceID string `json:"traceID,omitempty"`
}

func jaegerError(w http.ResponseWriter, code int, err error) {
	write(w, code, "application/json", envelope{Errors: []envelopeError{{Code: code, Message: err.Error()}}})
}

// jaeger3Error is as Jaeger's gateway for its third API has it.
func jaeger3Error(w http.ResponseWriter, code int, err error) {
	type detail struct {
		HTTPCode int    `json:"httpCode"`
		Message  string `json:"message"`
	}
	write(w, code, "application/json", map[string]detail{"error": {code, err.Error()}})
}

// problem is RFC 9457's shape, for our own API.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
	Value  string `json:"value,omitempty"`
	Limits string `json:"limits,omitempty"`
}

func problemError(w http.ResponseWriter, code int, err error) {
	p := problem{Title: http.StatusText(code), Status: code, Detail: err.Error()}
	var parameter *ParameterError
	if errors.As(err, &parameter) {
		p.Field, p.Value, p.Limits = parameter.Field, parameter.Value, parameter.Limits
	}
	write(w, code, "application/problem+json", p)
}
