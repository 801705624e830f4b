package calltree

// HeldNames is how many operations and services a joiner holds.
func HeldNames(j *Joiner) int { return len(j.names.operationIDs) + len(j.names.serviceIDs) }
