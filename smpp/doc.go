// Package smpp speaks SMPP 3.4, the protocol between a sender of short messages (ESME) and a message centre (SMSC).
//
// It has three layers. [PDU] and the bodies beside it are the wire format: they encode by appending and decode without ever panicking or allocating
// more than the frame that they are given. [Session] is one bound TCP connection, seen from either end: window, matching of answers, keep-alive,
// orderly unbinding. [Client] keeps a number of binds to one centre alive and spreads submits over them; [Server] is the other end, for simulators and tests.
//
// The package must not know what a message means to a gateway: no texts (package coding has them), no verdicts, no retries of a submit. It says
// exactly what happened to one ([NotSentError], [InDoubtError], [StatusError]) and leaves the decision to its user.
//
// All time goes through package time, so that everything here runs inside a testing/synctest bubble over net.Pipe.
package smpp
