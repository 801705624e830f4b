// Package ledger keeps a writer's own records of evidence. It decides how what
// was newly seen at call sites becomes absolute records, so that nothing is
// counted twice: whatever a write that failed may have left, and after a restart,
// since a writer goes on with the records that the store has of it.
package ledger
