// Package logicalchain decides which business keys a span carries, such as an
// order's number: all traces with one key are one logical chain. Keys are found
// by rules, span by span. Nothing is held but what was told of late, so that a
// trace's key is told once and not with each of its spans.
package logicalchain
