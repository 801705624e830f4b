package dashboards

import (
	"bytes"
	"os"
	"testing"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// decode refuses keys that the target does not know.
func decode(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	require.NoError(t, d.Decode(into))
}

func TestDataSourcesAreThoseOfTheDashboard(t *testing.T) {
	var file struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			JSONData                     struct {
				TimeInterval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}
	decode(t, "provisioning/datasources/jcallgraph.yaml", &file)
	require.Equal(t, 1, file.APIVersion)
	urls := map[string]string{}
	for _, d := range file.Datasources {
		require.NotEmpty(t, d.Name)
		require.Equal(t, "proxy", d.Access)
		urls[d.Type+" "+d.UID] = d.URL
	}
	require.Equal(t, map[string]string{
		"prometheus " + UIDPrometheus: "http://127.0.0.1:9090",
		"jaeger " + UIDJaeger:         uiAddress,
	}, urls)
	require.Equal(t, "15s", file.Datasources[0].JSONData.TimeInterval, "the scrape interval")
}

func TestProviderReadsFiles(t *testing.T) {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type string
			AllowUIUpdates     bool `yaml:"allowUiUpdates"`
			Options            struct{ Path string }
		}
	}
	decode(t, "provisioning/dashboards/jcallgraph.yaml", &file)
	require.Equal(t, 1, file.APIVersion)
	require.Len(t, file.Providers, 1)
	require.Equal(t, "file", file.Providers[0].Type)
	require.NotEmpty(t, file.Providers[0].Options.Path)
}

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	cfg, err := config.LoadFile("provisioning/prometheus.yml", false, promslog.NewNopLogger())
	require.NoError(t, err)
	jobs, err := cfg.GetScrapeConfigs()
	require.NoError(t, err)
	native := map[string]bool{}
	for _, j := range jobs {
		for _, g := range j.ServiceDiscoveryConfigs[0].(discovery.StaticConfig) {
			for _, target := range g.Targets {
				native[string(target["__address__"])] = j.ScrapeNativeHistogramsEnabled()
			}
		}
	}
	require.Equal(t, map[string]bool{"127.0.0.1:8889": true, "127.0.0.1:8888": false}, native)
}
