package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestControlFrames(t *testing.T) {
	for _, want := range []Control{
		{Answer: Stored},
		{Answer: Stored, Number: 1 << 60},
		{Answer: Refused, Number: 3, Code: CodeLimit, Why: "too many keys"},
		{Answer: Refused, Number: 3, Code: CodeVersion},
		{Answer: Later, Number: 4, Wait: 1500 * time.Millisecond},
		{Answer: Rejected, Number: 5, Why: "no pipeline of traces"},
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
	long, _, err := ParseControl(Control{Answer: Refused, Number: 1, Code: CodeLimit, Why: strings.Repeat("x", 9999)}.Append(nil))
	require.NoError(t, err)
	require.Len(t, long.Why, maxWhy)

	patient, _, err := ParseControl(Control{Answer: Later, Number: 1, Wait: time.Hour}.Append(nil))
	require.NoError(t, err)
	require.Equal(t, maxWait, patient.Wait)

	later := Control{Answer: Stored, Number: 1}.Append(nil)
	later[1] = 99
	_, known, err := ParseControl(seal(later))
	require.NoError(t, err)
	require.False(t, known)
	later[1] = kindSpans
	_, _, err = ParseControl(seal(later))
	require.Equal(t, CodeVersion, codeOf(err))
}
