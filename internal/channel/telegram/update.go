package telegram

import (
	"encoding/json"
	"fmt"
	"time"

	"switchyard/internal/channel"
)

// allowedUpdates is what we ask Telegram for; reactions have to be named.
func allowedUpdates() []string {
	return []string{"message", "edited_message", "callback_query", "my_chat_member", "message_reaction"}
}

// update is one update; besides its id one member is set. What may be of a kind
// that we do not know stays raw.
type update struct {
	ID            int64           `json:"update_id"`
	Message       json.RawMessage `json:"message"`
	EditedMessage json.RawMessage `json:"edited_message"`
	CallbackQuery *callbackQuery  `json:"callback_query"`
	ChatMember    *chatMember     `json:"my_chat_member"`
	Reaction      *reactionChange `json:"message_reaction"`

	// raw is the whole update.
	raw json.RawMessage
}

type chat struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

type user struct {
	ID int64 `json:"id"`
}

// callbackQuery is a tap on a button below a message.
type callbackQuery struct {
	ID      string `json:"id"`
	From    user   `json:"from"`
	Message *struct {
		ID   int64 `json:"message_id"`
		Chat chat  `json:"chat"`
	} `json:"message"`
	Data string `json:"data"`
}

// chatMember says that a person blocked or unblocked the bot.
type chatMember struct {
	Chat chat     `json:"chat"`
	Date unixTime `json:"date"`
	New  struct {
		Status string `json:"status"`
	} `json:"new_chat_member"`
}

type reactionChange struct {
	Chat      chat       `json:"chat"`
	MessageID int64      `json:"message_id"`
	Date      unixTime   `json:"date"`
	Old       []reaction `json:"old_reaction"`
	New       []reaction `json:"new_reaction"`
}

type reaction struct {
	Type  string `json:"type"`
	Emoji string `json:"emoji"`
}

// message is an inbound message, as far as we have a form for it.
type message struct {
	ID      int64    `json:"message_id"`
	Date    unixTime `json:"date"`
	Chat    chat     `json:"chat"`
	ReplyTo *struct {
		ID int64 `json:"message_id"`
	} `json:"reply_to_message"`

	Text      string  `json:"text"`
	Caption   string  `json:"caption"`
	Photo     []photo `json:"photo"`
	Video     *file   `json:"video"`
	Audio     *file   `json:"audio"`
	Voice     *file   `json:"voice"`
	Animation *file   `json:"animation"`
	Document  *file   `json:"document"`
	Sticker   *file   `json:"sticker"`
	VideoNote *file   `json:"video_note"`
	Location  *point  `json:"location"`
	Venue     *struct {
		Location point  `json:"location"`
		Title    string `json:"title"`
		Address  string `json:"address"`
	} `json:"venue"`
	Contact json.RawMessage `json:"contact"`
}

type point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type file struct {
	ID   string `json:"file_id"`
	Name string `json:"file_name"`
}

type photo struct {
	file
	Width  int `json:"width"`
	Height int `json:"height"`
}

// unixTime reads seconds since 1970. What is not a time of our days is zero.
type unixTime struct{ time.Time }

// maxSeconds is the year 2200: beyond it a time has no sense and, later, no
// form in RFC 3339.
const maxSeconds = 7_258_118_400

// UnmarshalJSON implements json.Unmarshaler. It never fails: a message is worth
// more than its time.
func (t *unixTime) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	var seconds int64
	if json.Unmarshal(data, &seconds) == nil && seconds > 0 && seconds < maxSeconds {
		t.Time = time.Unix(seconds, 0).UTC()
	}
	return nil
}

// parse reads one update. A member of a form that we do not know does not fail
// it, an update without an id does.
func parse(raw json.RawMessage) (update, error) {
	u := update{raw: raw}
	err := json.Unmarshal(raw, &u)
	if u.ID == 0 {
		if err == nil {
			err = fmt.Errorf("an update without update_id")
		}
		return update{}, err
	}
	return u, nil
}

// key numbers the items of an update: most have one, whose key is the update's
// id alone.
func (u update) key(n int) string {
	if n == 0 {
		return fmt.Sprint(u.ID)
	}
	return fmt.Sprintf("%d/%d", u.ID, n)
}

// add appends an item of the update.
func (u update) add(batch *channel.Batch, first int, in channel.Inbound) {
	in.Key = u.key(len(batch.Inbound) - first)
	batch.Inbound = append(batch.Inbound, in)
}
