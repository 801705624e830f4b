package seldom

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		tell := Errors(time.Minute, func(error) { told++ })
		for range 125 {
			tell(errors.New("refused"))
			time.Sleep(time.Second)
		}
		require.Equal(t, 3, told)
	})
}
