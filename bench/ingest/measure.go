package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/internal/procstat"
)

// connections that the requests share.
const connections = 4

// settle is how long after the last acknowledgement the collector is stopped:
// a call whose callee was awaited in vain is counted after ten seconds. The
// processor time of that is part of the cost.
const settle = 15 * time.Second

// measured is what sending a recording cost a system, from its being ready to
// its end, stopping included.
type measured struct {
	load.Outcome
	usage procstat.Usage
	disk  int64
	store string
}

func (m measured) perCPUSecond() float64 { return float64(m.Spans) / m.usage.CPU.Seconds() }

func (m measured) refusals() (n int) {
	for _, times := range m.Refusals {
		n += times
	}
	return n
}

func (b *bench) collector(name string) (child.Collector, error) {
	folder, err := b.subfolder(name)
	return child.Collector{Binary: b.binary, Folder: folder, PortOffset: b.portOffset}, err
}

// measure sends the recording to a new collector, and stops it.
func (b *bench) measure(ctx context.Context, r load.Recording, name, profile string) (m measured, err error) {
	c, err := b.collector(name)
	if err != nil {
		return m, err
	}
	if profile != "" {
		if c.Args, err = b.profiling(c); err != nil {
			return m, err
		}
	}
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return m, err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	profiled := b.startProfile(ctx, profile)
	m.store = c.Store()
	if m.Outcome, err = b.send(ctx, r, c.Traces()); err != nil {
		return m, err
	}
	if err := <-profiled; err != nil {
		return m, err
	}
	time.Sleep(settle)
	if m.usage, err = server.Stop(); err != nil {
		return m, err
	}
	m.disk, err = child.DiskBytes(m.store)
	return m, err
}

func (b *bench) send(ctx context.Context, r load.Recording, endpoint string) (load.Outcome, error) {
	client, err := load.Dial(endpoint, connections)
	if err != nil {
		return load.Outcome{}, err
	}
	o, err := r.Closed(ctx, client, b.repetitions(r), b.inFlight, r.Now)
	return o, errors.Join(err, client.Close())
}

// pprofPort is shifted as all ports are.
const pprofPort = 1777

// profiling is an overlay that adds the pprof extension. The gate is needed
// because a list in an overlay otherwise replaces the one below.
func (b *bench) profiling(c child.Collector) ([]string, error) {
	overlay := filepath.Join(c.Folder, "profiling.yaml")
	text := fmt.Sprintf("extensions: {pprof: {endpoint: %s}}\nservice: {extensions: [pprof]}\n", b.pprof())
	if err := os.WriteFile(overlay, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write overlay: %w", err)
	}
	return []string{"--config", "file:" + overlay, "--feature-gates", "confmap.enableMergeAppendOption"}, nil
}

func (b *bench) pprof() string { return fmt.Sprintf("127.0.0.1:%d", pprofPort+b.portOffset) }

// profileSeconds is less than the load takes.
const profileSeconds = 10

// startProfile collects a profile while the load goes on.
func (b *bench) startProfile(ctx context.Context, file string) <-chan error {
	done := make(chan error, 1)
	if file == "" {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		done <- b.saveProfile(ctx, file)
	}()
	return done
}

// saveProfile writes the heap's profile beside the CPU's.
func (b *bench) saveProfile(ctx context.Context, file string) error {
	time.Sleep(2 * time.Second) // past the start
	if err := b.savePprof(ctx, fmt.Sprintf("profile?seconds=%d", profileSeconds), file); err != nil {
		return err
	}
	return b.savePprof(ctx, "heap", file+".heap")
}

func (b *bench) savePprof(ctx context.Context, name, file string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/%s", b.pprof(), name)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("take profile: %w", err)
	}
	defer answer.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("take profile: %w", err)
	}
	_, err = io.Copy(out, answer.Body)
	return errors.Join(err, out.Close())
}
