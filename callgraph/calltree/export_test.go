package calltree

// Leaks counts what a joiner that holds no span still holds.
func Leaks(j *Joiner) int {
	n := j.names
	return len(n.operationIDs) + len(n.serviceIDs) + len(j.nodes.twins) + j.nodes.heads.size + len(j.links.first) +
		len(j.links.all) - len(j.links.spare) + j.window.size + j.late.size + len(j.ready) + len(j.doubted)
}
