// Package setting decides what environment variables and OpenTelemetry's
// declarative configuration file say about tracing. It reads and checks; it
// makes nothing. What is wrong is told with its name or path, its value and the
// values that are accepted.
package setting
