// Package transcode renders a message as plain text, for channels that cannot
// show its type and for transcoding previews.
//
// It is pure and deterministic. It must not know how a channel sends, what its
// limits are, or where templates are kept: splitting long text and rendering
// omni templates is done by others.
package transcode
