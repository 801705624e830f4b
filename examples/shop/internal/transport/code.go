package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"google.golang.org/grpc/codes"
)

// statusClientGone is nginx's for a caller that did not wait: it says nothing
// against the service.
const statusClientGone = 499

var httpStatuses = map[codes.Code]int{
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.NotFound:           http.StatusNotFound,
	codes.FailedPrecondition: http.StatusConflict,
	codes.Canceled:           statusClientGone,
	codes.Unavailable:        http.StatusServiceUnavailable,
	codes.DeadlineExceeded:   http.StatusGatewayTimeout,
}

func httpStatus(code codes.Code) int {
	if s, ok := httpStatuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

func grpcCode(httpStatus int) codes.Code {
	for code, s := range httpStatuses {
		if s == httpStatus {
			return code
		}
	}
	return codes.Internal
}

var place = regexp.MustCompile(`\{\w+\}`)

// fill puts values into the places of a path, as in /products/{sku}.
func fill(path string, values []any) string {
	return place.ReplaceAllStringFunc(path, func(string) string {
		if len(values) == 0 {
			return ""
		}
		value := values[0]
		values = values[1:]
		return url.PathEscape(fmt.Sprint(value))
	})
}
