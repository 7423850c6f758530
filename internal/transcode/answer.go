package transcode

import (
	"strconv"
	"strings"

	"switchyard/convapi"
)

// keyPrefix begins what stands for postback data that a channel would not take as
// it is; the number of the choice within its message follows.
const keyPrefix = "choice:"

// within gives an option's postback data, or a key for it. Data that looks like
// a key gets one, too, so that a key always means a number, and so does the data
// of two choices, which channels want to be different.
func within(o option, l limit) string {
	if _, isKey := keyNumber(o.postback); isKey || o.twin || !l.fits(o.postback) {
		return keyPrefix + strconv.Itoa(o.number)
	}
	return o.postback
}

func keyNumber(postback string) (int, bool) {
	digits, ok := strings.CutPrefix(postback, keyPrefix)
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number > 0
}

// IsKey says whether postback data is a key, which only Postback understands.
func IsKey(postback string) bool {
	_, isKey := keyNumber(postback)
	return isKey
}

// Postback gives the postback data that a button of m answered with on ch: what
// the channel returned, unless that is a key in the place of longer data.
func Postback(m *convapi.AppMessage, ch convapi.Channel, messageID, returned string) string {
	number, isKey := keyNumber(returned)
	if !isKey {
		return returned
	}
	content := contentFor(m, ch)
	c := read(&content, messageID)
	options := c.options()
	if number > len(options) {
		return returned
	}
	return options[number-1].postback
}

// Answer finds the choice of m that a text from a person on ch means: by its
// title, or by its number among those that can be answered. false: none.
func Answer(m *convapi.AppMessage, ch convapi.Channel, messageID, text string) (postback string, ok bool) {
	content := contentFor(m, ch)
	c := read(&content, messageID)
	replies, _ := pick(c.options(), isReply)
	text = oneLine(text)
	for _, o := range replies {
		if strings.EqualFold(oneLine(o.label), text) {
			return o.postback, true
		}
	}
	number, err := strconv.Atoi(strings.TrimSuffix(text, "."))
	if err != nil || number < 1 || number > len(replies) {
		return "", false
	}
	return replies[number-1].postback, true
}

// AnsweredByText says whether a person on ch can answer a choice only by writing
// it.
func AnsweredByText(ch convapi.Channel) bool {
	s := styles[ch]
	return s == nil || s.written
}

// Answerable says whether m may have choices that a text could mean.
func Answerable(m *convapi.AppMessage) bool {
	return m.ChoiceMessage != nil || m.CardMessage != nil && len(m.CardMessage.Choices) > 0 ||
		m.CarouselMessage != nil || m.ListMessage != nil || len(m.ExplicitChannelOmniMessage) > 0
}
