package logicalchain

import (
	"encoding/base64"
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestNeedlesAreFoundInEverySpelling of a text that has the value.
func TestNeedlesAreFoundInEverySpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringN(4, 40, -1).Draw(t, "value")
		text := rapid.String().Draw(t, "before") + value + rapid.String().Draw(t, "behind")
		n := newNeedles([]string{value})
		spellings := []string{text, url.QueryEscape(text), url.PathEscape(text), url.PathEscape(url.PathEscape(text))}
		if len(value) >= minEncoded {
			for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
				spellings = append(spellings, e.EncodeToString([]byte(text)), url.QueryEscape(e.EncodeToString([]byte(text))))
			}
		}
		for _, s := range spellings {
			require.True(t, n.in(s), "%q", s)
		}
	})
}

// FuzzNeedles finds a value in itself, and nothing that is too short.
func FuzzNeedles(f *testing.F) {
	f.Add("4711", "/orders/%34711%2")
	f.Add("A-4711", "QS00NzEx")
	f.Fuzz(func(t *testing.T, value, text string) {
		n := newNeedles([]string{value})
		found := n.in(text)
		switch {
		case len(value) < minSearched:
			require.False(t, found)
		case utf8.ValidString(value): // as keys are

			require.True(t, n.in(text+value+text))
		}
		require.LessOrEqual(t, len(unescape(text)), len(text))
		for _, e := range n.encoded {
			require.GreaterOrEqual(t, len(e), minEncoded)
		}
	})
}
