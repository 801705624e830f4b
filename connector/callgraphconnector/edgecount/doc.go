// Package edgecount decides how spans become edge counts that a crash can't
// falsify: which calls a restart counts again, and which an earlier run had
// counted for good.
//
// Cells are absolute and keyed by the opening of their bucket. A bucket is
// final once no call came for it during Options.Open of arrival time; what
// comes later opens it again. Between two openings lies a quiet time longer
// than a call takes from its arrival to its cell, so the arrival of a call
// tells its opening. A checkpoint is saved after final cells are durable: all
// calls that arrived before it are in final cells. After a restart the spans
// since then are read back, calls of final openings are left out, and the rest
// overwrites what was counted in open ones.
package edgecount
