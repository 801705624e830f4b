package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
)

// fleet is the collectors and the processes with their clients.
type fleet struct {
	streams    int
	collectors []*receiving.Server
	senders    []*senders
	before     int64 // resident bytes of the collectors without streams
}

// senders is one process with many clients.
type senders struct {
	*child.Server
	control string
}

const (
	spareFiles      = 200   // of a process, for other things
	clientsOfSender = 7_500 // at most
)

// start starts collectors and senders for so many streams.
func (b *bench) start(ctx context.Context, name string, streams int) (*fleet, error) {
	f := &fleet{streams: streams}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return f, fmt.Errorf("read the limit of open files: %w", err)
	}
	each := int(limit.Max) - spareFiles
	for _, n := range parts(streams, each) {
		c, err := receiving.Start(ctx, receiving.Options{Log: b.log(name, "collector", len(f.collectors)), MaxStateMiB: b.state})
		if err != nil {
			return f, err
		}
		f.collectors = append(f.collectors, c)
		for _, clients := range parts(n, min(each, clientsOfSender)) {
			s, err := b.sender(ctx, name, len(f.senders), clients, c.Compact())
			if err != nil {
				return f, err
			}
			f.senders = append(f.senders, s)
		}
	}
	if _, err := f.memory(ctx); err != nil { // what starting left behind is collected
		return f, err
	}
	var err error
	f.before, err = f.rss()
	return f, err
}

// parts cuts n into equal parts that are no more than most.
func parts(n, most int) (all []int) {
	count := (n + most - 1) / most
	for i := range count {
		all = append(all, n*(i+1)/count-n*i/count)
	}
	return all
}

func (b *bench) sender(ctx context.Context, name string, number, clients int, to string) (*senders, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	free, err := child.FreeAddresses(ctx, 1)
	if err != nil {
		return nil, err
	}
	s := &senders{control: free[0]}
	s.Server, err = child.Start(ctx, child.Command{
		Path: self,
		Args: []string{
			command, "-to", to, "-from", fmt.Sprintf("127.0.0.%d", 2+number), "-clients", strconv.Itoa(clients),
			"-first", strconv.Itoa(number * clientsOfSender), "-control", s.control,
		},
		Answers: s.url("state"), Log: b.log(name, "sender", number),
	})
	return s, err
}

func (b *bench) log(name, of string, number int) string {
	return filepath.Join(b.folder, fmt.Sprintf("%s-%s-%d.log", name, of, number))
}

func (f *fleet) killCollectors() error {
	var errs []error
	for _, c := range f.collectors {
		errs = append(errs, c.Kill())
	}
	return errors.Join(errs...)
}

func (b *bench) restart(ctx context.Context, f *fleet) (err error) {
	for i, old := range f.collectors {
		f.collectors[i], err = receiving.Start(ctx, receiving.Options{Log: b.log("again", "collector", i), MaxStateMiB: b.state, Again: old})
		if err != nil {
			f.collectors = f.collectors[:i]
			return err
		}
	}
	return nil
}

func (f *fleet) kill() error {
	errs := []error{f.killCollectors()}
	for _, s := range f.senders {
		errs = append(errs, s.Kill())
	}
	return errors.Join(errs...)
}

// rss is of all collectors.
func (f *fleet) rss() (bytes int64, err error) {
	for _, c := range f.collectors {
		u, err := c.Usage()
		if err != nil {
			return 0, err
		}
		bytes += u.RSS
	}
	return bytes, nil
}

func (f *fleet) sendersRSS() (bytes int64, err error) {
	for _, s := range f.senders {
		u, err := s.Usage()
		if err != nil {
			return 0, err
		}
		bytes += u.RSS
	}
	return bytes, nil
}

// memory is what all collectors hold after a collection.
func (f *fleet) memory(ctx context.Context) (sum receiving.Memory, err error) {
	for _, c := range f.collectors {
		m, err := c.Memory(ctx)
		if err != nil {
			return sum, err
		}
		sum.Heap += m.Heap
		sum.Stacks += m.Stacks
		sum.Goroutines += m.Goroutines
	}
	return sum, nil
}

func (b *bench) heapProfiles(ctx context.Context, f *fleet, name string) error {
	if b.profile == "" {
		return nil
	}
	for i, c := range f.collectors {
		if err := c.ProfileHeap(ctx, filepath.Join(b.profile, fmt.Sprintf("%s-%d.pprof", name, i))); err != nil {
			return err
		}
	}
	return nil
}

func (s *senders) url(path string) string { return "http://" + s.control + "/" + path }

// tell tells all senders what to do.
func (f *fleet) tell(ctx context.Context, what string) error {
	for _, s := range f.senders {
		if err := s.ask(ctx, what, nil); err != nil {
			return err
		}
	}
	return nil
}

// state is that of all clients.
func (f *fleet) state(ctx context.Context) (sum state, err error) {
	for _, s := range f.senders {
		var one state
		if err := s.ask(ctx, "state", &one); err != nil {
			return sum, err
		}
		sum.Connected += one.Connected
		sum.Waiting += one.Waiting
		sum.Streams += one.Streams
		sum.Spans += one.Spans
		sum.Failed += one.Failed
		sum.Lost += one.Lost
		if one.Why != "" {
			sum.Why = one.Why
		}
	}
	return sum, nil
}

// patience is how long streams may take to come.
const patience = 10 * time.Minute

// until asks for the state each step until it is as wanted. A send that fails
// ends the wait.
func (f *fleet) until(ctx context.Context, wanted func(state) bool) (s state, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if s, err = f.state(ctx); err != nil {
			return s, err
		}
		if s.Failed > 0 {
			return s, fmt.Errorf("%d sends failed", s.Failed)
		}
		if wanted(s) {
			return s, nil
		}
		if err := sleep(ctx, step); err != nil {
			return s, fmt.Errorf("%d of %d streams are there: %w", s.Connected, f.streams, err)
		}
	}
}

func (s *senders) ask(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url(path), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the sending process: %w", err)
	}
	defer response.Body.Close()
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("read the sending process's answer: %w", err)
	}
	return nil
}
