package builtinprovider

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

//go:embed *.yaml
var files embed.FS

const extension = ".yaml"

// names of the built-in configurations, in order.
func names() ([]string, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the built-in configurations: %w", err)
	}
	var ns []string
	for _, e := range entries {
		ns = append(ns, strings.TrimSuffix(e.Name(), extension))
	}
	return ns, nil
}

// render fills in the ports: {{port 4317}} is 4317 plus the offset.
func render(name string, offset int) ([]byte, error) {
	known, err := names()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(known, name) {
		return nil, fmt.Errorf("no built-in configuration %q: there is %s", name, strings.Join(known, ", "))
	}
	t, err := template.New(name+extension).Funcs(template.FuncMap{
		"port": func(n int) int { return n + offset },
	}).ParseFS(files, name+extension)
	if err != nil {
		return nil, fmt.Errorf("read built-in configuration %q: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, fmt.Errorf("read built-in configuration %q: %w", name, err)
	}
	return b.Bytes(), nil
}
