package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// Media opens an inbound file in two steps: its address, then its bytes, both
// for the bearer of the token alone. Meta keeps it for 30 days.
func (a *adapter) Media(ctx context.Context, ref string) (channel.Media, error) {
	id, err := rest.MediaID(a.token, ref)
	if err != nil {
		return channel.Media{}, err
	}
	answer, err := a.client.Do(ctx, rest.Call{Method: http.MethodGet, URL: a.base + "/" + id, Header: a.bearer()})
	if err != nil {
		return channel.Media{}, err
	}
	if !answer.OK() {
		return channel.Media{}, a.classify(answer)
	}
	var file struct {
		URL string `json:"url"`
	}
	if json.Unmarshal(answer.Body, &file) != nil || !a.safe(file.URL) {
		f := a.client.ClassFailure(rest.Class{Verdict: channel.Refuse, Code: convapi.ReasonMediaNotReachable}, answer, "media without an address")
		f.Err = errors.New("the media's address cannot be read or is not of the provider's scheme")
		return channel.Media{}, f
	}
	return a.client.Open(ctx, file.URL, a.bearer())
}

// safe keeps the token from going out in clear when the API itself is HTTPS.
func (a *adapter) safe(address string) bool {
	u, err := url.Parse(address)
	base, baseErr := url.Parse(a.base)
	return err == nil && baseErr == nil && u.Host != "" && u.Scheme == base.Scheme
}
