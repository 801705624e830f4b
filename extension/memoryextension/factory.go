// Package memoryextension tells the Go runtime how much memory to stay below,
// as GOMEMLIMIT does, which wins where it is set: garbage is collected sooner
// instead of letting the heap double. The stock memory limiter can only refuse.
package memoryextension

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"

	"github.com/jcallgraph/jcallgraph/internal/fields"
)

// Config of the extension.
type Config struct {
	// LimitMiB of the Go runtime's memory, at least 64; 0 sets none. The
	// process takes some 70 MB more: the program itself.
	LimitMiB int64 `mapstructure:"limit_mib"`
}

const (
	minLimitMiB = 64
	maxLimitMiB = math.MaxInt64 >> 20
	envLimit    = "GOMEMLIMIT"
)

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if c.LimitMiB != 0 && c.LimitMiB < minLimitMiB || c.LimitMiB > maxLimitMiB {
		return fmt.Errorf("limit_mib: %d must be from %d to %d, or 0 for no limit", c.LimitMiB, minLimitMiB, int64(maxLimitMiB))
	}
	return nil
}

// NewFactory is the factory of the extension go_memory.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("go_memory"),
		func() component.Config { return &Config{} },
		func(_ context.Context, _ extension.Settings, cfg component.Config) (extension.Extension, error) {
			return &limit{bytes: cfg.(*Config).LimitMiB << 20}, nil
		}, component.StabilityLevelAlpha)
}

// limit is set between Start and Shutdown.
type limit struct {
	bytes    int64
	mu       sync.Mutex
	set      bool
	previous int64
}

// Start sets the limit unless the environment has one.
func (l *limit) Start(context.Context, component.Host) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes > 0 && os.Getenv(envLimit) == "" && !l.set {
		l.previous, l.set = debug.SetMemoryLimit(l.bytes), true
	}
	return nil
}

// Shutdown sets the limit back.
func (l *limit) Shutdown(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set {
		debug.SetMemoryLimit(l.previous)
		l.set = false
	}
	return nil
}
