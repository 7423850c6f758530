package channel

import (
	"context"
	"errors"
	"io"
)

// ErrNoMedia says that a media reference is not one of the account's.
var ErrNoMedia = errors.New("no such media")

// MediaSource is an Adapter whose inbound media lies with the provider, behind
// the account's credential, so that its address cannot be given to a customer.
// The URL of such a message is ours (package channel/rest, MediaURL); whoever
// serves it asks here.
type MediaSource interface {
	// Media opens the file of a reference that this account's adapter made. A
	// wrong reference is ErrNoMedia; other errors are *Failure.
	Media(ctx context.Context, ref string) (Media, error)
}

// Media is a file on its way from the provider.
type Media struct {
	ContentType string
	Size        int64         // bytes; -1 if the provider does not say
	Body        io.ReadCloser // the caller closes it
}
