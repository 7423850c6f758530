// Package transcode gives a message the form that a channel has for it: the
// bodies of the requests to the channel's provider, one after the other, or a
// plain text where the channel knows nothing else. The same function serves the
// sending and the preview.
//
// What a channel can show natively and how much of it is data: the table in
// styles.go and the limits at the head of each channel's file. What does not fit
// degrades step by step, at the end to text, and loses no words on the way; only
// the labels of buttons are cut.
//
// It is pure and deterministic. It must not know how a channel sends, who the
// recipient is, or where templates are kept: the recipient stands as To in the
// bodies, and omni templates are to be resolved to their content before.
package transcode
