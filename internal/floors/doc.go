// Package floors holds the tests about the repository itself: which package may
// import which, and whether the prose names things that exist.
//
// The product must not import it. It reads sources and never runs the go
// command, so that go test's cache sees every file that a verdict rests on.
package floors
