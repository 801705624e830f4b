package client

import "github.com/jcallgraph/jcallgraph/wire"

// encode makes the frames of what is to be sent next, and enters them. They are
// sent in this order, or the stream ends.
func (c *Client) encode() []wire.Frame {
	p := c.next()
	if p == nil {
		return nil
	}
	defer close(p.of.read)
	frames, err := c.frames(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.encoded(p, frames, err)
	c.encoderChanged()
	return frames
}

// next takes what is to be sent next, whose source is read from now on.
func (c *Client) next() *part {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.ledger.next()
	if p != nil {
		p.of.read = make(chan struct{})
	}
	return p
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
	if p.encoded {
		return c.encoder.EncodeTogether(&c.view)
	}
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
	c.ledger.count.State = c.encoder.StateSize()
}
