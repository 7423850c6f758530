// What the groups share: clients of the SDK, apps with simulated providers, and an inbox for their callbacks.
//
// SETTINGS is a JSON object: gateway (URL), project and quiet ({projectId, keyId, keySecret} each; in the quiet project only one group works at a
// time), expired (an access token of project that was good once), providers (a list of {whatsapp, sms, telegram, control}: channel credentials for simulated
// providers, and the URL at which those take orders: /whatsapp/_sim/…, /sms/_sim/…, /telegram/_sim/…, and POST /app with the id of the app whose
// callbacks the WhatsApp platform posts).
'use strict';
const assert = require('node:assert/strict');
const { SinchClient } = require('@sinch/sdk-core');
const { Inbox } = require('./inbox');
const { eventually } = require('./expect');

// triggers are those of an app's own messages; what concerns contacts goes to every app of the project and is asked for where it is looked at.
const triggers = ['MESSAGE_INBOUND', 'MESSAGE_DELIVERY', 'MESSAGE_SUBMIT', 'EVENT_INBOUND', 'EVENT_DELIVERY', 'CONVERSATION_START', 'CONVERSATION_STOP',
  'CONVERSATION_DELETE'];

class Stage {
  constructor(settings) {
    this.settings = settings;
    this.providers = [...settings.providers];
    this.inbox = new Inbox();
    this.numbers = 0;
    this.conversation = this.client();
    this.quiet = this.client(settings.quiet);
  }

  async open() {
    await this.inbox.open();
  }

  async close() {
    await this.inbox.close();
  }

  // client makes one of the SDK, for a project and with other parameters.
  client(project = this.settings.project, parameters = {}) {
    const host = this.settings.gateway;
    return new SinchClient({
      ...project, conversationHostname: host, authHostname: host, conversationTemplatesHostname: host, conversationRegion: 'eu', ...parameters,
    }).conversation;
  }

  // number gives a phone number that nobody else has.
  number() {
    this.numbers += 1;
    return `4670${String(1_000_000 + this.numbers)}`;
  }

  // contact makes one with the same new number on each channel.
  async contact(channels, resource = {}) {
    const number = this.number();
    const contact = await this.conversation.contact.create({
      contactCreateRequestBody: { language: 'EN_US', channel_identities: channels.map((channel) => ({ channel, identity: number })), ...resource },
    });
    return { ...contact, number };
  }

  // idle makes an app without webhooks, whose providers do not exist.
  idle(resource = {}) {
    return this.conversation.app.create({
      appCreateRequestBody: {
        display_name: 'idle', processing_mode: 'CONVERSATION',
        channel_credentials: ['WHATSAPP', 'SMS'].map((channel) => ({ channel, static_bearer: { claimed_identity: '1', token: 't' } })), ...resource,
      },
    });
  }

  // app makes one with simulated providers for WhatsApp, SMS and Telegram and a webhook for these triggers.
  async app(resource = {}, more = []) {
    const provider = this.providers.shift();
    assert.ok(provider, 'no simulated providers are left');
    const { id } = await this.conversation.app.create({
      appCreateRequestBody: {
        display_name: 'stage', processing_mode: 'CONVERSATION', channel_credentials: [provider.whatsapp, provider.sms, provider.telegram],
        message_retry_settings: { retry_duration: 30 }, ...resource,
      },
    });
    const app = new App(id, provider, this);
    await app.order('/app', id);
    app.webhook = await this.conversation.webhooks.create({
      webhookCreateRequestBody: { app_id: id, target: app.box.url, target_type: 'HTTP', triggers: [...triggers, ...more], secret: app.box.secret },
    });
    return app;
  }
}

// App is an app with simulated providers and the callbacks that it gets.
class App {
  constructor(id, provider, stage) {
    this.id = id;
    this.stage = stage;
    this.control = provider.control;
    this.phoneNumberID = provider.whatsapp.static_bearer.claimed_identity;
    this.box = stage.inbox.box(id);
  }

  // order tells the simulated providers what to do.
  async order(path, body) {
    const response = await fetch(this.control + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
    assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  // inbound has a person write over WhatsApp: a text, or a message in the platform's form.
  inbound(from, what) {
    return this.order('/whatsapp/_sim/inbound', { from, ...(typeof what === 'string' ? { text: what } : { message: what }) });
  }

  // submitted gives what a provider was given for a recipient, the oldest first, once there are so many.
  async submitted(provider, to, count = 1) {
    return eventually(`${count} submissions to ${provider}`, async () => {
      const { entries } = await (await fetch(`${this.control}/${provider}/_sim/log`)).json();
      const found = entries.filter((entry) => entry.to === to && entry.accepted);
      return found.length >= count && found;
    });
  }

  // send sends a message and gives its id.
  async send(recipient, message, more = {}) {
    const sent = await this.stage.conversation.messages.send({ sendMessageRequestBody: this.request(recipient, message, more) });
    return sent.message_id;
  }

  // request is the body of a send; the recipient is a contact's id or identities.
  request(recipient, message, more = {}) {
    return {
      app_id: this.id, message: typeof message === 'string' ? { text_message: { text: message } } : message,
      recipient: typeof recipient === 'string' ? { contact_id: recipient } : { identified_by: { channel_identities: recipient } }, ...more,
    };
  }

  callback(trigger, wanted) {
    return this.box.callback(trigger, wanted);
  }

  // inboundFrom waits for a message that a number has written over a channel.
  inboundFrom(number, channel = 'WHATSAPP') {
    return this.callback('MESSAGE_INBOUND', ({ message: { channel_identity: from } }) => from.identity === number && from.channel === channel);
  }

  // report waits until a message has that status.
  report(id, status) {
    return this.callback('MESSAGE_DELIVERY', { message_id: id, status });
  }

  // statuses gives what has been reported of a message.
  statuses(id) {
    return this.box.callbacks.filter((c) => c.message_delivery_report?.message_id === id)
      .map((c) => `${c.message_delivery_report.channel_identity.channel} ${c.message_delivery_report.status}`);
  }
}

module.exports = { Stage };
