package transcode

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"switchyard/convapi"
)

// randomMessage draws a message of any generic type, with texts and numbers of
// choices around the limits of the channels and beyond the contract's.
func randomMessage(t *rapid.T) *convapi.AppMessage {
	m := &convapi.AppMessage{}
	switch rapid.IntRange(0, 7).Draw(t, "type") {
	case 0:
		m.TextMessage = &convapi.TextMessage{Text: words(t, 1, 9000)}
	case 1:
		m.MediaMessage = randomMedia(t)
	case 2:
		card := randomCard(t)
		m.CardMessage = &card
	case 3:
		m.CarouselMessage = &convapi.CarouselMessage{Choices: randomChoices(t, 0, 3)}
		for range rapid.IntRange(1, 13).Draw(t, "cards") {
			m.CarouselMessage.Cards = append(m.CarouselMessage.Cards, randomCard(t))
		}
	case 4:
		m.ChoiceMessage = &convapi.ChoiceMessage{TextMessage: &convapi.TextMessage{Text: words(t, 1, 3000)}, Choices: randomChoices(t, 1, 16)}
	case 5:
		m.ListMessage = randomList(t)
	case 6:
		m.LocationMessage = randomPlace(t)
	case 7:
		m.ContactInfoMessage = &convapi.ContactInfoMessage{Name: &convapi.ContactName{FullName: words(t, 1, 60)}}
		for range rapid.IntRange(1, 3).Draw(t, "numbers") {
			m.ContactInfoMessage.PhoneNumbers = append(m.ContactInfoMessage.PhoneNumbers, convapi.ContactPhone{PhoneNumber: phone(t)})
		}
	}
	return m
}

// words draws a text of words, a few letters each, up to a length that is often
// small.
func words(t *rapid.T, least, most int) string {
	if rapid.Bool().Draw(t, "short") {
		most = min(most, least+60)
	}
	n := rapid.IntRange(least, most).Draw(t, "length")
	word := rapid.SampledFrom([]string{"tea", "grün", "茶", "🫖", "café", "(x)", "a_b", "100%", "Te\u0301"})
	var out strings.Builder
	for out.Len() < n {
		out.WriteString(word.Draw(t, "word"))
		out.WriteString(rapid.SampledFrom([]string{" ", " ", " ", ". ", "\n", "\n\n"}).Draw(t, "gap"))
	}
	return strings.TrimSpace(out.String())
}

func phone(t *rapid.T) string {
	return rapid.SampledFrom([]string{"+4790000001", "+47 900 00 002", "22334455", "+15550001111"}).Draw(t, "phone")
}

func address(t *rapid.T) string {
	return fmt.Sprintf("https://t.example/%d", rapid.IntRange(0, 99).Draw(t, "page"))
}

func randomMedia(t *rapid.T) *convapi.MediaMessage {
	m := &convapi.MediaMessage{URL: rapid.SampledFrom([]string{
		"https://m.example/a.jpg", "http://m.example/b.png", "https://m.example/c.mp4", "https://m.example/d.mp3", "https://m.example/e.pdf",
		"https://m.example/f", "https://m.example/g.docx", "https://m.example/h.gif", "https://m.example/i.webp", "ftp://m.example/j.jpg",
	}).Draw(t, "media")}
	if rapid.Bool().Draw(t, "thumbnail") {
		m.ThumbnailURL = "https://m.example/thumb.jpg"
	}
	return m
}

func randomCard(t *rapid.T) convapi.CardMessage {
	card := convapi.CardMessage{Title: words(t, 1, 120), Choices: randomChoices(t, 0, 6)}
	if rapid.Bool().Draw(t, "described") {
		card.Description = words(t, 1, 2500)
	}
	if rapid.Bool().Draw(t, "pictured") {
		card.MediaMessage = randomMedia(t)
	}
	return card
}

func randomPlace(t *rapid.T) *convapi.LocationMessage {
	m := &convapi.LocationMessage{
		Title: words(t, 1, 150), Coordinates: &convapi.Coordinates{
			Latitude: rapid.Float64Range(-95, 95).Draw(t, "latitude"), Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		},
	}
	if rapid.Bool().Draw(t, "labelled") {
		m.Label = words(t, 1, 150)
	}
	return m
}

func randomChoices(t *rapid.T, least, most int) []convapi.Choice {
	var out []convapi.Choice
	textsOnly := rapid.Bool().Draw(t, "texts only")
	for range rapid.IntRange(least, most).Draw(t, "choices") {
		c := convapi.Choice{}
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if textsOnly {
			kind = 0
		}
		switch kind {
		case 0:
			c.TextMessage = &convapi.TextMessage{Text: words(t, 1, 40)}
			c.PostbackData = rapid.SampledFrom([]string{"", "p", strings.Repeat("x", 3000), "choice:2"}).Draw(t, "postback")
		case 1:
			c.URLMessage = &convapi.URLMessage{Title: words(t, 1, 40), URL: address(t)}
		case 2:
			c.CallMessage = &convapi.CallMessage{Title: words(t, 1, 40), PhoneNumber: "+4790000001"}
		case 3:
			c.LocationMessage = randomPlace(t)
		case 4:
			start := convapi.At(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
			c.CalendarMessage = &convapi.CalendarMessage{Title: words(t, 1, 40), EventTitle: words(t, 1, 150), EventStart: start, EventEnd: start, FallbackURL: address(t)}
		case 5:
			c.ShareLocationMessage = &convapi.ShareLocationMessage{Title: words(t, 1, 40), FallbackURL: address(t)}
		}
		out = append(out, c)
	}
	return out
}

func randomList(t *rapid.T) *convapi.ListMessage {
	l := &convapi.ListMessage{Title: words(t, 1, 80)}
	if rapid.Bool().Draw(t, "described") {
		l.Description = words(t, 1, 1500)
	}
	if rapid.Bool().Draw(t, "pictured") {
		l.Media = randomMedia(t)
	}
	for range rapid.IntRange(1, 4).Draw(t, "sections") {
		s := convapi.ListSection{}
		if rapid.Bool().Draw(t, "titled") {
			s.Title = words(t, 1, 30)
		}
		for range rapid.IntRange(1, 8).Draw(t, "items") {
			item := &convapi.ListChoice{Title: words(t, 1, 40)}
			if rapid.Bool().Draw(t, "described") {
				item.Description = words(t, 1, 90)
			}
			s.Items = append(s.Items, convapi.ListItem{Choice: item})
		}
		l.Sections = append(l.Sections, s)
	}
	return l
}
