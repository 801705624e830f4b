package memory

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/storage"
)

// jimDB are the commands that JimDB's public code accepts.
var jimDB = []string{
	"Del", "Exists", "TTL", "PTTL", "Get", "Set", "SetEx", "PSetEx", "MGet", "MSet", "StrLen",
	"HGet", "HSet", "HMSet", "HMGet", "HGetAll", "HDel", "HExists",
}

func TestServerHasNoCommandsThatJimDBLacks(t *testing.T) {
	commands := reflect.TypeFor[*commands]()
	require.NotZero(t, commands.NumMethod())
	for i := range commands.NumMethod() {
		require.Contains(t, jimDB, commands.Method(i).Name)
	}
	fields := reflect.TypeFor[Backend]()
	for i := range fields.NumField() {
		require.NotEqual(t, reflect.TypeFor[*Server](), fields.Field(i).Type, "the backend reaches the server by its commands only")
	}
}

func TestValuesExpireAndMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(2 * cost("a", make([]byte, 100)))
		c := &s.commands
		require.NoError(t, c.SetEx("a", time.Minute, make([]byte, 100)))
		require.NoError(t, c.Set("b", make([]byte, 100)))
		require.ErrorIs(t, c.Set("c", make([]byte, 100)), storage.ErrFull)
		require.NoError(t, c.Set("b", make([]byte, 50)), "a smaller value fits where the old one was")

		time.Sleep(time.Minute)
		require.Nil(t, c.Get("a"))
		require.NoError(t, c.Set("c", make([]byte, 100)), "what expired makes room")
		c.Del("b")
		c.Del("c")
		require.Zero(t, s.Bytes())
	})
}

func TestHashesCountAndGoAsOne(t *testing.T) {
	s := NewServer(1000)
	c := &s.commands
	require.NoError(t, c.HSet("h", "x", []byte("1")))
	require.NoError(t, c.HSet("h", "x", []byte("22")))
	require.NoError(t, c.HSet("h", "y", []byte("3")))
	require.Equal(t, map[string][]byte{"x": []byte("22"), "y": []byte("3")}, c.HGetAll("h"))
	require.ErrorIs(t, c.HSet("h", "z", make([]byte, 1000)), storage.ErrFull)
	c.Del("h")
	require.Zero(t, s.Bytes())
	require.Empty(t, c.HGetAll("h"))
}

func TestExpiredValueIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(1000)
		c := &s.commands
		require.NoError(t, c.SetEx("a", time.Minute, make([]byte, 100)))
		time.Sleep(2 * time.Minute)
		require.NoError(t, c.SetEx("a", time.Minute, make([]byte, 100)))
		require.Equal(t, cost("a", make([]byte, 100)), s.Bytes())
	})
}
