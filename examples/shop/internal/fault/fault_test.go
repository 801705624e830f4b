package fault

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHits(t *testing.T) {
	for number, hit := range map[string]bool{
		"261126110615-000005": true, "261126110615-000052": true, "261126110615-000053": false,
		"5": true, "261126110615-0": false, "lost": false, "": false,
	} {
		require.Equal(t, hit, WarehouseDown.Hits(number), number)
	}
}

// Each fault shows alone in the first orders.
func TestFirst(t *testing.T) {
	for n := 1; n <= 12; n++ {
		var hits []string
		for _, f := range Table {
			if f.Hits(fmt.Sprint(n)) {
				hits = append(hits, f.Name)
				require.Equal(t, f.First, n, f.Name)
			}
		}
		require.LessOrEqual(t, len(hits), 1, "order %d: %v", n, hits)
	}
}

func TestReadme(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, f := range Table {
		require.Contains(t, string(content), fmt.Sprintf("| %s | %s, then each %s | %s | %s | `%s` |\n",
			f.Name, ordinal(f.First), ordinal(f.Every), f.Where, f.What, f.Shows))
	}
}

func ordinal(n int) string {
	switch {
	case n%10 == 1 && n != 11:
		return strconv.Itoa(n) + "st"
	case n%10 == 3 && n != 13:
		return strconv.Itoa(n) + "rd"
	}
	return strconv.Itoa(n) + "th"
}
