package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestControlFrames(t *testing.T) {
	for _, want := range []Control{
		{Number: 1}, {Number: 1 << 60}, {Number: 3, Refused: Error{CodeLimit, "too many keys"}}, {Number: 3, Refused: Error{CodeVersion, ""}},
	} {
		frame := want.Append([]byte("before"))[len("before"):]
		got, known, err := ParseControl(frame)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, want, got)
		for i := range frame {
			_, _, err := ParseControl(frame[:i])
			require.Error(t, err)
		}
	}
	long, _, err := ParseControl(Control{Number: 1, Refused: Error{CodeLimit, strings.Repeat("x", 9999)}}.Append(nil))
	require.NoError(t, err)
	require.Len(t, long.Refused.Why, maxWhy)

	later := Control{Number: 1}.Append(nil)
	later[1] = 99
	_, known, err := ParseControl(seal(later))
	require.NoError(t, err)
	require.False(t, known)
	later[1] = kindSpans
	_, _, err = ParseControl(seal(later))
	require.Equal(t, CodeVersion, codeOf(err))
}
