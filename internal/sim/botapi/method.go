package botapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
)

// maxBody is how long a request may be, in octets.
const maxBody = 1 << 20

// params are the parameters of a call.
type params map[string]json.RawMessage

// method is one method of the API. Its required parameters are there when serve
// is called.
type method struct {
	required []string
	serve    func(w http.ResponseWriter, r *http.Request, p params)
}

// table is all methods that are served.
func (s *Server) table() map[string]method {
	table := map[string]method{
		"getMe":               {nil, s.getMe},
		"sendChatAction":      {[]string{"chat_id", "action"}, s.chatAction},
		"getChat":             {[]string{"chat_id"}, s.getChat},
		"answerCallbackQuery": {[]string{"callback_query_id"}, s.answerCallbackQuery},
		"getFile":             {[]string{"file_id"}, s.getFile},
		"setWebhook":          {[]string{"url"}, s.setWebhook},
		"deleteWebhook":       {nil, s.deleteWebhook},
		"getWebhookInfo":      {nil, s.getWebhookInfo},
		"getUpdates":          {nil, s.getUpdates},
	}
	for name, content := range map[string][]string{
		"sendMessage": {"text"}, "sendPhoto": {"photo"}, "sendVideo": {"video"}, "sendAudio": {"audio"},
		"sendVoice": {"voice"}, "sendDocument": {"document"}, "sendAnimation": {"animation"}, "sendSticker": {"sticker"}, "sendLocation": {"latitude", "longitude"},
		"sendVenue": {"latitude", "longitude", "title", "address"}, "sendContact": {"phone_number", "first_name"},
	} {
		table[name] = method{append([]string{"chat_id"}, content...), func(w http.ResponseWriter, r *http.Request, p params) { s.send(w, r, name, p) }}
	}
	return table
}

// call reads the parameters and carries the method out.
func (s *Server) call(w http.ResponseWriter, r *http.Request, name string) {
	m, ok := s.methods[name]
	if !ok {
		refuse(w, http.StatusNotFound, "Not Found", nil)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large", nil)
		return
	}
	p := params{}
	if len(body) > 0 {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.Unmarshal(body, &p) != nil {
			refuse(w, http.StatusBadRequest, "Bad Request: can't parse the request's JSON", nil)
			return
		}
	}
	for _, name := range m.required {
		if len(p[name]) == 0 || string(p[name]) == "null" {
			refuse(w, http.StatusBadRequest, "Bad Request: "+missing(name), nil)
			return
		}
	}
	m.serve(w, r, p)
}

// missing is the platform's words for a parameter that is not there.
func missing(name string) string {
	switch name {
	case "chat_id":
		return "chat_id is empty"
	case "text":
		return "message text is empty"
	}
	return fmt.Sprintf("parameter %q is required", name)
}

// text gives a parameter that is a string or a number.
func (p params) text(name string) string {
	var s string
	if json.Unmarshal(p[name], &s) == nil {
		return s
	}
	return string(p[name])
}

func (p params) number(name string) int64 {
	n, err := strconv.ParseInt(p.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// send carries out a well-formed message, with the fault that is due.
func (s *Server) send(w http.ResponseWriter, r *http.Request, name string, p params) {
	chat, text := p.text("chat_id"), cmp.Or(p.text("text"), p.text("caption"))
	if problem := s.checkContent(name, p); problem != "" {
		refuse(w, http.StatusBadRequest, "Bad Request: "+problem, nil)
		return
	}
	f := s.due(chat, p)
	id := p.number("chat_id")
	entry := journal.Entry{At: time.Now(), To: chat, Type: name, Text: text, Fault: f.Kind}
	if s.refused(w, f, entry) {
		return
	}
	message := s.serial.Add(1)
	entry.Ref, entry.Accepted = fmt.Sprintf("%d:%d", id, message), true
	s.journal.Add(entry)
	s.hold(r, f)
	accept(w, map[string]any{
		"message_id": message, "date": time.Now().Unix(), "text": text,
		"chat": map[string]any{"id": id, "type": "private", "first_name": "Simulated"},
	})
}

// due is the fault that a call to a chat meets; one that cannot be is not found.
func (s *Server) due(chat string, p params) fault.Fault {
	f := s.faults.Take(chat)
	if f.Kind == fault.None && p.number("chat_id") == 0 && !strings.HasPrefix(chat, "@") {
		return fault.Fault{Kind: fault.Refuse, Code: http.StatusBadRequest, Words: "Bad Request: chat not found"}
	}
	return f
}

// hold delays or drops the answer to what is accepted.
func (s *Server) hold(r *http.Request, f fault.Fault) {
	switch f.Kind {
	case fault.DropAfter:
		panic(http.ErrAbortHandler)
	case fault.Slow:
		s.wait(r, f.Delay())
	}
}

// refused answers what is not accepted.
func (s *Server) refused(w http.ResponseWriter, f fault.Fault, entry journal.Entry) bool {
	switch f.Kind {
	case fault.Refuse, fault.Throttle, fault.Status, fault.DropBefore:
		s.journal.Add(entry)
	}
	switch f.Kind {
	case fault.Refuse, fault.Fail:
		code, words := f.Code, f.Words
		if code < 400 || code > 599 {
			code = http.StatusBadRequest
		}
		if words == "" {
			words = http.StatusText(code)
		}
		refuse(w, code, words, nil)
	case fault.Throttle:
		seconds := max(f.RetryAfter, 1)
		refuse(w, http.StatusTooManyRequests, fmt.Sprintf("Too Many Requests: retry after %d", seconds), map[string]any{"retry_after": seconds})
	case fault.Status:
		w.WriteHeader(f.Code)
	case fault.DropBefore:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// wait returns after d, or when the client or the Server is gone.
func (s *Server) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closing:
	}
}

func (s *Server) getMe(w http.ResponseWriter, _ *http.Request, _ params) {
	id, _, _ := strings.Cut(s.config.Token, ":")
	bot, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		bot = 1
	}
	accept(w, map[string]any{"id": bot, "is_bot": true, "first_name": "Simulated Bot", "username": "simulated_bot"})
}

// chatActions are what a bot can be shown doing.
func chatActions() []string {
	return []string{
		"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
		"choose_sticker", "find_location", "record_video_note", "upload_video_note",
	}
}

// chatAction shows a chat that the bot does something, with the fault that is
// due to it.
func (s *Server) chatAction(w http.ResponseWriter, r *http.Request, p params) {
	chat, action := p.text("chat_id"), p.text("action")
	if !slices.Contains(chatActions(), action) {
		refuse(w, http.StatusBadRequest, "Bad Request: wrong parameter action in request", nil)
		return
	}
	f := s.due(chat, p)
	entry := journal.Entry{At: time.Now(), To: chat, Type: "sendChatAction", Text: action, Fault: f.Kind}
	if s.refused(w, f, entry) {
		return
	}
	entry.Accepted = true
	s.journal.Add(entry)
	s.hold(r, f)
	accept(w, true)
}

// getChat tells of a chat, with the fault that is due to it. Every number is one.
func (s *Server) getChat(w http.ResponseWriter, r *http.Request, p params) {
	chat := p.text("chat_id")
	f := s.due(chat, p)
	entry := journal.Entry{At: time.Now(), To: chat, Type: "getChat", Fault: f.Kind}
	if s.refused(w, f, entry) {
		return
	}
	entry.Accepted = true
	s.journal.Add(entry)
	s.hold(r, f)
	accept(w, map[string]any{
		"id": p.number("chat_id"), "type": "private", "first_name": "Simulated",
		"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": map[string]bool{},
	})
}

// maxTaps bounds what is remembered of acknowledged taps.
const maxTaps = 10_000

func (s *Server) answerCallbackQuery(w http.ResponseWriter, _ *http.Request, p params) {
	s.acknowledge(p.text("callback_query_id"))
	accept(w, true)
}

func (s *Server) acknowledge(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, seen := s.taps[id]; seen || len(s.taps) < maxTaps {
		s.taps[id]++
	}
}

func (s *Server) getFile(w http.ResponseWriter, _ *http.Request, p params) {
	id := p.text("file_id")
	if id == "" || slices.ContainsFunc([]rune(id), func(r rune) bool { return r > 0x7e || r <= ' ' || r == '/' }) {
		refuse(w, http.StatusBadRequest, "Bad Request: invalid file_id", nil)
		return
	}
	accept(w, map[string]any{"file_id": id, "file_unique_id": id, "file_path": "photos/" + id + ".png"})
}

func (s *Server) file(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "image/png")
	// A client that went away does not matter here.
	_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 8, 8)))
}
