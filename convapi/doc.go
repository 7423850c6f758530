// Package convapi is the wire contract of the Conversation API in Go: the
// objects that cross the network, their enums, their validation and their
// canonical JSON form.
//
// It is for everything that speaks the contract: the REST surface, the webhook
// sender, the tests, and third-party programs. It must not know how messages are
// routed, stored or delivered, and imports nothing but the standard library.
//
// Names follow the contract's field names in Go spelling. Members that exclude
// each other are pointers with omitempty, so that exactly one is emitted.
package convapi
