package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// grpcFailures of a server: the other codes are its caller's fault.
var grpcFailures = []string{"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}

var grpcCodes = strings.Fields("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED " +
	"RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED")

// failed reports whether the span counts as an error of its edge. A status Ok
// beats everything, being cancelled beats every failure.
func failed(s *span, raw ptrace.Span, facts map[string]any) bool {
	status := raw.Status().Code()
	declared := strings.ToUpper(first(facts, "otel.status_code"))
	http := whole(facts, "http.response.status_code", "http.status_code")
	grpc := grpcCode(facts)
	kindOfError := first(facts, "error.type")
	switch {
	case status == ptrace.StatusCodeOk, declared == "OK" && status == ptrace.StatusCodeUnset:
		return false
	case grpc == "CANCELLED", http == 499, kindOfError == "CANCELLED", kindOfError == "499":
		return false
	case status == ptrace.StatusCodeError, declared == "ERROR", kindOfError != "", yes(facts["error"]), escaped(raw):
		return true
	case s.exit():
		return http >= 400 || (grpc != "" && grpc != "OK")
	case s.entry():
		return http >= 500 || slices.Contains(grpcFailures, grpc)
	}
	return false
}

func escaped(raw ptrace.Span) bool {
	for _, e := range raw.Events().All() {
		if v, ok := e.Attributes().Get("exception.escaped"); ok && e.Name() == "exception" && yes(v.AsRaw()) {
			return true
		}
	}
	return false
}

func yes(v any) bool { return v == true || v == "true" || v == "1" }

// whole is the first of the attributes that is a number above 0.
func whole(facts map[string]any, keys ...string) int64 {
	for _, key := range keys {
		switch v := facts[key].(type) {
		case int64:
			if v > 0 {
				return v
			}
		case float64:
			if v > 0 {
				return int64(v)
			}
		case string:
			if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

// grpcCode is the name of a span's gRPC code, or empty.
func grpcCode(facts map[string]any) string {
	for _, key := range []string{"rpc.response.status_code", "rpc.grpc.status_code"} {
		v, found := facts[key]
		if !found {
			continue
		}
		s := strings.ToUpper(fmt.Sprint(v))
		if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < len(grpcCodes) {
			return grpcCodes[n]
		}
		if slices.Contains(grpcCodes, s) {
			return s
		}
	}
	return ""
}
