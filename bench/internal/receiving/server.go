package receiving

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
)

// Server is a process that receives.
type Server struct {
	*child.Server
	addresses
}

// Options of a Server.
type Options struct {
	Log string // file of what it prints
	// Ballast is bytes of heap beside.
	Ballast int
	// MaxStateMiB is the compact receiver's max_state_mib; 0 for its default.
	MaxStateMiB int
	// Again are the addresses of a server that has ended, which the new one takes over.
	Again *Server
}

// Start starts this program again; its main must call Served.
func Start(ctx context.Context, o Options) (*Server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	s := &Server{}
	if o.Again != nil {
		s.addresses = o.Again.addresses
	} else {
		free, err := child.FreeAddresses(ctx, 3)
		if err != nil {
			return nil, err
		}
		s.addresses = addresses{free[0], free[1], free[2]}
	}
	s.Server, err = child.Start(ctx, child.Command{
		Path:    self,
		Args:    []string{command, "-otlp", s.otlp, "-compact", s.compact, "-control", s.control, "-ballast", strconv.Itoa(o.Ballast), "-state", strconv.Itoa(o.MaxStateMiB)},
		Listens: []string{s.otlp, s.compact}, Answers: s.url("counts"), Log: o.Log,
	})
	return s, err
}

// OTLP is the address for OTLP over gRPC.
func (s *Server) OTLP() string { return s.otlp }

// Compact is the address for compact streams.
func (s *Server) Compact() string { return s.compact }

// Counts are what came so far.
func (s *Server) Counts(ctx context.Context) (c Counts, err error) {
	return c, s.ask(ctx, "counts", &c)
}

// Memory collects garbage first.
func (s *Server) Memory(ctx context.Context) (m Memory, err error) {
	return m, s.ask(ctx, "memory", &m)
}

// ProfileCPU begins a profile of processor time, which ends in a file.
func (s *Server) ProfileCPU(ctx context.Context, file string) (end func() error, err error) {
	err = s.get(ctx, "cpu/begin", func(io.Reader) error { return nil })
	return func() error { return s.save(ctx, "cpu/end", file) }, err
}

// ProfileHeap writes a profile of the heap.
func (s *Server) ProfileHeap(ctx context.Context, file string) error {
	return s.save(ctx, "heap", file)
}

func (s *Server) save(ctx context.Context, path, file string) error {
	return s.get(ctx, path, func(r io.Reader) error {
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return os.WriteFile(file, b, 0o600)
	})
}

func (s *Server) url(path string) string { return "http://" + s.control + "/" + path }

func (s *Server) ask(ctx context.Context, path string, v any) error {
	return s.get(ctx, path, func(r io.Reader) error { return json.NewDecoder(r).Decode(v) })
}

func (s *Server) get(ctx context.Context, path string, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url(path), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the receiving process: %w", err)
	}
	defer answer.Body.Close()
	if err := read(answer.Body); err != nil {
		return fmt.Errorf("read the receiving process's answer: %w", err)
	}
	return nil
}
