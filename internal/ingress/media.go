package ingress

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

// maxMedia bounds a file in octets: the largest that a channel delivers is
// WhatsApp's document of 100 MB.
const maxMedia = 100 << 20

// media passes on a file that lies with the provider. The reference in the URL
// is signed by the channel's adapter: whoever has the message may have the file.
func (in *ingress) media(w http.ResponseWriter, r *http.Request) {
	app, ch := r.PathValue("app"), convapi.Channel(r.PathValue("channel"))
	ordinal, ok := ordinalOf(r)
	if !ok || !ch.Known() {
		refuseUnknown(w)
		return
	}
	media, err := in.engine.Media(r.Context(), app, ch, ordinal, r.PathValue("ref"))
	if err != nil {
		if unknown, ok := errors.AsType[*gateway.Error](err); ok && unknown.Code == gateway.NotFound {
			refuseUnknown(w)
			return
		}
		in.log.InfoContext(r.Context(), "media not fetched", "app", app, "channel", string(ch), "error", err)
		refuse(w, http.StatusBadGateway, "UNAVAILABLE", "the provider does not give the file")
		return
	}
	defer media.Body.Close()
	h := w.Header()
	// A person chose the file: a browser must neither guess its type nor run it
	// in the place of our own pages.
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("Content-Disposition", "attachment")
	h.Set("Content-Type", "application/octet-stream")
	if media.ContentType != "" {
		h.Set("Content-Type", media.ContentType)
	}
	if media.Size > maxMedia {
		refuse(w, http.StatusBadGateway, "UNAVAILABLE", "the file is too large")
		return
	}
	if media.Size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(media.Size, 10))
	}
	if _, err := io.Copy(w, io.LimitReader(media.Body, maxMedia)); err != nil {
		in.log.DebugContext(r.Context(), "media broke off", "error", err)
	}
}
