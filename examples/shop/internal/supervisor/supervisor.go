// Package supervisor decides which processes make up a running shop: it starts
// each service as a process of its own, brings back what dies, and ends them
// all, whatever ends itself.
package supervisor

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/service"
)

// Config of a shop.
type Config struct {
	Program   string        // the shop's own executable
	Collector string        // host:port that takes spans
	Gateway   string        // host:port of the gateway; a free port where it is taken
	Broker    string        // host:port of a real Kafka; empty: one in memory
	Logs      string        // directory for the services' log lines; empty: none are kept
	Rate      float64       // requests a second of load; 0: none
	Timeout   time.Duration // that services give payment and carrier
	Command   []string      // runs beside the shop, which ends with it; may be empty
	Output    io.Writer     // takes a line at the start, and problems
}

// Shop is a running shop.
type shop struct {
	Config
	dir     string
	at      map[string]string
	sockets map[string]*os.File

	mu       sync.Mutex // guards Output
	load     group      // ends first, so that what is under way ends well
	services group      // what makes spans; ends next
	ground   group      // what they stand on: Redis, broker, command
	code     int        // exit code of Command

	commandEnded atomic.Bool
}

// Run runs the shop until ctx ends or the command beside it does, whose exit
// code it returns. When it returns, all processes are gone.
func Run(ctx context.Context, c Config) (code int, err error) {
	s := &shop{Config: c, at: map[string]string{}, sockets: map[string]*os.File{}}
	if s.dir, err = os.MkdirTemp("", "shop-"); err != nil {
		return 1, fmt.Errorf("temporary directory: %w", err)
	}
	defer os.RemoveAll(s.dir) //nolint:errcheck // the system tidies up too
	defer s.closeSockets()
	if err := s.open(ctx); err != nil {
		return 1, err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	s.ground.begin(context.WithoutCancel(ctx))
	s.services.begin(context.WithoutCancel(ctx))
	s.load.begin(context.WithoutCancel(ctx))
	s.startGround(end)
	s.startServices()
	<-ctx.Done()
	s.load.end()
	s.drain()
	s.services.end()
	s.ground.end()
	return s.code, nil
}

// underWay is how long an order takes to end, and its messages to be delivered.
const underWay = time.Second

// drain lets what was ordered end: services that stop in the middle of it would
// show failures that nobody injected.
func (s *shop) drain() {
	if len(s.Command) > 0 && s.commandEnded.Load() {
		return // nobody takes spans any more
	}
	time.Sleep(underWay)
}

// open opens the listeners of all services: their addresses are known before
// they start, and outlive them.
func (s *shop) open(ctx context.Context) error {
	if s.Logs != "" {
		if err := os.MkdirAll(s.Logs, 0o755); err != nil {
			return fmt.Errorf("directory for logs: %w", err)
		}
	}
	for _, role := range s.roles() {
		if !role.Listens {
			continue
		}
		wanted := "127.0.0.1:0"
		if role.Name == service.Gateway {
			wanted = s.Gateway
		}
		if err := s.listen(ctx, role.Name, wanted); err != nil {
			return err
		}
	}
	if s.Broker != "" {
		s.at[service.Broker] = s.Broker
	}
	return nil
}

// roles are those that this shop has.
func (s *shop) roles() (roles []service.Role) {
	for _, role := range service.Roles {
		absent := role.Name == service.Broker && s.Broker != "" || role.Name == service.Load && s.Rate == 0
		if !absent {
			roles = append(roles, role)
		}
	}
	return roles
}

func (s *shop) startGround(end func()) {
	s.startRedis()
	if len(s.Command) == 0 {
		return
	}
	s.ground.run(func(ctx context.Context) {
		defer end()
		defer s.commandEnded.Store(true)
		cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		s.code = s.exitCode(cmd, runChild(cmd, beside))
	})
}

// exitCode is the command's own where it has one.
func (s *shop) exitCode(cmd *exec.Cmd, err error) int {
	if cmd.ProcessState != nil && cmd.ProcessState.Exited() {
		return cmd.ProcessState.ExitCode()
	}
	s.reportf("%s: %s", s.Command[0], reason(err))
	return 1
}

// startRedis starts Redis where it is installed, on a Unix socket: no port to
// be taken, nothing to be kept.
func (s *shop) startRedis() {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.reportf("redis-server is not installed: stock keeps its numbers in memory")
		return
	}
	socket := filepath.Join(s.dir, "redis.sock")
	s.at[service.Redis] = socket
	s.ground.run(func(ctx context.Context) {
		s.keep(ctx, service.Redis, func(ctx context.Context) *exec.Cmd {
			return exec.CommandContext(ctx, path, "--port", "0", "--unixsocket", socket, "--dir", s.dir,
				"--save", "", "--appendonly", "no", "--maxmemory", "16mb", "--loglevel", "warning")
		})
	})
}

func (s *shop) startServices() {
	for _, role := range s.roles() {
		start, group := s.command(role), &s.services
		switch role.Name {
		case service.Broker:
			group = &s.ground
		case service.Load:
			group = &s.load
		}
		group.run(func(ctx context.Context) {
			if role.Name == service.Load && !s.awaitCollector(ctx) {
				return
			}
			s.keep(ctx, role.Name, start)
		})
	}
	if s.Rate == 0 {
		s.greet()
	}
}

// command is how a role's process is started.
func (s *shop) command(role service.Role) func(context.Context) *exec.Cmd {
	var at []string
	for _, name := range slices.Sorted(maps.Keys(s.at)) {
		at = append(at, name+"="+s.at[name])
	}
	args := []string{
		role.Name, "--at", strings.Join(at, ","), "--collector", s.Collector,
		"--data", s.dir, "--timeout", s.Timeout.String(), "--rate", strconv.FormatFloat(s.Rate, 'g', -1, 64),
	}
	if s.Logs != "" {
		args = append(args, "--log", s.Logs)
	}
	if role.Listens {
		args = append(args, "--inherit")
	}
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, s.Program, args...)
		cmd.Stderr = os.Stderr // why it ended
		if socket := s.sockets[role.Name]; socket != nil {
			cmd.ExtraFiles = []*os.File{socket}
		}
		return cmd
	}
}

// reportf tells the user.
func (s *shop) reportf(format string, a ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.Output, "shop: "+format+"\n", a...)
}

func (s *shop) greet() {
	s.reportf(`customers order, and some orders fail on purpose; Ctrl-C ends all of it. Order yourself:
    curl -X POST http://%s/orders -d '{"sku":"SKU-1","quantity":1}'`, s.at[service.Gateway])
}
