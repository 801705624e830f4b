package otlpsend

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// FromEnvironment is the Target that OTel's exporter variables describe, by the
// specification's rules: OTEL_EXPORTER_OTLP_TRACES_… goes before
// OTEL_EXPORTER_OTLP_…. What they leave open has its default.
func FromEnvironment(lookup func(string) string) (Target, error) {
	v := variables{lookup: lookup}
	t := Target{
		Protocol: v.protocol(),
		Insecure: v.insecure(),
		Headers:  v.headers(),
		Gzip:     v.gzip(),
		CAFile:   v.value("CERTIFICATE"),
		Timeout:  v.timeout(),
	}
	t.Endpoint = v.endpoint(t.Protocol)
	return t, v.err
}

// variables reads one setting after the other and keeps the first error.
type variables struct {
	lookup func(string) string
	err    error
}

const prefix = "OTEL_EXPORTER_OTLP_"

func (v *variables) value(name string) string {
	if s := v.lookup(prefix + "TRACES_" + name); s != "" {
		return s
	}
	return v.lookup(prefix + name)
}

func (v *variables) refuse(name, value, want string) {
	if v.err == nil {
		v.err = fmt.Errorf("environment variable %s%s is %q: want %s", prefix, name, value, want)
	}
}

func (v *variables) protocol() Protocol {
	switch s := v.value("PROTOCOL"); s {
	case "", "grpc":
		return GRPC
	case "http/protobuf", "http":
		return HTTP
	default:
		v.refuse("PROTOCOL", s, "grpc or http/protobuf")
		return GRPC
	}
}

// endpoint appends OTLP/HTTP's path to the common variable only.
func (v *variables) endpoint(p Protocol) string {
	if s := v.lookup(prefix + "TRACES_ENDPOINT"); s != "" {
		return s
	}
	s := v.lookup(prefix + "ENDPOINT")
	switch {
	case s == "":
		return ""
	case p == HTTP && strings.Contains(s, "://"):
		return strings.TrimSuffix(s, "/") + tracesPath
	}
	return s
}

func (v *variables) insecure() *bool {
	s := v.value("INSECURE")
	if s == "" {
		return nil
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		v.refuse("INSECURE", s, "true or false")
	}
	return &b
}

// hidden stands for a value that may be a secret.
const hidden = "…"

func (v *variables) headers() map[string]string {
	headers := map[string]string{}
	for _, pair := range strings.Split(v.value("HEADERS"), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, err := ParseHeader(pair)
		if err != nil {
			v.refuse("HEADERS", hidden, "key=value,key=value")
			continue
		}
		if value, err = url.PathUnescape(value); err != nil {
			v.refuse("HEADERS", hidden, "values that are percent-encoded")
		}
		headers[key] = value
	}
	return headers
}

// ParseHeader reads key=value.
func ParseHeader(s string) (key, value string, err error) {
	key, value, found := strings.Cut(s, "=")
	if key = strings.TrimSpace(key); !found || key == "" {
		return "", "", fmt.Errorf("header %q: want key=value", s)
	}
	return key, strings.TrimSpace(value), nil
}

func (v *variables) gzip() bool {
	s := v.value("COMPRESSION")
	if s != "" && s != "none" && s != "gzip" {
		v.refuse("COMPRESSION", s, "gzip or none")
	}
	return s == "gzip"
}

func (v *variables) timeout() time.Duration {
	s := v.value("TIMEOUT")
	if s == "" {
		return DefaultTimeout
	}
	ms, err := strconv.ParseUint(s, 10, 31)
	if err != nil || ms == 0 {
		v.refuse("TIMEOUT", s, "milliseconds, at least 1")
	}
	return time.Duration(ms) * time.Millisecond
}
