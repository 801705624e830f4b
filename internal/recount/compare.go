package main

import (
	"errors"
	"io"
)

func compare(edges, string, io.Writer) error { return errors.New("todo") }
