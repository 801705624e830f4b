// Package service names what the two ends of a stream agree on beside the
// frames (wire/SPEC.md, Over gRPC).
package service

import (
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/wire"
)

// The gRPC method. Its messages are BytesValues, one frame each.
const (
	Name       = "jcallgraph.wire.v1.Frames"
	StreamName = "Stream"
	Method     = "/" + Name + "/" + StreamName
)

// SenderKey is the metadata in which a sender names itself.
const SenderKey = "jcallgraph-sender"

// MaxMessage is the greatest size of a message: a frame, as a BytesValue.
const MaxMessage = wire.MaxFrame + 16

// Stream describes the method for either end.
var Stream = grpc.StreamDesc{StreamName: StreamName, ServerStreams: true, ClientStreams: true}
