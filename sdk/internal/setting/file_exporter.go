package setting

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

func (f *file) readProcessor(n node) error {
	var s Sender
	exporter := func(n node) error { return s.Exporter.read(n) }
	err := n.one(fields{
		"batch": func(n node) error {
			return n.each(fields{
				"schedule_delay":        toMilliseconds(&s.Batch.Interval),
				"export_timeout":        toMilliseconds(&s.Batch.Timeout),
				"max_queue_size":        toWhole(&s.Batch.Queue, 1),
				"max_export_batch_size": toWhole(&s.Batch.Batch, 1),
				"exporter":              exporter,
			})
		},
		"simple": func(n node) error {
			s.Immediate = true
			return n.each(fields{"exporter": exporter})
		},
	})
	if err != nil {
		return err
	}
	if s.Batch.Queue > 0 && s.Batch.Batch > s.Batch.Queue {
		return n.errorf("max_export_batch_size %d: accepted: at most max_queue_size, which is %d", s.Batch.Batch, s.Batch.Queue)
	}
	if s.Exporter.Kind == Nowhere {
		return n.errorf("exporter is needed: one of compact, otlp_http, otlp_grpc, console")
	}
	f.Senders = append(f.Senders, s)
	return nil
}

func (e *Exporter) read(n node) error {
	return n.one(fields{
		"compact?": e.readCompact,
		"console?": func(node) error {
			e.Kind = Console
			return nil
		},
		"otlp_grpc?": func(n node) error {
			e.Kind, e.Endpoint = GRPC, "http://localhost:4317"
			return e.readOTLP(n, fields{})
		},
		"otlp_http?": func(n node) error {
			e.Kind, e.Endpoint = HTTP, "http://localhost:4318/v1/traces"
			var encoding string
			return e.readOTLP(n, fields{"encoding": toWord(&encoding, []string{"protobuf"})})
		},
	})
}

func (e *Exporter) readOTLP(n node, known fields) error {
	known["compression"] = toWord(&e.Compression, []string{"gzip", "none"})
	known["timeout"] = toMilliseconds(&e.Timeout)
	if err := e.readConnection(n, known); err != nil {
		return err
	}
	if !isEndpoint(e.Endpoint) {
		return n.errorf("endpoint %q: accepted: a URL, such as http://localhost:4318/v1/traces", e.Endpoint)
	}
	return nil
}

// readConnection reads what exporters have in common.
func (e *Exporter) readConnection(n node, known fields) error {
	var list string
	known["endpoint"], known["tls"] = to(&e.Endpoint), e.readTLS
	known["headers"], known["headers_list"] = func(n node) error { return n.items(e.readHeader) }, to(&list)
	if err := n.each(known); err != nil {
		return err
	}
	if err := e.addHeaders(list); err != nil {
		return n.errorf("headers_list: %s", err)
	}
	if !strings.Contains(e.Endpoint, "://") {
		e.Endpoint = e.scheme() + "://" + e.Endpoint
	}
	return nil
}

func (e *Exporter) scheme() string {
	if e.Insecure {
		return "http"
	}
	return "https"
}

func (e *Exporter) readTLS(n node) error {
	return n.each(fields{
		"ca_file": to(&e.TLS.CA), "cert_file": to(&e.TLS.Certificate), "key_file": to(&e.TLS.Key), "insecure": to(&e.Insecure),
	})
}

func (e *Exporter) readHeader(n node) error {
	var name, value string
	if err := n.each(fields{"name": to(&name), "value": to(&value)}); err != nil {
		return err
	}
	if name == "" {
		return n.errorf("name is needed")
	}
	e.setHeader(name, value)
	return nil
}

func (e *Exporter) setHeader(name, value string) {
	if e.Headers == nil {
		e.Headers = map[string]string{}
	}
	e.Headers[name] = value
}

// addHeaders adds what a list has beside the headers that are set.
func (e *Exporter) addHeaders(list string) error {
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		name, value, ok := strings.Cut(entry, "=")
		value, err := url.PathUnescape(value)
		if !ok || err != nil {
			return errors.New("accepted: name=value,name=value")
		}
		if _, set := e.Headers[name]; !set {
			e.setHeader(name, value)
		}
	}
	return nil
}

// toMilliseconds: 0 is no limit where the file means a timeout.
func toMilliseconds(v *time.Duration) func(node) error {
	return func(n node) error {
		var ms int
		if err := toWhole(&ms, 0)(n); err != nil {
			return err
		}
		*v = time.Duration(ms) * time.Millisecond
		return nil
	}
}
