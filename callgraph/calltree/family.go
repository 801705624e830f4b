package calltree

// adopt puts an entry span or a link on the list of a head's children.
func (j *Joiner) adopt(head, item ref) {
	h := j.nodes.at(head)
	h.refs++
	left, right := j.siblings(item)
	*left, *right = none, h.child
	if h.child != none {
		next, _ := j.siblings(h.child)
		*next = item
	}
	h.child = item
}

// disown takes it off again.
func (j *Joiner) disown(head, item ref) {
	left, right := j.siblings(item)
	if *left != none {
		_, r := j.siblings(*left)
		*r = *right
	} else {
		j.nodes.at(head).child = *right
	}
	if *right != none {
		l, _ := j.siblings(*right)
		*l = *left
	}
	*left, *right = none, none
	j.unref(head)
}

func (j *Joiner) siblings(item ref) (left, right *ref) {
	if item < 0 {
		l := j.links.at(item)
		return &l.left, &l.right
	}
	n := j.nodes.at(item)
	return &n.left, &n.right
}

// eachChild visits a head's entry spans and links; visit must not change the list.
func (j *Joiner) eachChild(head ref, visit func(ref)) {
	for item := j.nodes.at(head).child; item != none; {
		_, right := j.siblings(item)
		next := *right
		visit(item)
		item = next
	}
}

// unref gives one use of a node back.
func (j *Joiner) unref(r ref) {
	j.nodes.at(r).refs--
	j.free(r)
}

// free lets a node go that is out of its ring and that nobody uses; nodes that
// share an ID go together.
func (j *Joiner) free(r ref) {
	if !j.unused(r) {
		return
	}
	head := j.nodes.headOf(r)
	for t := head; t != none; t = j.nodes.twin(t) {
		if !j.unused(t) {
			return
		}
	}
	for t := head; t != none; t = j.nodes.twin(t) {
		j.releaseNames(j.nodes.at(t))
	}
	j.nodes.remove(head)
}

func (j *Joiner) unused(r ref) bool {
	n := j.nodes.at(r)
	return n.refs == 0 && !n.is(isHeld)
}

func (j *Joiner) releaseNames(n *node) {
	j.names.release(n.operation)
	j.names.release(n.told)
	if n.is(isSettled) {
		j.names.release(n.entry)
	}
	if n.exitSpan() {
		j.names.release(n.peer())
	}
}
