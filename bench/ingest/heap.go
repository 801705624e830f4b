package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// metricsPort is the collector's own metrics', shifted as all ports are.
const metricsPort = 8888

var limit = regexp.MustCompile(`(?m)^    memory_limiter:\n(?:        .*\n)*?        limit_mib: (\d+)$`)

// limiterBytes is the bound that the memory limiter keeps the heap under, as the
// built-in configuration has it.
func (b *bench) limiterBytes(ctx context.Context) (int64, error) {
	config, err := exec.CommandContext(ctx, b.binary, "print-config", "--config", "builtin:all-in-one").Output()
	if err != nil {
		return 0, fmt.Errorf("print the built-in configuration: %w", err)
	}
	found := limit.FindSubmatch(config)
	if found == nil {
		return 0, errors.New("the built-in configuration has no memory limiter")
	}
	mib, err := strconv.ParseInt(string(found[1]), 10, 32)
	return mib << 20, err
}

// watchHeap returns the greatest heap seen until ctx ends.
func (b *bench) watchHeap(ctx context.Context) <-chan int64 {
	const every = 100 * time.Millisecond
	peak := make(chan int64, 1)
	go func() {
		var most int64
		for ctx.Err() == nil {
			most = max(most, b.heap(ctx))
			time.Sleep(every)
		}
		peak <- most
	}()
	return peak
}

// heap is what the collector says it has allocated, 0 where it does not answer.
func (b *bench) heap(ctx context.Context) int64 {
	url := fmt.Sprintf("http://127.0.0.1:%d/metrics", metricsPort+b.portOffset)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "otelcol_process_runtime_heap_alloc_bytes"); found {
			bytes, _ := strconv.ParseFloat(value[strings.LastIndexByte(value, ' ')+1:], 64)
			return int64(bytes)
		}
	}
	return 0
}
