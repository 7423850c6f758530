package httpapi

import (
	"context"
	"net/http"

	"switchyard/convapi"
)

// operation answers one call of the API. What it returns is the body of the 200.
type operation func(context.Context, *call) (any, error)

// call is one authorized request on its way to an operation.
type call struct {
	project string
	ids     []string    // what stood in the path where the pattern has "*"
	body    []byte      // of POST, PATCH and PUT
	reply   http.Header // headers of the answer
	request *http.Request
}

// query parses the query string.
func (c *call) query() *query { return parseQuery(c.request.URL.RawQuery) }

// done is the body of an answer that has nothing to say.
type done struct{}

// decode reads a body into a new T; see convapi.Decode. An empty body counts as
// an empty object, so that the answer names the members that are missing.
func decode[T any](body []byte) (T, error) {
	var v T
	if len(body) == 0 {
		return v, nil
	}
	err := convapi.Decode(body, &v)
	return v, err
}

// operations are the operations of the contract, version 1.
func (a *api) operations() []route {
	return []route{
		{"POST", "messages:send", a.sendMessage},
		{"GET", "messages", a.listMessages},
		{"GET", "messages/*", a.getMessage},
		{"PATCH", "messages/*", a.updateMessage},
		{"DELETE", "messages/*", a.deleteMessage},
		{"POST", "messages:transcode", a.transcodeMessage},
		{"POST", "messages:fetch-last-message", a.fetchLastMessage},

		{"POST", "apps", a.createApp},
		{"GET", "apps", a.listApps},
		{"GET", "apps/*", a.getApp},
		{"PATCH", "apps/*", a.updateApp},
		{"DELETE", "apps/*", a.deleteApp},

		{"POST", "webhooks", a.createWebhook},
		{"GET", "apps/*/webhooks", a.listWebhooks},
		{"GET", "webhooks/*", a.getWebhook},
		{"PATCH", "webhooks/*", a.updateWebhook},
		{"DELETE", "webhooks/*", a.deleteWebhook},

		{"POST", "contacts", a.createContact},
		{"GET", "contacts", a.listContacts},
		{"GET", "contacts/*", a.getContact},
		{"PATCH", "contacts/*", a.updateContact},
		{"DELETE", "contacts/*", a.deleteContact},
		{"POST", "contacts/*:merge", a.mergeContact},
		{"GET", "contacts:identityConflicts", a.listIdentityConflicts},

		{"POST", "conversations", a.createConversation},
		{"GET", "conversations", a.listConversations},
		{"GET", "conversations/*", a.getConversation},
		{"PATCH", "conversations/*", a.updateConversation},
		{"DELETE", "conversations/*", a.deleteConversation},
		{"POST", "conversations/*:stop", a.stopConversation},
		{"GET", "conversations:recent", a.listRecentConversations},
		{"POST", "conversations/*:inject-message", a.injectMessage},
		{"POST", "conversations/*:inject-event", a.injectEvent},

		{"POST", "events:send", a.sendEvent},
		{"GET", "events", a.listEvents},
		{"GET", "events/*", a.getEvent},
		{"DELETE", "events/*", a.deleteEvent},

		{"GET", "settings", a.getSettings},
		{"POST", "settings", a.createSettings},
		{"PATCH", "settings", a.updateSettings},
		{"DELETE", "settings", a.deleteSettings},

		{"POST", "capability:query", a.queryCapability},
		{"POST", "contacts:getChannelProfile", a.channelProfile},

		{"GET", "templates", a.listTemplatesV1},
		{"POST", "templates", a.createTemplateV1},
		{"GET", "templates/*", a.getTemplateV1},
		{"PATCH", "templates/*", a.updateTemplateV1},
		{"DELETE", "templates/*", a.deleteTemplateV1},

		{"GET", "apps/*/consents/*", a.listOptOuts},
		{"GET", "apps/*/consents/identities/*", a.listConsentAudits},
		{"POST", "optins:register", a.registerOptIn},
		{"POST", "optouts:register", a.registerOptOut},
	}
}

// operationsV2 are the operations of version 2, which is of templates only.
func (a *api) operationsV2() []route {
	return []route{
		{"GET", "templates", a.listTemplates},
		{"POST", "templates", a.createTemplate},
		{"GET", "templates/*", a.getTemplate},
		{"PUT", "templates/*", a.replaceTemplate},
		{"DELETE", "templates/*", a.deleteTemplate},
		{"GET", "templates/*/translations", a.listTranslations},
	}
}
