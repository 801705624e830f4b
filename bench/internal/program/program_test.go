package program

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	n := Numbers{7}
	require.NoError(t, n.Set("1,20"))
	require.Equal(t, Numbers{1, 20}, n)
	require.Equal(t, "1,20", n.String())
	for _, text := range []string{"", "0", "1,,2", "1.5", "x"} {
		require.ErrorContains(t, n.Set(text), "is not a whole number above 0", text)
	}
}

func TestNoFolderIsLeft(t *testing.T) {
	var was string
	require.ErrorIs(t, InFolder(func(folder string) error {
		was = folder
		require.DirExists(t, folder)
		return os.ErrInvalid
	}), os.ErrInvalid)
	require.NoDirExists(t, was)
}
