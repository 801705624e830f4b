// Package dropin shows that our SDK is a drop-in for OpenTelemetry's Go SDK:
// its tests run the same cases (behaviour_test.go) and the same programs on
// contrib instrumentation (program_test.go) against both, and what differs is
// named with its reason. It holds no code for others to import.
package dropin
