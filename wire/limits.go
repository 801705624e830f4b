package wire

// Bounds of version 1 (SPEC.md, Limits). An encoder keeps them by beginning a
// new frame or a new epoch; a decoder refuses what does not.
const (
	// MaxFrame is the greatest size of a frame in bytes.
	MaxFrame = 4 << 20
	// MaxDecoded is the greatest size of what one frame decodes to, as
	// SPEC.md counts it.
	MaxDecoded = 16 << 20
	// MaxSpans is how many spans a frame may have.
	MaxSpans = 1 << 16
	// MaxSlots is how many slots a record may have.
	MaxSlots = 1 << 12
	// MaxParts is how many events and links a span may have.
	MaxParts = 1 << 14
	// MaxDepth is how deep lists and maps may be nested.
	MaxDepth = 24

	// MaxHeld is how many bytes an epoch's dictionaries may hold, as SPEC.md
	// counts them.
	MaxHeld = 12 << 20
	// MaxCells is how many cells an interval may have, MaxBins how many bins a
	// sketch.
	MaxCells = 1 << 13
	MaxBins  = 1 << 11
)

// What dictionaries hold, in bytes (SPEC.md, Limits).
const (
	keyHeld       = 128
	modelHeld     = 640 // of a key, once it has a value
	shapeHeld     = 256
	shapeSlotHeld = 64
	templateHeld  = 768
	slotHeld      = 96 // of a template
	ringHeld      = 64 // of a kept value
	edgeHeld      = 256
	operationHeld = 192
	contextHeld   = 192
)

// Sizes of the tables that forget their oldest entry.
const (
	maxTraces     = 1 << 11
	maxKnown      = 1 << 15 // spans of all traces
	maxTraceSpans = 256     // spans of one trace
	maxContexts   = 1 << 13
	nestedCost    = 32  // for a byte of a list's or map's text
	cellCost      = 512 // of a cell, beside its bins
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
	maxOpen       = 1 << 10 // values and parts of a span for which room stays
	maxHeader     = 64
	frameTarget   = MaxFrame / 4
	decodedTarget = MaxDecoded / 4
	maxSpanText   = 1 << 20
	distinct      = 6       // values of a slot before it becomes variable
	maxOrders     = 1 << 14 // of attributes; forgotten when full
)
