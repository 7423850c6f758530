package convapi

import "time"

// appMessage checks a message: one type, or none beside an override, and every
// member of it.
func (p *fieldProblems) appMessage(path string, m *AppMessage) {
	if m == nil {
		p.add(path, "is required")
		return
	}
	types := []option{
		{"text_message", m.TextMessage != nil}, {"media_message", m.MediaMessage != nil},
		{"card_message", m.CardMessage != nil}, {"carousel_message", m.CarouselMessage != nil},
		{"choice_message", m.ChoiceMessage != nil}, {"list_message", m.ListMessage != nil},
		{"location_message", m.LocationMessage != nil}, {"contact_info_message", m.ContactInfoMessage != nil},
		{"template_message", m.TemplateMessage != nil},
	}
	overridden := len(m.ExplicitChannelMessage) + len(m.ExplicitChannelOmniMessage) + len(m.ChannelSpecificMessage)
	if set := countSet(types); set > 1 || set == 0 && overridden == 0 {
		p.add(path, "must have exactly one of "+optionNames(types))
	}
	p.genericTypes(path, genericTypes{
		m.TextMessage, m.MediaMessage, m.CardMessage, m.CarouselMessage, m.ChoiceMessage,
		m.ListMessage, m.LocationMessage, m.ContactInfoMessage,
	})
	p.templateMessage(path+".template_message", m.TemplateMessage)
	p.overrides(path, m)
	if m.Agent != nil {
		checkEnum(p, path+".agent.type", m.Agent.Type)
	}
	if m.ReplyTo != nil {
		p.required(path+".reply_to.message_id", m.ReplyTo.MessageID)
	}
}

func (p *fieldProblems) contactMessage(path string, m *ContactMessage) {
	p.oneOf(path,
		option{"text_message", m.TextMessage != nil}, option{"media_message", m.MediaMessage != nil},
		option{"media_card_message", m.MediaCardMessage != nil}, option{"location_message", m.LocationMessage != nil},
		option{"choice_response_message", m.ChoiceResponseMessage != nil}, option{"fallback_message", m.FallbackMessage != nil},
		option{"product_response_message", m.ProductResponseMessage != nil}, option{"channel_specific_message", m.ChannelSpecificMessage != nil},
	)
	p.genericTypes(path, genericTypes{text: m.TextMessage, media: m.MediaMessage, location: m.LocationMessage})
	if card := m.MediaCardMessage; card != nil {
		p.required(path+".media_card_message.url", card.URL)
	}
	if choice := m.ChoiceResponseMessage; choice != nil {
		p.required(path+".choice_response_message.message_id", choice.MessageID)
		p.required(path+".choice_response_message.postback_data", choice.PostbackData)
	}
	if specific := m.ChannelSpecificMessage; specific != nil {
		p.required(path+".channel_specific_message.message_type", specific.MessageType)
		if !isObject(specific.Message) {
			p.add(path+".channel_specific_message.message", "must be an object")
		}
	}
	if m.ReplyTo != nil {
		p.required(path+".reply_to.message_id", m.ReplyTo.MessageID)
	}
}

// genericTypes are the types that a message and an override have in common.
type genericTypes struct {
	text        *TextMessage
	media       *MediaMessage
	card        *CardMessage
	carousel    *CarouselMessage
	choice      *ChoiceMessage
	list        *ListMessage
	location    *LocationMessage
	contactInfo *ContactInfoMessage
}

func (p *fieldProblems) genericTypes(path string, g genericTypes) {
	p.text(path+".text_message", g.text)
	p.media(path+".media_message", g.media)
	p.card(path+".card_message", g.card)
	p.carousel(path+".carousel_message", g.carousel)
	p.choiceMessage(path+".choice_message", g.choice)
	p.list(path+".list_message", g.list)
	p.location(path+".location_message", g.location)
	p.contactInfo(path+".contact_info_message", g.contactInfo)
}

func (p *fieldProblems) overrides(path string, m *AppMessage) {
	for _, ch := range sortedKeys(m.ExplicitChannelMessage) {
		key := join(path+".explicit_channel_message", string(ch))
		requireEnum(p, key, ch)
		p.required(key, m.ExplicitChannelMessage[ch])
	}
	for _, ch := range sortedKeys(m.ExplicitChannelOmniMessage) {
		key := join(path+".explicit_channel_omni_message", string(ch))
		requireEnum(p, key, ch)
		p.omniOverride(key, m.ExplicitChannelOmniMessage[ch])
	}
	for _, ch := range sortedKeys(m.ChannelSpecificMessage) {
		key := join(path+".channel_specific_message", string(ch))
		specific := m.ChannelSpecificMessage[ch]
		requireEnum(p, key, ch)
		requireEnum(p, key+".message_type", specific.MessageType)
		if !isObject(specific.Message) {
			p.add(key+".message", "must be an object")
		}
	}
}

func (p *fieldProblems) omniOverride(path string, o OmniMessageOverride) {
	p.oneOf(path,
		option{"text_message", o.TextMessage != nil}, option{"media_message", o.MediaMessage != nil},
		option{"template_reference", o.TemplateReference != nil}, option{"choice_message", o.ChoiceMessage != nil},
		option{"card_message", o.CardMessage != nil}, option{"carousel_message", o.CarouselMessage != nil},
		option{"location_message", o.LocationMessage != nil},
		option{"contact_info_message", o.ContactInfoMessage != nil}, option{"list_message", o.ListMessage != nil},
	)
	p.genericTypes(path, genericTypes{
		o.TextMessage, o.MediaMessage, o.CardMessage, o.CarouselMessage, o.ChoiceMessage,
		o.ListMessage, o.LocationMessage, o.ContactInfoMessage,
	})
	if o.TemplateReference != nil {
		p.omniTemplate(path+".template_reference", o.TemplateReference)
	}
}

func (p *fieldProblems) templateMessage(path string, m *TemplateMessage) {
	if m == nil {
		return
	}
	if len(m.ChannelTemplate) == 0 && m.OmniTemplate == nil {
		p.add(path, "must have channel_template or omni_template")
	}
	for _, ch := range sortedKeys(m.ChannelTemplate) {
		key := join(path+".channel_template", string(ch))
		requireEnum(p, key, ch)
		p.required(key+".template_id", m.ChannelTemplate[ch].TemplateID)
	}
	if m.OmniTemplate != nil {
		p.omniTemplate(path+".omni_template", m.OmniTemplate)
	}
}

func (p *fieldProblems) omniTemplate(path string, r *TemplateReference) {
	p.required(path+".template_id", r.TemplateID)
	p.required(path+".version", r.Version)
}

func (p *fieldProblems) text(path string, m *TextMessage) {
	if m != nil {
		p.required(path+".text", m.Text)
	}
}

func (p *fieldProblems) media(path string, m *MediaMessage) {
	if m != nil {
		p.required(path+".url", m.URL)
	}
}

func (p *fieldProblems) card(path string, m *CardMessage) {
	if m == nil {
		return
	}
	p.media(path+".media_message", m.MediaMessage)
	p.choices(path+".choices", m.Choices, 0, maxChoices)
	checkEnum(p, path+".height", m.Height)
}

func (p *fieldProblems) carousel(path string, m *CarouselMessage) {
	if m == nil {
		return
	}
	p.count(path+".cards", len(m.Cards), 1, maxCards)
	for i := range m.Cards {
		p.card(at(path+".cards", i), &m.Cards[i])
	}
	p.choices(path+".choices", m.Choices, 0, maxCarouselChoices)
	for i, choice := range m.Choices {
		if choice.DisplayMode == DisplayModePersistent {
			p.add(at(path+".choices", i)+".display_mode", "must not be PERSISTENT on a carousel's outer choices")
		}
	}
}

func (p *fieldProblems) choiceMessage(path string, m *ChoiceMessage) {
	if m == nil {
		return
	}
	p.text(path+".text_message", m.TextMessage)
	p.choices(path+".choices", m.Choices, 1, maxChoices)
}

func (p *fieldProblems) choices(path string, list []Choice, low, high int) {
	p.count(path, len(list), low, high)
	for i := range list {
		p.choice(at(path, i), &list[i])
	}
}

func (p *fieldProblems) choice(path string, c *Choice) {
	p.oneOf(path,
		option{"text_message", c.TextMessage != nil}, option{"url_message", c.URLMessage != nil},
		option{"call_message", c.CallMessage != nil}, option{"location_message", c.LocationMessage != nil},
		option{"calendar_message", c.CalendarMessage != nil},
		option{"share_location_message", c.ShareLocationMessage != nil},
	)
	p.text(path+".text_message", c.TextMessage)
	if m := c.URLMessage; m != nil {
		p.required(path+".url_message.title", m.Title)
		p.required(path+".url_message.url", m.URL)
	}
	if m := c.CallMessage; m != nil {
		p.required(path+".call_message.title", m.Title)
		p.required(path+".call_message.phone_number", m.PhoneNumber)
	}
	p.location(path+".location_message", c.LocationMessage)
	p.calendar(path+".calendar_message", c.CalendarMessage)
	if m := c.ShareLocationMessage; m != nil {
		p.required(path+".share_location_message.title", m.Title)
		p.required(path+".share_location_message.fallback_url", m.FallbackURL)
	}
	checkEnum(p, path+".display_mode", c.DisplayMode)
}

func (p *fieldProblems) calendar(path string, m *CalendarMessage) {
	if m == nil {
		return
	}
	p.required(path+".title", m.Title)
	p.required(path+".event_title", m.EventTitle)
	p.required(path+".fallback_url", m.FallbackURL)
	if m.EventStart.IsZero() {
		p.add(path+".event_start", "is required")
	}
	if m.EventEnd.IsZero() {
		p.add(path+".event_end", "is required")
	}
}

func (p *fieldProblems) location(path string, m *LocationMessage) {
	if m == nil {
		return
	}
	p.required(path+".title", m.Title)
	if m.Coordinates == nil {
		p.add(path+".coordinates", "is required")
	}
}

func (p *fieldProblems) list(path string, m *ListMessage) {
	if m == nil {
		return
	}
	p.required(path+".title", m.Title)
	p.media(path+".media", m.Media)
	if len(m.Sections) == 0 {
		p.add(path+".sections", "is required")
	}
	var choices, products bool
	for i, section := range m.Sections {
		items := at(path+".sections", i) + ".items"
		if len(section.Items) == 0 {
			p.add(items, "is required")
		}
		for j, item := range section.Items {
			p.listItem(at(items, j), item)
			choices = choices || item.Choice != nil
			products = products || item.Product != nil
		}
	}
	if choices && products {
		p.add(path+".sections", "must hold items of one kind, all choice or all product")
	}
	if products && (m.MessageProperties == nil || m.MessageProperties.CatalogID == "") {
		p.add(path+".message_properties.catalog_id", "is required for products")
	}
}

func (p *fieldProblems) listItem(path string, item ListItem) {
	p.oneOf(path, option{"choice", item.Choice != nil}, option{"product", item.Product != nil})
	if item.Choice != nil {
		p.required(path+".choice.title", item.Choice.Title)
		p.media(path+".choice.media", item.Choice.Media)
	}
	if item.Product != nil {
		p.required(path+".product.id", item.Product.ID)
		p.required(path+".product.marketplace", item.Product.Marketplace)
	}
}

func (p *fieldProblems) contactInfo(path string, m *ContactInfoMessage) {
	if m == nil {
		return
	}
	if m.Name == nil {
		p.add(path+".name", "is required")
	} else {
		p.required(path+".name.full_name", m.Name.FullName)
	}
	if len(m.PhoneNumbers) == 0 {
		p.add(path+".phone_numbers", "is required")
	}
	for i, phone := range m.PhoneNumbers {
		p.required(at(path+".phone_numbers", i)+".phone_number", phone.PhoneNumber)
	}
	for i, email := range m.EmailAddresses {
		p.required(at(path+".email_addresses", i)+".email_address", email.EmailAddress)
	}
	for i, page := range m.URLs {
		p.required(at(path+".urls", i)+".url", page.URL)
	}
	if _, err := time.Parse(time.DateOnly, m.Birthday); m.Birthday != "" && err != nil {
		p.add(path+".birthday", "must be a date like 2001-02-03")
	}
}
