package wire

// parts codes the events and links.
func (m *model) parts(s *Span) {
	if m.decoding {
		s.Parts = s.Parts[:0]
	}
	at := s.Start
	previous := s.Template
	for i := 0; ; i++ {
		r, values := m.choice(&previous.parts, i)
		if r.Template == nil || m.failed() {
			return
		}
		if i >= MaxParts {
			m.fail(CodeLimit, "too many events and links")
			return
		}
		if !m.decoding {
			r.Time, r.TraceID, r.SpanID = s.Parts[i].Time, s.Parts[i].TraceID, s.Parts[i].SpanID
		}
		if r.Template.shape.class == ClassEvent {
			r.Time = m.time(&r.Template.shape.start, &m.unusual[2], at, r.Time)
			at = r.Time
		} else {
			m.link(&r, s)
		}
		r.Open = m.record(r.Template, values)
		if m.decoding {
			s.Parts = append(s.Parts, r)
		}
		if !m.charge(r.Template.size) {
			return
		}
		previous = r.Template
	}
}

// link codes the IDs of a link, whose trace may be one that is known.
func (m *model) link(r *Record, s *Span) {
	age, known := uint64(0), false
	if !m.decoding {
		t := m.traces.byID[r.TraceID]
		if known = t != nil; known {
			age = m.traces.serial - t.serial
		}
	}
	if m.flag(&m.linkIDs.known, known) {
		t := m.traceOf(m.number(&m.linkIDs.age, age))
		if t == nil {
			return
		}
		r.TraceID = t.id
	} else {
		r.TraceID = m.traceID(&m.linkIDs, r.TraceID, s.Start)
	}
	r.SpanID, _ = m.spanID(&m.otherIDs, -1, r.SpanID)
}
