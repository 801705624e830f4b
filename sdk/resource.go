package sdk

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// sdkName stands in telemetry.sdk.name: opentelemetry is reserved for OTel's
// own SDKs.
const sdkName = "github.com/jcallgraph/jcallgraph/sdk"

// detect describes the process: host, process, container and SDK; not the
// command's arguments, which may hold secrets, nor its user. What the
// environment, or a file, says comes before that.
func detect(ctx context.Context, s *setting.Setting) (*resource.Resource, error) {
	o := []resource.Option{
		resource.WithAttributes(semconv.ServiceInstanceID(uuid.NewString())),
		resource.WithHost(), resource.WithContainer(),
		resource.WithProcessPID(), resource.WithProcessExecutableName(), resource.WithProcessExecutablePath(),
		resource.WithProcessRuntimeName(), resource.WithProcessRuntimeVersion(),
		resource.WithTelemetrySDK(),
	}
	if !s.Stock {
		o = append(o, resource.WithAttributes(
			semconv.TelemetrySDKName(sdkName), semconv.TelemetrySDKLanguageGo, semconv.TelemetrySDKVersion(version())))
	}
	if !s.FromFile {
		o = append(o, resource.WithFromEnv())
	}
	r, err := resource.New(ctx, append(o, resource.WithAttributes(s.Resource...))...)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, err
	}
	return named(r)
}

// named is r with a service name, as OTel's default resource has one.
func named(r *resource.Resource) (*resource.Resource, error) {
	if v, ok := r.Set().Value(semconv.ServiceNameKey); ok && v.AsString() != "" {
		return r, nil
	}
	name, _ := resource.Default().Set().Value(semconv.ServiceNameKey)
	return resource.Merge(r, resource.NewSchemaless(semconv.ServiceName(name.AsString())))
}

// version is that of this module in the application's build.
func version() string {
	const module, unknown = "github.com/jcallgraph/jcallgraph", "(devel)"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, d := range info.Deps {
		if d.Path == module {
			return d.Version
		}
	}
	return unknown
}
