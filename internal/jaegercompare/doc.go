// Package jaegercompare holds the test that asks Jaeger v2 and the built
// collector the same questions about the same traces. It decides which answers
// may differ: differences_test.go lists each with its reason, docs/jaeger.md tells
// users.
//
// JCG_JAEGER names Jaeger's binary; without it the test skips. `go run
// ./bench/ingest` builds one into the user's cache folder.
package jaegercompare
