package storageextension

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestPebbleKeepsWhatARestartFinds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "store")
	first := create(t, inPebble(dir), nil)
	start(t, first)
	require.Equal(t, "folder "+dir+", at most 10 GiB and 7 days old; to wipe it, stop the process and rm -r "+dir, first.Describe("local"))
	b, err := first.Backend("local")
	require.NoError(t, err)
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{1})
	_, err = b.WriteSpans(t.Context(), td)
	require.NoError(t, err)
	require.NoError(t, first.Shutdown(t.Context()))

	second := create(t, inPebble(dir), nil)
	start(t, second)
	b, err = second.Backend("local")
	require.NoError(t, err)
	_, err = b.Trace(t.Context(), pcommon.TraceID{1})
	require.NoError(t, err)
}

func TestFolderThatCannotBeOpened(t *testing.T) {
	refused := func(dir string, parts ...string) {
		t.Helper()
		e := create(t, &Config{map[string]BackendConfig{
			"a":     {Memory: &MemoryConfig{}}, // opened first, and closed again
			"local": {Pebble: &PebbleConfig{Directory: dir}},
		}}, nil)
		err := e.Start(t.Context(), componenttest.NewNopHost())
		for _, part := range append(parts, dir, `open backend "local"`, "directory or JCG_DATA names another folder") {
			require.ErrorContains(t, err, part)
		}
		_, err = e.Backend("a")
		require.ErrorContains(t, err, "not running")
	}

	taken := t.TempDir()
	start(t, create(t, inPebble(taken), nil))
	refused(taken, "another process has it open")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	refused(filepath.Join(file, "store"), "a file is in the way")
}

func TestRetentionAsPeopleSayIt(t *testing.T) {
	for d, want := range map[time.Duration]string{24 * time.Hour: "1 day", 168 * time.Hour: "7 days", 36 * time.Hour: "36h0m0s"} {
		require.Equal(t, want, inDays(d))
	}
}
