package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// fileID is the form of Telegram's file ids.
var fileID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// Media opens an inbound file in two steps: its path, then its bytes. Telegram
// gives bots files of up to 20 MB.
func (a *adapter) Media(ctx context.Context, reference string) (channel.Media, error) {
	id, err := rest.MediaID(a.token, reference)
	if err != nil {
		return channel.Media{}, err
	}
	res, err := a.call(ctx, "getFile", map[string]string{"file_id": id})
	if err != nil {
		return channel.Media{}, err
	}
	var file struct {
		Path string `json:"file_path"`
	}
	if json.Unmarshal(res.Result, &file) != nil || file.Path == "" || strings.ContainsAny(file.Path, "?#") || strings.Contains(file.Path, "..") {
		f := a.client.ClassFailure(rest.Class{Verdict: channel.Refuse, Code: convapi.ReasonMediaNotReachable}, rest.Answer{Status: http.StatusOK}, "a file without a path")
		f.Err = errors.New("the file's path cannot be read")
		return channel.Media{}, f
	}
	return a.client.Open(ctx, a.base+"/file/bot"+a.token+"/"+file.Path, nil)
}
