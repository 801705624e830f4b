package callgraph

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// vectors yields the fields of each line of a golden file that is no comment.
func vectors(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	var rows [][]string
	for in := bufio.NewScanner(f); in.Scan(); {
		if line := in.Text(); line != "" && line[0] != '#' {
			rows = append(rows, strings.Split(line, "|"))
		}
	}
	require.NotEmpty(t, rows)
	return rows
}

func TestBornShortGolden(t *testing.T) {
	for _, row := range vectors(t, "testdata/v1_born_short.txt") {
		var millis int64
		var random uint32
		_, err := fmt.Sscanf(row[0]+" "+row[1], "%d %x", &millis, &random)
		require.NoError(t, err)
		id := BornShort(millis, ShortID(random))
		require.Equal(t, row[2], hex.EncodeToString(id[:]))
		require.Equal(t, row[1], ShortIDOf(id).String())
	}
}

func TestBornShortRestores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		millis := rapid.Int64Range(0, 1<<48-1).Draw(t, "millis")
		random := ShortID(rapid.Uint32().Draw(t, "random"))
		id := BornShort(millis, random)
		at, ok := BornAt(id)
		require.True(t, ok)
		require.Equal(t, millis, at.UnixMilli())
		require.Equal(t, random, ShortIDOf(id))
	})
}

func TestForeignIDsAreNotBornShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := BornShort(rapid.Int64Range(0, 1<<48-1).Draw(t, "millis"), ShortID(rapid.Uint32().Draw(t, "random")))
		bit := rapid.IntRange(0, 127).Draw(t, "bit")
		id[bit/8] ^= 1 << (bit % 8)
		_, ok := BornAt(id)
		require.False(t, ok, "one bit changed must not pass")
	})
}

// The 56 bits that consistent sampling looks at must be evenly spread, also
// over IDs of one millisecond.
func TestBornShortRandomnessIsEven(t *testing.T) {
	const n, cells = 1 << 16, 16
	var low [cells]int
	for i := range n {
		id := BornShort(1_700_000_000_000, ShortID(i*65_537))
		low[id[12]>>4]++
	}
	for _, got := range low {
		require.InDelta(t, n/cells, got, 6*64, "within six standard deviations")
	}
}

func TestParseShortIDRefuses(t *testing.T) {
	for _, s := range []string{"", "1234567", "123456789", "g2345678", "+1234567", "-0000001"} {
		_, err := ParseShortID(s)
		require.ErrorContains(t, err, "eight hex digits", s)
	}
}

func TestSpanIDGolden(t *testing.T) {
	for _, row := range vectors(t, "testdata/v1_span_id.txt") {
		key, err := strconv.ParseUint(row[0], 16, 64)
		require.NoError(t, err)
		number, err := strconv.ParseUint(row[1], 10, 64)
		require.NoError(t, err)
		id := SpanIDOf(key, number)
		require.Equal(t, row[2], hex.EncodeToString(id[:]))
		require.Equal(t, number, SpanNumberOf(key, id))
	}
}

func TestSpanIDsAreABijection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, number := rapid.Uint64().Draw(t, "key"), rapid.Uint64().Draw(t, "number")
		require.Equal(t, number, SpanNumberOf(key, SpanIDOf(key, number)))
		require.Equal(t, number == -key, SpanIDOf(key, number) == [8]byte{})
	})
}
