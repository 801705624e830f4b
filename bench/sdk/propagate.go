package main

func (b *bench) propagation() error { return nil }
