package client

import "github.com/jcallgraph/jcallgraph/wire"

// encode makes the frames of what is to be sent next, and enters them. They are
// sent in this order, or the stream ends.
func (c *Client) encode() []wire.Frame {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.mu.Lock()
	p := c.ledger.next()
	c.mu.Unlock()
	if p == nil {
		return nil
	}
	frames, err := c.frames(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.encoded(p, frames, err)
	c.encoderChanged()
	return frames
}

func (c *Client) frames(p *part) ([]wire.Frame, error) {
	if i := p.of.interval; i != nil {
		f, err := c.encoder.EncodeInterval(*i)
		if err != nil {
			return nil, err
		}
		return []wire.Frame{f}, nil
	}
	c.view = view{p.of.source, p}
	defer func() { c.view = view{} }() // the encoder keeps its last source
	return c.encoder.Encode(&c.view)
}

// rest makes the frame that lets both ends let go of what the stream has
// learned.
func (c *Client) rest() []wire.Frame {
	f := c.encoder.Rest()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.enter(f.Number, nil)
	c.encoderChanged()
	return []wire.Frame{f}
}

// encoderChanged counts; the lock is held.
func (c *Client) encoderChanged() {
	c.ledger.count.Resets = c.encoder.Resets()
}
