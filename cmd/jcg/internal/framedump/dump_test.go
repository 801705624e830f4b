package framedump_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/framedump"
	"github.com/jcallgraph/jcallgraph/wire"
)

const frozen = "../../../../wire/wirepdata/testdata/"

// TestGoldens prints the wire's frozen frames. UPDATE_GOLDEN=1 writes what is
// printed, without sizes: they are the encoder's business.
func TestGoldens(t *testing.T) {
	for name, verbose := range map[string]bool{"v1_shop": true, "v1_values": true, "v1_interval": true, "v1_short_ids": false} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			require.NoError(t, framedump.File(&out, frozen+name+".hex", verbose))
			golden(t, name, sizes.ReplaceAllString(out.String(), "N"))
		})
	}
}

var sizes = regexp.MustCompile(`\d+ bytes( \(.*\))?|byte \d+`)

func TestSizes(t *testing.T) {
	lines := strings.Fields(read(t, frozen+"v1_shop.hex"))
	var out strings.Builder
	require.NoError(t, framedump.File(&out, frozen+"v1_shop.hex", false))
	first := regexp.MustCompile(`^frame 1 at byte 0: number 1, 3 spans, reset, (\d+) bytes \((\d+) coded, (\d+) raw\)\n`).FindStringSubmatch(out.String())
	require.NotNil(t, first)
	require.Equal(t, strconv.Itoa(len(lines[0])/2), first[1])
	require.Contains(t, out.String(), fmt.Sprintf("\nframe 2 at byte %d: number 2, 3 spans, %d bytes", len(lines[0])+1, len(lines[1])/2))
	require.Contains(t, out.String(), fmt.Sprintf("\n2 frames, 6 spans, 0 intervals, %d bytes\n", (len(lines[0])+len(lines[1]))/2))
}

func TestAnswers(t *testing.T) {
	unknown := wire.Control{Answer: 99, Number: 9}.Append(nil)
	file := write(t, "answers.hex",
		wire.Control{Answer: wire.Stored, Number: 7}.Append(nil),
		wire.Control{Answer: wire.Refused, Number: 8, Code: wire.CodeLimit, Why: "too many\nkeys"}.Append(nil),
		wire.Control{Answer: wire.Later, Number: 9, Wait: 1500 * time.Millisecond}.Append(nil),
		wire.Control{Answer: wire.Rejected, Number: 10, Why: "no pipeline"}.Append(nil),
		unknown)
	var out strings.Builder
	require.NoError(t, framedump.File(&out, file, false))
	golden(t, "answers", out.String())
}

// TestBadFrames prints what came before the frame that is refused.
func TestBadFrames(t *testing.T) {
	lines := strings.Fields(read(t, frozen+"v1_shop.hex"))
	damaged := []byte(lines[1])
	damaged[50] ^= 1
	answer := wire.Control{Answer: wire.Refused, Number: 8}
	answer.Code = wire.CodeLimit
	for name, c := range map[string]struct{ second, want string }{
		"damaged":  {string(damaged), "checksum"},
		"repeated": {lines[0], "sequence"},
		"short":    {"0101", "truncated"},
		"no hex":   {"0g", "malformed"},
		"version":  {"02" + lines[1][2:], "version"},
		"answer":   {hex.EncodeToString(answer.Append(nil)[:5]), "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "bad.hex")
			require.NoError(t, os.WriteFile(file, []byte(lines[0]+"\n"+c.second), 0o600))
			var out strings.Builder
			err := framedump.File(&out, file, false)
			require.ErrorContains(t, err, fmt.Sprintf("%s: frame 2 at byte %d: ", file, len(lines[0])+1))
			require.ErrorContains(t, err, c.want)
			require.Equal(t, 1, strings.Count(out.String(), `"GET /cart"`))
		})
	}
}

func write(t *testing.T, name string, frames ...[]byte) string {
	var lines strings.Builder
	for _, f := range frames {
		lines.WriteString(hex.EncodeToString(f) + "\n")
	}
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))
	return file
}

func golden(t *testing.T, name, got string) {
	file := filepath.Join("testdata", name+".txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	require.Equal(t, read(t, file), got)
}

func read(t *testing.T, file string) string {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}
