package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
)

const (
	requestSpans = 512
	inFlight     = 16
	connections  = 4
	searchLimit  = 20 // traces of an answer, as Jaeger's UI asks
)

// settle lets the collector finish what the load left it to do: calls whose
// callee is awaited for ten seconds, indexes, compactions.
const settle = 15 * time.Second

// searches stores the traces of the last hour and asks for them by tags.
func (b *bench) searches(ctx context.Context) error {
	r, err := load.Read(b.files, requestSpans)
	if err != nil {
		return err
	}
	vocabulary, err := readTags(b.files)
	if err != nil {
		return err
	}
	c, err := b.collector("tags")
	if err != nil {
		return err
	}
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	if err := b.store(ctx, r, c, vocabulary.service); err != nil {
		return err
	}
	failures := question{"failures_p99_ms", "/api/jcg/v1/failures", func(int) url.Values { return nil }}
	if err := errors.Join(b.search(ctx, api{c.API()}, vocabulary), b.pages(ctx, api{c.API()}, []question{failures})); err != nil {
		return err
	}
	_, err = server.Stop()
	return err
}

// store spreads the recording's repetitions over the hour and puts needles
// between them.
func (b *bench) store(ctx context.Context, r load.Recording, c child.Collector, service string) error {
	client, err := load.Dial(c.Traces(), connections)
	if err != nil {
		return err
	}
	repetitions := (b.traces + r.Traces - 1) / r.Traces
	const hour = 58 * time.Minute // all of it is still in the last hour when it is asked for
	o, err := r.Closed(ctx, client, repetitions, inFlight, r.Within(hour, repetitions))
	if err != nil {
		return err
	}
	b.Print("tags_traces", float64(repetitions*r.Traces), "traces")
	b.Print("tags_spans", float64(o.Spans), "spans")
	v := viewer{client: client}
	for i := range needles {
		if err := v.send(ctx, needle(service, i, time.Now().Add(-hour*time.Duration(i)/needles))); err != nil {
			return err
		}
	}
	time.Sleep(settle)
	return client.Close()
}

// tags of a span, as the API takes them.
type tags map[string]string

func (b *bench) search(ctx context.Context, a api, v vocabulary) error {
	var worst time.Duration
	for _, kind := range []struct {
		name string
		ask  func(i int) tags
		some bool
	}{
		{"tags_rare_p99_ms", func(i int) tags { return tags{needleKey: needleValue(i % needles)} }, true},
		{"tags_common_p99_ms", func(i int) tags { return v.common[i%len(v.common)].tags() }, true},
		{"tags_absent_p99_ms", func(i int) tags { return tags{needleKey: "absent-" + strconv.Itoa(i)} }, false},
	} {
		p99, err := b.time(ctx, a, v.service, kind.ask, kind.some)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		b.Print(kind.name, figure.Milliseconds(p99), "ms")
		worst = max(worst, p99)
	}
	b.Print("tags_p99_ms", figure.Milliseconds(worst), "ms")
	if len(v.apart) == 0 {
		return fmt.Errorf("no two common tags of service %s never meet in this recording", v.service)
	}
	p99, err := b.time(ctx, a, v.service, func(i int) tags { return v.apart[i%len(v.apart)].tags() }, false)
	b.Print("tags_two_p99_ms", figure.Milliseconds(p99), "ms")
	return err
}

// time asks for the last hour and checks whether something was found.
func (b *bench) time(ctx context.Context, a api, service string, ask func(int) tags, some bool) (time.Duration, error) {
	took := make([]time.Duration, b.queries)
	for i := range took {
		wanted, err := json.Marshal(ask(i))
		if err != nil {
			return 0, err
		}
		var answer struct{ Data []struct{ TraceID string } }
		now := time.Now()
		took[i], err = a.read(ctx, "/api/traces", url.Values{
			"service": {service}, "tags": {string(wanted)}, "limit": {strconv.Itoa(searchLimit)},
			"start": {micros(now.Add(-time.Hour))}, "end": {micros(now)},
		}, &answer)
		if err != nil {
			return 0, err
		}
		if found := len(answer.Data) > 0; found != some {
			return 0, fmt.Errorf("%d traces have %s", len(answer.Data), wanted)
		}
	}
	return figure.P99(took), nil
}

func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }
