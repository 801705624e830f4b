// Package sdk is OpenTelemetry's Go SDK for traces made for many services: it
// keeps every failed chain and one in N of the others, counts every call
// before it samples, and costs a fraction of the stock SDK. An application
// exchanges its tracer provider and nothing else.
//
// What is decided when: a span's attributes are kept while its local trace
// (the spans of its trace in this process, below one local root) may still
// fail. When the local root ends, all of them are decided at once; spans that
// failed leave as they end.
package sdk
