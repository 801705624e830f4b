package compactexporter

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/wire/client"
	rewriting "github.com/jcallgraph/jcallgraph/wire/rewrite"
)

// defaultPatience is how long an exporter that is shut down waits for answers.
const defaultPatience = 5 * time.Second

// sender has an exporter's streams.
type sender struct {
	config    *Config
	telemetry component.TelemetrySettings
	name      string // of the exporter, in the configuration
	agent     string // what it calls itself
	patience  time.Duration
	users     int // under the lock of senders

	mu         sync.Mutex
	started    bool
	registered registrations

	clients []*client.Client // from start on
	traces  *rewriting.Table // nil: IDs stay
	next    atomic.Uint32
	seed    maphash.Seed
	ignored atomic.Uint64 // points of other metrics
	quiet   quiet
}

func newSender(set exporter.Settings, cfg *Config) *sender {
	s := &sender{config: cfg, telemetry: set.TelemetrySettings, patience: defaultPatience, seed: maphash.MakeSeed()}
	s.name = set.ID.String()
	s.agent = set.BuildInfo.Command + "/" + set.BuildInfo.Version
	if cfg.ShortIDs == rewrite {
		s.traces = rewriting.NewTable(0)
	}
	return s
}

func (s *sender) start(ctx context.Context, host component.Host) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return nil
	}
	conn, err := s.dial(ctx, host) // it does not connect yet: this checks the configuration
	if err != nil {
		return fmt.Errorf("connect to %s: %w", s.config.Endpoint, err)
	}
	_ = conn.Close()
	s.started = true
	for range s.config.Streams {
		s.clients = append(s.clients, client.New(client.Options{
			Dial:   func(ctx context.Context) (*grpc.ClientConn, error) { return s.dial(ctx, host) },
			MaxAge: s.config.MaxStreamAge,
			Report: s.report,
		}))
	}
	s.registered, err = observe(s.telemetry.MeterProvider, s)
	return err
}

func (s *sender) dial(ctx context.Context, host component.Host) (*grpc.ClientConn, error) {
	return s.config.ToClientConn(ctx, host.GetExtensions(), s.telemetry, configgrpc.WithGrpcDialOption(grpc.WithUserAgent(s.agent)))
}

// report tells why spans wait.
func (s *sender) report(err error) {
	if s.quiet.over(time.Now()) {
		s.telemetry.Logger.Warn("No stream to the compact receiver: spans wait", zap.String("endpoint", s.config.Endpoint), zap.Error(err))
	}
}

// loseHope makes what is still being sent fail after a while, until stop.
func (s *sender) loseHope() (stop func()) {
	t := time.AfterFunc(s.patience, func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.closeClients(ctx) // it says that ctx has ended
	})
	return func() { t.Stop() }
}

func (s *sender) closeClients(ctx context.Context) (err error) {
	s.mu.Lock()
	clients := s.clients
	s.mu.Unlock()
	for _, c := range clients {
		err = errors.Join(err, c.Shutdown(ctx))
	}
	return err
}

func (s *sender) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	err := s.closeClients(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	err = errors.Join(err, s.registered.end())
	s.registered = nil
	return err
}

// quiet keeps what may happen often from filling the log.
type quiet struct {
	mu   sync.Mutex
	told time.Time
}

const tellEvery = 10 * time.Second

// over reports whether it is time to tell again.
func (q *quiet) over(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.told) < tellEvery {
		return false
	}
	q.told = now
	return true
}
