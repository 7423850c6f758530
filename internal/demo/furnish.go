package demo

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// reportWait is after how many seconds without a report the next channel gets
// its turn: the contract's least, as nobody likes to wait at a demo.
const reportWait = 10

// furnish makes the app, the contacts and the webhook, or finds those that an
// earlier demo left in the store and points them to this one's providers.
func (d *demo) furnish(ctx context.Context) error {
	if err := d.putApp(ctx); err != nil {
		return err
	}
	if err := d.putContacts(ctx); err != nil {
		return err
	}
	return d.putWebhook(ctx)
}

// displayName is by which an app of an earlier demo is known.
const displayName = "Demo"

func (d *demo) putApp(ctx context.Context) (err error) {
	apps, err := d.gateway.Engine.Apps(ctx, project)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if a.DisplayName == displayName {
			d.app, err = d.gateway.Engine.UpdateApp(ctx, project, a.ID, func(a *convapi.App) error {
				a.ChannelCredentials = d.credentials()
				return nil
			})
			return err
		}
	}
	d.app, err = d.gateway.Engine.CreateApp(ctx, project, convapi.App{
		DisplayName:                 displayName,
		ChannelCredentials:          d.credentials(),
		ProcessingMode:              convapi.ModeConversation,
		DeliveryReportBasedFallback: &convapi.DeliveryReportBasedFallback{Enabled: true, DeliveryReportWaitingTime: reportWait},
	})
	return err
}

// credentials are in the order in which channels are tried.
func (d *demo) credentials() []convapi.ChannelCredential {
	s := d.cfg.Providers
	return []convapi.ChannelCredential{{
		Channel:        convapi.ChannelWhatsApp,
		CallbackSecret: convapi.Secret(s.GraphAppSecret),
		StaticBearer:   &convapi.StaticBearer{ClaimedIdentity: s.GraphPhoneNumberID, Token: convapi.Secret(s.GraphAccessToken)},
		ProviderURL:    d.providers.GraphURL,
	}, {
		Channel: convapi.ChannelSMS,
		SMPPCredentials: &convapi.SMPPCredentials{
			Address: d.providers.SMSCAddress, SystemID: s.SMSCSystemID, Password: convapi.Secret(s.SMSCPassword), SourceAddress: "Switchyard",
		},
	}, {
		Channel:             convapi.ChannelTelegram,
		TelegramCredentials: &convapi.TelegramCredentials{Token: convapi.Secret(s.BotAPIToken)},
		ProviderURL:         d.providers.BotAPIURL,
	}}
}

// person is one of the demo's contacts, and what comes of a message to them.
type person struct {
	name, story                   string
	whatsApp, sms, telegramChatID string
}

// people are written to by numbers that the simulated providers know endings
// of. The first is the one of the example.
func people() []person {
	return []person{
		{name: "Ada", story: "WhatsApp refuses, SMS delivers", whatsApp: "46700131026", sms: "46700131026"},
		{name: "Grace", story: "read on WhatsApp", whatsApp: "46700000001", sms: "46700000001", telegramChatID: "1001"},
		{name: "Alan", story: "WhatsApp never reports: SMS after 10 s", whatsApp: "46700009001", sms: "46700000002"},
		{name: "Edsger", story: "refused everywhere", whatsApp: "46701131047", sms: "46700008011", telegramChatID: "8403"},
	}
}

func (d *demo) putContacts(ctx context.Context) error {
	for _, p := range people() {
		external := "demo-" + p.name
		found, _, err := d.gateway.Engine.Contacts(ctx, project, engine.ContactFilter{ExternalID: external}, engine.Page{Size: 1})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			made, err := d.gateway.Engine.CreateContact(ctx, project, convapi.Contact{
				DisplayName: p.name, ExternalID: external, Language: convapi.LanguageUnspecified, ChannelIdentities: d.identities(p),
			})
			if err != nil {
				return err
			}
			found = []convapi.Contact{made}
		}
		d.contacts = append(d.contacts, found[0])
	}
	return nil
}

func (d *demo) identities(p person) []convapi.ChannelIdentity {
	list := []convapi.ChannelIdentity{
		{Channel: convapi.ChannelWhatsApp, Identity: p.whatsApp},
		{Channel: convapi.ChannelSMS, Identity: p.sms},
	}
	if p.telegramChatID != "" {
		list = append(list, convapi.ChannelIdentity{Channel: convapi.ChannelTelegram, Identity: p.telegramChatID, AppID: d.app.ID})
	}
	return list
}

// putWebhook takes the place of an earlier demo's webhook, whose inbox is gone.
// BATCH_STATUS_UPDATE is left out: webhooks of the API's other surface have it.
func (d *demo) putWebhook(ctx context.Context) error {
	hooks, err := d.gateway.Engine.Webhooks(ctx, project, d.app.ID)
	if err != nil {
		return err
	}
	if len(hooks) > 0 {
		_, err = d.gateway.Engine.UpdateWebhook(ctx, project, hooks[0].ID, func(w *convapi.Webhook) error {
			w.Target, w.Secret = d.inboxURL, d.secret
			return nil
		})
		return err
	}
	_, err = d.gateway.Engine.CreateWebhook(ctx, project, convapi.Webhook{
		AppID: d.app.ID, Target: d.inboxURL, TargetType: convapi.TargetHTTP, Triggers: convapi.Triggers(), Secret: d.secret,
	})
	return err
}
