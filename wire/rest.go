package wire

// Rest is a frame without spans that begins an epoch, as the next frame does,
// too: both ends let go of what the stream has learned. For streams that fall idle; what follows costs more
// bytes for a while.
func (e *Encoder) Rest() Frame {
	e.reset()
	e.m.beginEncoding()
	e.m.flag(&e.m.moreGroups, false)
	e.m.endEncoding()
	f := Frame{}
	e.close(&f, kindSpans)
	e.reset()
	return f
}
