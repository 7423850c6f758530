package rest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// signatureLength is how many hex digits sign a media reference: 128 bits.
const signatureLength = 32

// MediaURL is where a customer fetches inbound media that lies behind the
// account's credential: "media/<ref>" below the account's callback URL. Whoever
// serves it gives the ref to the adapter (channel.MediaSource). The key is a
// secret of the account and the id the provider's: the ref is signed, because
// some providers' ids are numbers that can be guessed. A new key makes the old
// URLs invalid.
func MediaURL(callbackURL, key, id string) (string, error) {
	u, err := url.Parse(callbackURL)
	if err != nil {
		return "", errors.New("the account's callback URL is not a URL")
	}
	return u.JoinPath("media", sign(key, id)+"."+id).String(), nil
}

// MediaID gives the provider's id in a reference that MediaURL made with that
// key; any other is channel.ErrNoMedia.
func MediaID(key, ref string) (string, error) {
	signature, id, _ := strings.Cut(ref, ".")
	if id == "" || !hmac.Equal([]byte(signature), []byte(sign(key, id))) {
		return "", channel.ErrNoMedia
	}
	return id, nil
}

func sign(key, id string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("media:" + id))
	return hex.EncodeToString(mac.Sum(nil))[:signatureLength]
}

// Open gets a file as a stream, which is not bounded: the caller knows what it
// wants to take. Errors are *channel.Failure.
func (c *Client) Open(ctx context.Context, address string, header http.Header) (channel.Media, error) {
	req, err := Call{Method: http.MethodGet, URL: address, Header: header}.request(ctx)
	if err != nil {
		return channel.Media{}, c.transportFailure(err, false)
	}
	req.Header.Set("Accept", "*/*")
	res, err := c.http.Do(req)
	if err != nil {
		return channel.Media{}, c.transportFailure(err, false)
	}
	if res.StatusCode != http.StatusOK {
		// The words of a file server are not worth more than its status.
		_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
		_ = res.Body.Close()
		f := c.Failure(Answer{Status: res.StatusCode, Header: res.Header}, fmt.Sprintf("media: HTTP status %d", res.StatusCode))
		f.Reason.Code = convapi.ReasonMediaNotReachable
		return channel.Media{}, f
	}
	return channel.Media{ContentType: res.Header.Get("Content-Type"), Size: res.ContentLength, Body: res.Body}, nil
}
