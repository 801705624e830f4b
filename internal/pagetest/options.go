// Package pagetest holds pages against the code: a component's README.md must
// name every option, and no page may link to what is not there.
package pagetest

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/jcallgraph/jcallgraph/"

// RequireOptions fails where the README.md of the package under test lacks one
// of the configuration's options.
func RequireOptions(t testing.TB, config any) {
	t.Helper()
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, option := range options(reflect.TypeOf(config)) {
		require.Contains(t, string(page), "`"+option+"`")
	}
}

// options are the keys of a configuration's type and of the types of ours in it.
func options(config reflect.Type) (keys []string) {
	for config.Kind() == reflect.Pointer || config.Kind() == reflect.Map {
		config = config.Elem()
	}
	if config.Kind() != reflect.Struct {
		return nil
	}
	for field := range config.Fields() {
		key, flags, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		squashed := flags == "squash"
		if key != "" {
			keys = append(keys, key)
		}
		if squashed || ours(field.Type) {
			keys = append(keys, options(field.Type)...)
		}
	}
	return keys
}

func ours(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return strings.HasPrefix(t.PkgPath(), module)
}
