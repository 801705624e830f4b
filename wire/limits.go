package wire

// Bounds of version 1 (SPEC.md, Limits). An encoder keeps them by beginning a
// new frame or a new epoch; a decoder refuses what does not.
const (
	// MaxFrame is the greatest size of a frame in bytes.
	MaxFrame = 4 << 20
	// MaxDecoded is the greatest size of what one frame decodes to, as
	// SPEC.md counts it.
	MaxDecoded = 64 << 20
	// MaxSpans is how many spans a frame may have.
	MaxSpans = 1 << 16
	// MaxSlots is how many slots a record may have.
	MaxSlots = 1 << 12
	// MaxParts is how many events and links a span may have.
	MaxParts = 1 << 14
	// MaxDepth is how deep lists and maps may be nested.
	MaxDepth = 24

	// MaxKeys, MaxShapes and MaxTemplates bound an epoch's dictionaries,
	// MaxSlotTotal the slots of all its shapes and templates together,
	// MaxRingTotal the values in all rings.
	MaxKeys      = 1 << 13
	MaxShapes    = 1 << 13
	MaxTemplates = 1 << 14
	MaxSlotTotal = 1 << 16
	MaxRingTotal = 1 << 16
	// MaxCells is how many cells an interval may have, MaxBins how many bins a
	// sketch, MaxEdges how many edges and how many operations an epoch.
	MaxCells = 1 << 13
	MaxBins  = 1 << 11
	MaxEdges = 1 << 15
	// MaxKept is how many bytes of text an epoch's dictionaries may hold.
	MaxKept = 8 << 20
)

// Sizes of the tables that forget their oldest entry.
const (
	maxTraces     = 1 << 11
	maxKnown      = 1 << 15 // spans of all traces
	maxTraceSpans = 256     // spans of one trace
	maxContexts   = 1 << 14 // emptied when full
	cellCost      = 512     // of a cell, beside its bins
	minGiven      = 1 << 6
	maxGiven      = 1 << 12
	ringSize      = 1 << 8 // values of one key
	maxRingText   = 512    // longer texts are not kept in rings
	maxReference  = 4096   // longer texts are no references
	textBits      = 4
	uuidBits      = 6
	baseBits      = 6
	successorSize = 6
)

// Where an encoder begins a new frame or epoch by itself: one more span fits.
const (
	frameTarget   = MaxFrame / 4
	decodedTarget = MaxDecoded / 16
	maxSpanText   = 1 << 20
	largeText     = 1 << 16 // of a span that begins a frame
	distinct      = 12      // values of a slot before it becomes variable
	maxOrders     = 1 << 14 // of attributes; forgotten when full
)
