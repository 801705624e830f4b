package storageextension

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

// parse reads a configuration as the collector does.
func parse(t *testing.T, yaml string) (*Config, error) {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfigOfBothKinds(t *testing.T) {
	cfg, err := parse(t, `
backends:
  local: {pebble: {directory: /data, retention: 72h, edge_retention: 720h, max_size: 1.5GiB}}
  trial: {memory: {max_size: 2097152}}
`)
	require.NoError(t, err)
	require.Equal(t, &PebbleConfig{Directory: "/data", Retention: 72 * time.Hour, EdgeRetention: 720 * time.Hour, MaxSize: 3 << 29}, cfg.Backends["local"].Pebble)
	require.Equal(t, &MemoryConfig{MaxSize: 2 << 20}, cfg.Backends["trial"].Memory)
}

func TestConfigErrorsNameFieldAndAcceptedValues(t *testing.T) {
	t.Setenv(envData, "/data")
	for name, c := range map[string]struct{ yaml, want string }{
		"no backends":    {`{}`, "backends: there must be at least one, such as local: {pebble: {}}"},
		"no kind":        {`backends: {local: {}}`, "backends::local: must have exactly one of pebble and memory"},
		"two kinds":      {`backends: {local: {pebble: {}, memory: {}}}`, "backends::local: must have exactly one of pebble and memory"},
		"unknown kind":   {`backends: {local: {badger: {}}}`, "badger"},
		"unknown field":  {`backends: {local: {pebble: {folder: x}}}`, "folder"},
		"not a size":     {`backends: {local: {pebble: {max_size: much}}}`, `size "much": must be a number of bytes with or without a unit, such as 10GiB`},
		"small size":     {`backends: {local: {pebble: {max_size: 1MiB}}}`, "backends::local::pebble::max_size: 1.0 MiB is too small: must be at least 64 MiB"},
		"negative size":  {`backends: {local: {memory: {max_size: -1}}}`, "backends::local::memory::max_size: -1 is too small: must be at least 1.0 MiB"},
		"retention":      {`backends: {local: {pebble: {retention: 1s}}}`, "backends::local::pebble::retention: 1s is too short: must be at least 1m0s"},
		"edge retention": {`backends: {local: {memory: {edge_retention: -1h}}}`, "backends::local::memory::edge_retention: -1h0m0s is too short"},
		"one folder":     {`backends: {a: {pebble: {}}, b: {pebble: {directory: /data}}}`, "backends::b::pebble::directory: /data is also that of a"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, c.yaml)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestDirectory(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	directory := func(p PebbleConfig) string {
		dir, err := p.directory()
		require.NoError(t, err)
		return dir
	}
	t.Setenv(envXDGData, "")
	t.Setenv(envData, "")
	require.Equal(t, filepath.Join(home, ".local/share/jcallgraph"), directory(PebbleConfig{}))
	t.Setenv(envXDGData, "relative")
	require.Equal(t, filepath.Join(home, ".local/share/jcallgraph"), directory(PebbleConfig{}))
	t.Setenv(envXDGData, "/xdg")
	require.Equal(t, "/xdg/jcallgraph", directory(PebbleConfig{}))
	t.Setenv(envData, "/jcg")
	require.Equal(t, "/jcg", directory(PebbleConfig{}))
	require.Equal(t, "/mine", directory(PebbleConfig{Directory: "/mine"}))
	wd, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(wd, "here"), directory(PebbleConfig{Directory: "here"}))
}

func TestSizeSaysWhatItReads(t *testing.T) {
	for _, n := range []Size{0, 1, 1 << 10, 1<<20 + 1, 3 << 29, 10 << 30, 123456789} {
		text, err := n.MarshalText()
		require.NoError(t, err)
		var back Size
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, n, back)
	}
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
