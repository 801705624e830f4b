package storageextension

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/internal/fields"
)

// Config names the backends; at least one.
type Config struct {
	Backends map[string]BackendConfig `mapstructure:"backends"`
}

// BackendConfig is one kind of backend: exactly one field is set.
type BackendConfig struct {
	Pebble *PebbleConfig `mapstructure:"pebble"`
	Memory *MemoryConfig `mapstructure:"memory"`
}

// PebbleConfig keeps chains and edges in a folder of this machine.
type PebbleConfig struct {
	// Directory to keep the data in; made where it is missing. Empty: JCG_DATA,
	// else jcallgraph below XDG_DATA_HOME, else ~/.local/share/jcallgraph.
	Directory string `mapstructure:"directory"`
	// Retention of chains, from their arrival; 168h. At least 1m.
	Retention time.Duration `mapstructure:"retention"`
	// EdgeRetention of edge counts, from their arrival; Retention.
	EdgeRetention time.Duration `mapstructure:"edge_retention"`
	// MaxSize on disk, 10GiB: beyond it the oldest chains go first. At least 64MiB.
	MaxSize Size `mapstructure:"max_size"`
}

// MemoryConfig keeps chains and edges until the process ends: for tests and
// trials.
type MemoryConfig struct {
	// Retention of chains, from their arrival; 24h. At least 1m.
	Retention time.Duration `mapstructure:"retention"`
	// EdgeRetention of edge counts, from their last write; Retention.
	EdgeRetention time.Duration `mapstructure:"edge_retention"`
	// MaxSize in memory, 256MiB: beyond it writes are refused until retention
	// makes room. At least 1MiB.
	MaxSize Size `mapstructure:"max_size"`
}

// Limits of what a backend accepts.
const (
	minRetention  = time.Minute
	minPebbleSize = 64 << 20
	minMemorySize = 1 << 20
)

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if len(c.Backends) == 0 {
		return errors.New("backends: there must be at least one, such as local: {pebble: {}}")
	}
	owners := map[string]string{} // of directories
	for _, name := range slices.Sorted(maps.Keys(c.Backends)) {
		b := c.Backends[name]
		if err := b.validate("backends::" + name); err != nil {
			return err
		}
		if err := claim(owners, name, b.Pebble); err != nil {
			return err
		}
	}
	return nil
}

// claim fails where two backends share a directory.
func claim(owners map[string]string, name string, p *PebbleConfig) error {
	if p == nil {
		return nil
	}
	dir, err := p.directory()
	if err != nil {
		return fmt.Errorf("backends::%s::pebble::directory: %w", name, err)
	}
	if owner, taken := owners[dir]; taken {
		return fmt.Errorf("backends::%s::pebble::directory: %s is also that of %s: each backend needs its own", name, dir, owner)
	}
	owners[dir] = name
	return nil
}

func (b BackendConfig) validate(path string) error {
	switch {
	case b.Pebble != nil && b.Memory != nil, b.Pebble == nil && b.Memory == nil:
		return fmt.Errorf("%s: must have exactly one of pebble and memory, such as pebble: {}", path)
	case b.Pebble != nil:
		return b.Pebble.validate(path + "::pebble")
	}
	return b.Memory.validate(path + "::memory")
}

func (b BackendConfig) open(logger *zap.Logger) (opened, error) {
	if b.Pebble != nil {
		return b.Pebble.open(logger)
	}
	return b.Memory.open()
}

func (p *PebbleConfig) validate(path string) error {
	return errors.Join(
		validateRetention(path+"::retention", p.Retention),
		validateRetention(path+"::edge_retention", p.EdgeRetention),
		validateSize(path+"::max_size", p.MaxSize, minPebbleSize))
}

func (m *MemoryConfig) validate(path string) error {
	return errors.Join(
		validateRetention(path+"::retention", m.Retention),
		validateRetention(path+"::edge_retention", m.EdgeRetention),
		validateSize(path+"::max_size", m.MaxSize, minMemorySize))
}

func validateRetention(field string, d time.Duration) error {
	if d != 0 && d < minRetention {
		return fmt.Errorf("%s: %s is too short: must be at least %s, or 0 for the default", field, d, minRetention)
	}
	return nil
}

func validateSize(field string, s, least Size) error {
	if s != 0 && s < least {
		return fmt.Errorf("%s: %s is too small: must be at least %s, or 0 for the default", field, s, least)
	}
	return nil
}
