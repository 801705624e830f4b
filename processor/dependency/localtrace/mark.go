package localtrace

import "go.opentelemetry.io/collector/pdata/pcommon"

// Marks reports whether an attribute's value marks a failure as made on
// purpose: anything but false, 0 and nothing.
func Marks(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return v.Bool()
	case pcommon.ValueTypeInt:
		return v.Int() != 0
	case pcommon.ValueTypeStr:
		return v.Str() != "" && v.Str() != "false" && v.Str() != "0"
	}
	return v.Type() != pcommon.ValueTypeEmpty
}
