// Package coding turns text into the parts of a short message and back: alphabets, user data headers, concatenation, delivery receipts and the forms
// of message ids, as they are used over SMPP 3.4. Everything in it is a pure function or a plain data structure; time is passed in.
//
// The package must not know of connections, accounts of a gateway, or what becomes of a message.
package coding
