package transcode

import (
	"cmp"
	"net/url"
	"path"
	"strings"

	"switchyard/convapi"
)

// The kinds of media that channels tell apart. A channel's own word for a kind
// stands in its table.
const (
	image    = "image"
	video    = "video"
	audio    = "audio"
	document = "document"
	sticker  = "sticker"
	voice    = "voice"
	anim     = "animation"
)

// extension tells the type of a file without fetching it: the ending of the name
// that the sender gave it, else of the path of its URL; "" when that says
// nothing.
func extension(m *convapi.MediaMessage) string {
	if ext := ending(m.FilenameOverride); ext != "" {
		return ext
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return ""
	}
	return ending(u.Path)
}

func ending(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if len(ext) > 5 || strings.Trim(ext, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}

// fileName is what a file is called.
func fileName(m *convapi.MediaMessage) string {
	if m.FilenameOverride != "" {
		return m.FilenameOverride
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return "file"
	}
	if name := path.Base(u.Path); name != "." && name != "/" {
		return name
	}
	return "file"
}

// mimeTypes are those of the endings that phones make.
var mimeTypes = map[string]string{
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "heic": "image/heic",
	"mp4": "video/mp4", "mov": "video/quicktime", "3gp": "video/3gpp", "webm": "video/webm",
	"mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "wav": "audio/wav", "amr": "audio/amr",
	"pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "vcf": "text/vcard", "zip": "application/zip",
}

// mimeType is a file's media type, as far as its name tells.
func mimeType(m *convapi.MediaMessage) string {
	return cmp.Or(mimeTypes[extension(m)], "application/octet-stream")
}

// Upload stands in a body for a file that the provider takes only as an upload:
// who sends the body fetches the URL, uploads the bytes, and puts what the
// provider calls them in its place.
func upload(address string) string { return "{{media " + address + "}}" }

// mapLink shows a place on a map.
func mapLink(m *convapi.LocationMessage) string {
	if m.Coordinates == nil {
		return ""
	}
	return mapURL + degrees(m.Coordinates.Latitude) + "," + degrees(m.Coordinates.Longitude)
}

// web says whether an address is one that every channel opens.
func web(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// dialled is a number as channels want it for a call, or "": E.164 with a plus.
func dialled(number string) string {
	digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(number)
	body, plus := strings.CutPrefix(digits, "+")
	if !plus || len(body) < 2 || len(body) > 15 || body[0] == '0' || strings.Trim(body, "0123456789") != "" {
		return ""
	}
	return digits
}
