package telegram

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// inbound adds what an update tells. An update that concerns no chat is dropped.
func (a *adapter) inbound(batch *channel.Batch, u update) {
	first := len(batch.Inbound)
	switch {
	case len(u.Message) > 0:
		a.message(batch, first, u)
	case len(u.EditedMessage) > 0:
		a.edited(batch, first, u)
	case u.CallbackQuery != nil:
		u.add(batch, first, u.CallbackQuery.inbound())
	case u.Reaction != nil:
		for _, in := range u.Reaction.inbound() {
			u.add(batch, first, in)
		}
	case u.ChatMember != nil:
		if in, ok := u.ChatMember.inbound(); ok {
			u.add(batch, first, in)
		}
	}
	batch.Inbound = slices.DeleteFunc(batch.Inbound, func(in channel.Inbound) bool { return in.Identity == "" })
}

// identity is the chat: in a private chat the person's own id.
func identity(chat int64) string {
	if chat == 0 {
		return ""
	}
	return strconv.FormatInt(chat, 10)
}

// message adds a message; one without a form in the contract as it is.
func (a *adapter) message(batch *channel.Batch, first int, u update) {
	var m message
	err := json.Unmarshal(u.Message, &m)
	in := channel.Inbound{Identity: identity(m.Chat.ID), At: m.Date.Time}
	if m.ReplyTo != nil {
		in.ReplyToRef = ref(m.Chat.ID, m.ReplyTo.ID)
	}
	if err == nil {
		in.Message = a.content(m)
	}
	if in.Message == nil {
		in.Unsupported = u.raw
	} else if m.ID != 0 {
		in.Ref = ref(m.Chat.ID, m.ID)
	}
	u.add(batch, first, in)
	if payload, ok := strings.CutPrefix(m.Text, "/start "); ok && in.Message != nil {
		// Whoever comes by a link t.me/<bot>?start=<payload>.
		u.add(batch, first, channel.Inbound{
			Identity: in.Identity,
			At:       in.At,
			MessageEvent: &convapi.ContactMessageEvent{ShortlinkActivatedEvent: &convapi.ShortlinkActivatedEvent{
				Payload: "/start", Ref: payload, Source: "SHORTLINK", Type: "OPEN_THREAD",
			}},
		})
	}
}

// edited passes a change on as a generic event: the contract has no other.
func (a *adapter) edited(batch *channel.Batch, first int, u update) {
	var m message
	if json.Unmarshal(u.EditedMessage, &m) != nil && m.Chat.ID == 0 {
		return
	}
	payload, err := json.Marshal(map[string]json.RawMessage{"edited_message": u.EditedMessage})
	if err != nil {
		a.log.Error("an edited message cannot be passed on", "error", err)
		return
	}
	u.add(batch, first, channel.Inbound{
		Identity: identity(m.Chat.ID),
		At:       m.Date.Time,
		Event:    &convapi.ContactEvent{GenericEvent: &convapi.GenericEvent{Payload: payload}},
	})
}

// content gives a message's form in the contract, or nil.
func (a *adapter) content(m message) *convapi.ContactMessage {
	switch {
	case m.Text != "":
		return &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: m.Text}}
	case m.Venue != nil: // comes with a location of its own
		return location(m.Venue.Location, m.Venue.Title, m.Venue.Address)
	case m.Location != nil:
		return location(*m.Location, "", "")
	case len(m.Contact) > 0:
		return &convapi.ContactMessage{FallbackMessage: &convapi.FallbackMessage{
			RawMessage: string(m.Contact),
			Reason: &convapi.Reason{
				Code: convapi.ReasonUnsupportedOperation, Description: "shared contacts have no form of their own", SubCode: convapi.SubCodeUnspecified,
			},
		}}
	}
	if f := m.file(); f != nil {
		return a.media(*f, m.Caption)
	}
	return nil
}

func location(p point, title, label string) *convapi.ContactMessage {
	return &convapi.ContactMessage{LocationMessage: &convapi.LocationMessage{
		Coordinates: &convapi.Coordinates{Latitude: p.Latitude, Longitude: p.Longitude}, Title: title, Label: label,
	}}
}

// file gives the media of a message, of a photo its largest form. An animation
// comes with a document, too, for old clients.
func (m message) file() *file {
	if len(m.Photo) > 0 {
		largest := slices.MaxFunc(m.Photo, func(a, b photo) int { return a.Width*a.Height - b.Width*b.Height })
		return &largest.file
	}
	for _, f := range []*file{m.Video, m.Audio, m.Voice, m.Animation, m.Document, m.Sticker, m.VideoNote} {
		if f != nil {
			return f
		}
	}
	return nil
}

// media gives a URL of ours: Telegram's own holds the bot's token. Media opens
// it.
func (a *adapter) media(f file, caption string) *convapi.ContactMessage {
	if !fileID.MatchString(f.ID) {
		return nil
	}
	address, err := rest.MediaURL(a.callbackURL, a.token, f.ID)
	if err != nil {
		a.log.Error("media of a message has no URL", "error", err)
		return nil
	}
	if caption != "" {
		return &convapi.ContactMessage{MediaCardMessage: &convapi.MediaCardMessage{URL: address, Caption: caption}}
	}
	return &convapi.ContactMessage{MediaMessage: &convapi.MediaMessage{URL: address, FilenameOverride: f.Name}}
}

// inbound is the tap; the engine finds the message that offered it by its ref.
func (q callbackQuery) inbound() channel.Inbound {
	in := channel.Inbound{
		Identity: identity(q.From.ID),
		Message:  &convapi.ContactMessage{ChoiceResponseMessage: &convapi.ChoiceResponseMessage{PostbackData: q.Data}},
	}
	if q.Message != nil && q.Message.Chat.ID != 0 {
		in.Identity = identity(q.Message.Chat.ID)
		in.ReplyToRef = ref(q.Message.Chat.ID, q.Message.ID)
	}
	return in
}

// inbound is what was put on and what was taken off.
func (c reactionChange) inbound() []channel.Inbound {
	var all []channel.Inbound
	add := func(r reaction, action convapi.ReactionAction) {
		all = append(all, channel.Inbound{
			Identity:     identity(c.Chat.ID),
			At:           c.Date.Time,
			EventRef:     ref(c.Chat.ID, c.MessageID),
			MessageEvent: &convapi.ContactMessageEvent{ReactionEvent: &convapi.ReactionEvent{Emoji: r.Emoji, Action: action, ReactionCategory: r.Type}},
		})
	}
	for _, r := range c.Old {
		if !slices.Contains(c.New, r) {
			add(r, convapi.ReactionUnreact)
		}
	}
	for _, r := range c.New {
		if !slices.Contains(c.Old, r) {
			add(r, convapi.ReactionReact)
		}
	}
	return all
}

// inbound is an opt-out when a person blocks the bot and an opt-in when it is
// unblocked. What happens to the bot in groups concerns nobody's consent.
func (c chatMember) inbound() (channel.Inbound, bool) {
	status := c.New.Status
	if c.Chat.Type != "private" || (status != "kicked" && status != "member") {
		return channel.Inbound{}, false
	}
	return channel.Inbound{Identity: identity(c.Chat.ID), At: c.Date.Time, Opt: &channel.Opt{In: status == "member"}}, true
}
