// What the gateway tells an application, each by a real cause. The inbox has judged every callback already when it is looked at here: its signature, its
// times, and that the SDK knows it.
'use strict';
const assert = require('node:assert/strict');
const http = require('node:http');
const { ConversationCallbackWebhooks } = require('@sinch/sdk-core');
const { dated, eventually, ulid } = require('./expect');

module.exports = async (stage, test) => {
  const { conversation: conversations, contact: contacts, events, messages, capability, webhooks } = stage.conversation;
  const { projectId } = stage.settings.project;
  const seen = new Set(); // triggers that came
  const app = await stage.app({}, [
    'CONTACT_CREATE', 'CONTACT_DELETE', 'CONTACT_MERGE', 'CONTACT_UPDATE', 'CONTACT_IDENTITIES_DUPLICATION', 'CAPABILITY', 'OPT_IN', 'OPT_OUT', 'CHANNEL_EVENT',
    'UNSUPPORTED', 'RECORD_NOTIFICATION',
  ]);
  const told = async (trigger, matches) => {
    const event = await app.callback(trigger, matches);
    assert.deepEqual([event.app_id, event.project_id], [app.id, projectId]);
    seen.add(trigger);
    return event;
  };
  const person = await stage.contact(['WHATSAPP', 'SMS'], { channel_priority: ['WHATSAPP', 'SMS'] });
  const identity = (channel) => ({ channel, identity: person.number, app_id: '' });

  await test('CONVERSATION_START, MESSAGE_SUBMIT and MESSAGE_DELIVERY follow a send', async () => {
    const id = await app.send(person.id, 'hello <&> 😀', { message_metadata: 'mine', correlation_id: 'c-1' });
    const submit = await told('MESSAGE_SUBMIT', { message_id: id });
    const { message_submit_notification: submitted } = submit;
    assert.match(submitted.conversation_id, ulid);
    assert.deepEqual(submitted, {
      message_id: id, conversation_id: submitted.conversation_id, channel_identity: identity('WHATSAPP'), contact_id: person.id,
      submitted_message: { text_message: { text: 'hello <&> 😀' } }, metadata: 'mine', processing_mode: 'CONVERSATION',
    });
    assert.equal(submit.correlation_id, 'c-1');
    const { conversation_start_notification: { conversation } } = await told('CONVERSATION_START');
    assert.equal(conversation.id, submitted.conversation_id);
    assert.deepEqual([conversation.app_id, conversation.contact_id, conversation.active], [app.id, person.id, true]);
    const read = await told('MESSAGE_DELIVERY', { message_id: id, status: 'READ' });
    assert.deepEqual(read.message_delivery_report, {
      message_id: id, conversation_id: submitted.conversation_id, status: 'READ', channel_identity: identity('WHATSAPP'), contact_id: person.id,
      metadata: 'mine', processing_mode: 'CONVERSATION',
    });
    assert.deepEqual(app.statuses(id), ['WHATSAPP QUEUED_ON_CHANNEL', 'WHATSAPP DELIVERED', 'WHATSAPP READ']);
  });

  await test('a failure says why', async () => {
    await app.order('/whatsapp/_sim/faults', { kind: 'refuse', code: 131047, to: person.number, times: 1 });
    const id = await app.send([identity('WHATSAPP')], 'too late');
    const { message_delivery_report: { reason } } = await told('MESSAGE_DELIVERY', { message_id: id, status: 'FAILED' });
    assert.deepEqual([reason.code, reason.channel_code, reason.sub_code], ['OUTSIDE_ALLOWED_SENDING_WINDOW', '131047', 'UNSPECIFIED_SUB_CODE']);
    assert.match(reason.description, /^The underlying channel reported: /);
  });

  await test('MESSAGE_INBOUND comes when a person writes', async () => {
    await app.inbound(person.number, 'ja 😀');
    const inbound = await told('MESSAGE_INBOUND');
    const { message } = inbound;
    assert.deepEqual(message, {
      id: message.id, direction: 'TO_APP', contact_message: { text_message: { text: 'ja 😀' } }, channel_identity: identity('WHATSAPP'),
      conversation_id: message.conversation_id, contact_id: person.id, metadata: '', accept_time: message.accept_time,
      processing_mode: 'CONVERSATION', injected: false, ...('sender_id' in message && { sender_id: '' }),
    });
    assert.equal(inbound.message_metadata, '');
    assert.ok('event_time' in inbound && 'correlation_id' in inbound);
  });

  await test('every kind of message a person sends has its form', async () => {
    const kinds = {
      location_message: { type: 'location', location: { latitude: 55.5, longitude: 13.25, name: 'Here', address: 'Road 1' } },
      media_message: { type: 'image', image: { id: '1001', mime_type: 'image/png', sha256: '' } },
      media_card_message: { type: 'image', image: { id: '1002', mime_type: 'image/png', sha256: '', caption: 'Look' } },
      fallback_message: { type: 'contacts', contacts: [{ name: { formatted_name: 'Ada' } }] },
    };
    for (const [kind, message] of Object.entries(kinds)) {
      await app.inbound(person.number, message);
      const { message: { contact_message: content } } = await told('MESSAGE_INBOUND', (c) => kind in c.message.contact_message);
      assert.deepEqual(Object.keys(content), [kind]);
      if (kind === 'location_message') assert.deepEqual(content[kind], { coordinates: { latitude: 55.5, longitude: 13.25 }, title: 'Here', label: 'Road 1' });
      if (kind === 'media_card_message') assert.equal(content[kind].caption, 'Look');
      if (kind.startsWith('media')) {
        const file = await fetch(content[kind].url);
        assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'image/png']);
        assert.ok((await file.arrayBuffer()).byteLength > 0);
      }
    }
  });

  await test('EVENT_INBOUND and RECORD_NOTIFICATION come when a person reacts', async () => {
    const id = await app.send([identity('WHATSAPP')], 'how is it?');
    await app.report(id, 'READ');
    const { ref } = (await app.submitted('whatsapp', person.number)).at(-1);
    await app.inbound(person.number, { type: 'reaction', reaction: { message_id: ref, emoji: '👍' } });
    const { event } = await told('EVENT_INBOUND');
    assert.match(event.id, ulid);
    const { reaction_event: reaction } = event.contact_message_event;
    assert.deepEqual([reaction.emoji, reaction.action, reaction.message_id], ['👍', 'REACTION_ACTION_REACT', id]);
    assert.deepEqual([event.direction, event.contact_id, event.channel_identity], ['TO_APP', person.id, identity('WHATSAPP')]);
    const { record_notification: record } = await told('RECORD_NOTIFICATION', { entity_id: event.id });
    assert.deepEqual([record.record_status, record.contact_id, record.channel_identity], ['EVENT_RECORD_STORED', person.id, identity('WHATSAPP')]);
  });

  await test('UNSUPPORTED comes of what the contract has no form for', async () => {
    await app.inbound(person.number, { type: 'poll', poll: { question: 'Tea?' } });
    const { unsupported_callback: unsupported } = await told('UNSUPPORTED');
    assert.equal(unsupported.channel, 'WHATSAPP');
    assert.equal(JSON.parse(unsupported.payload).poll.question, 'Tea?');
    assert.deepEqual([unsupported.contact_id, unsupported.channel_identity], [person.id, identity('WHATSAPP')]);
  });

  await test('CHANNEL_EVENT comes when a provider has news of the account', async () => {
    await app.order('/whatsapp/_sim/notify', { field: 'phone_number_quality_update', value: { event: 'FLAGGED', current_limit: 'TIER_1K' } });
    const { channel_event_notification: { channel_event: event } } = await told('CHANNEL_EVENT');
    assert.deepEqual([event.channel, event.event_type, event.additional_data.event], ['WHATSAPP', 'WHATS_APP_QUALITY_RATING_CHANGED', 'FLAGGED']);
  });

  await test('OPT_OUT and OPT_IN come when a person says so to the platform', async () => {
    for (const [value, trigger, member] of [['stop', 'OPT_OUT', 'opt_out_notification'], ['resume', 'OPT_IN', 'opt_in_notification']]) {
      await app.order('/whatsapp/_sim/notify', { field: 'user_preferences', value: {
        messaging_product: 'whatsapp', metadata: { display_phone_number: '15550000000', phone_number_id: app.phoneNumberID },
        user_preferences: [{ wa_id: person.number, category: 'marketing_messages', value, timestamp: Math.floor(Date.now() / 1000) }],
      } });
      const { [member]: { status, channel, identity: number, contact_id: id } } = await told(trigger);
      assert.deepEqual([status, channel, number, id], [`${trigger}_SUCCEEDED`, 'WHATSAPP', person.number, person.id]);
    }
  });

  await test('EVENT_DELIVERY follows an event', async () => {
    const { event_id: id } = await events.send({ sendEventRequestBody: {
      app_id: app.id, recipient: { contact_id: person.id }, event: { composing_event: {} }, event_metadata: 'of the event',
      channel_priority_order: ['WHATSAPP'],
    } });
    const { event_delivery_report: report } = await told('EVENT_DELIVERY', { event_id: id, status: 'DELIVERED' });
    assert.deepEqual([report.contact_id, report.channel_identity, report.metadata], [person.id, identity('WHATSAPP'), 'of the event']);
  });

  await test('CAPABILITY comes for every channel of a recipient', async () => {
    const { request_id } = await capability.lookup({ lookupCapabilityRequestBody: { app_id: app.id, recipient: { contact_id: person.id } } });
    for (const channel of ['WHATSAPP', 'SMS']) {
      const { capability_notification: notification } = await told('CAPABILITY', { request_id, channel });
      assert.deepEqual([notification.identity, notification.contact_id], [person.number, person.id]);
    }
  });

  await test('CONVERSATION_STOP and CONVERSATION_DELETE tell of the conversation', async () => {
    const { conversation_start_notification: { conversation: { id } } } = await told('CONVERSATION_START');
    await conversations.stopActive({ conversation_id: id });
    const { conversation_stop_notification: { conversation: stopped } } = await told('CONVERSATION_STOP');
    assert.deepEqual([stopped.id, stopped.active], [id, false]);
    await conversations.delete({ conversation_id: id });
    const { conversation_delete_notification: { conversation: deleted } } = await told('CONVERSATION_DELETE');
    assert.deepEqual([deleted.id, deleted.contact_id], [id, person.id]);
  });

  await test('CONTACT_CREATE, CONTACT_UPDATE and CONTACT_DELETE tell of the whole contact', async () => {
    const { number, ...contact } = await stage.contact(['SMS'], { display_name: '<b>Åsa</b>' });
    const of = (member) => (c) => c[member].contact.id === contact.id;
    assert.deepEqual((await told('CONTACT_CREATE', of('contact_create_notification'))).contact_create_notification.contact, contact);
    const updated = await contacts.update({ contact_id: contact.id, updateContactRequestBody: { metadata: 'm' } });
    assert.deepEqual((await told('CONTACT_UPDATE', of('contact_update_notification'))).contact_update_notification.contact, updated);
    await contacts.delete({ contact_id: contact.id });
    assert.deepEqual((await told('CONTACT_DELETE', of('contact_delete_notification'))).contact_delete_notification.contact, updated);
  });

  await test('CONTACT_MERGE tells of both contacts', async () => {
    const [kept, gone] = [await stage.contact(['SMS']), await stage.contact(['WHATSAPP'])];
    const merged = await contacts.mergeContact({ destination_id: kept.id, mergeContactRequestBody: { source_id: gone.id, strategy: 'MERGE' } });
    const { contact_merge_notification: notification } = await told('CONTACT_MERGE', (c) => c.contact_merge_notification.deleted_contact.id === gone.id);
    assert.deepEqual(notification.preserved_contact, merged);
  });

  await test('CONTACT_IDENTITIES_DUPLICATION comes when several contacts have the identity', async () => {
    const first = await stage.contact(['SMS']);
    const second = await contacts.create({ contactCreateRequestBody: { language: 'EN', channel_identities: first.channel_identities } });
    const id = await app.send([{ channel: 'SMS', identity: first.number }], 'who is it?');
    const event = await told('CONTACT_IDENTITIES_DUPLICATION');
    const duplicated = [{ channel: 'SMS', contact_ids: [first.id, second.id] }];
    assert.deepEqual(event.duplicated_contact_identities_notification, { duplicated_identities: duplicated });
    assert.deepEqual(event.duplicated_identities, duplicated, 'where the SDK looks for it');
    assert.equal((await messages.get({ message_id: id })).contact_id, first.id);
  });

  await test('every trigger came that an application can cause', () => {
    assert.deepEqual([...seen].sort(), [...app.webhook.triggers].sort());
  });

  await test('a signature holds for its headers and its body only', async () => {
    const { headers, raw } = app.box.requests[0];
    const webhooksOf = (secret) => new ConversationCallbackWebhooks(secret);
    assert.ok(webhooksOf(app.box.secret).validateAuthenticationHeader(headers, raw));
    assert.equal(headers['x-sinch-webhook-signature-algorithm'], 'HmacSHA256');
    assert.match(headers['x-sinch-webhook-signature-timestamp'], /^\d{10}$/);
    for (const name of ['x-sinch-webhook-signature', 'x-sinch-webhook-signature-timestamp', 'x-sinch-webhook-signature-nonce']) {
      const { [name]: _, ...rest } = headers;
      assert.ok(!webhooksOf(app.box.secret).validateAuthenticationHeader(rest, raw), `valid without ${name}`);
      assert.ok(!webhooksOf(app.box.secret).validateAuthenticationHeader({ ...headers, [name]: 'MTIz' }, raw), `valid with another ${name}`);
    }
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    assert.ok(webhooksOf(app.box.secret).validateAuthenticationHeader(upper, raw));
    assert.throws(() => ConversationCallbackWebhooks.parseEvent({ app_id: app.id }), /Unknown/);
    const nonces = app.box.requests.map((request) => request.headers['x-sinch-webhook-signature-nonce']);
    assert.equal(new Set(nonces).size, nonces.length, 'a nonce came twice');
  });

  // hook adds a webhook to the app with a box of its own.
  const hook = async (name, body = {}) => {
    const box = stage.inbox.box(name);
    const { id } = await webhooks.create({ webhookCreateRequestBody: {
      app_id: app.id, target: box.url, target_type: 'HTTP', secret: box.secret, triggers: ['MESSAGE_SUBMIT'], ...body,
    } });
    return { box, remove: () => webhooks.delete({ webhook_id: id }) };
  };

  await test('each webhook gets what it asked for, one that is dismissed nothing', async () => {
    const second = await hook('second');
    const inbound = await hook('inbound', { triggers: ['MESSAGE_INBOUND'] });
    const dismissed = await hook('dismissed', { target_type: 'DISMISS' });
    const id = await app.send(person.id, 'to two of them');
    await told('MESSAGE_SUBMIT', { message_id: id });
    await second.box.callback('MESSAGE_SUBMIT', { message_id: id });
    await app.report(id, 'READ');
    assert.deepEqual(second.box.callbacks.map((c) => c.trigger), ['MESSAGE_SUBMIT']);
    assert.deepEqual([inbound.box.callbacks, dismissed.box.callbacks], [[], []]);
    for (const { remove } of [second, inbound, dismissed]) await remove();
    await app.report(await app.send(person.id, 'only to one'), 'READ');
    assert.equal(second.box.callbacks.length, 1, 'a deleted webhook was called');
  });

  await test('a callback that was not taken comes again, the same and signed anew', async () => {
    const { box, remove } = await hook('refusing');
    box.refuse(2);
    const id = await app.send(person.id, 'say that again');
    await box.callback('MESSAGE_SUBMIT', { message_id: id });
    const attempts = [...box.refused, ...box.requests];
    assert.equal(attempts.length, 3);
    assert.equal(new Set(attempts.map((attempt) => attempt.raw)).size, 1);
    assert.equal(new Set(attempts.map((attempt) => attempt.headers['x-sinch-webhook-signature-nonce'])).size, 3);
    await remove();
  });

  await test('a webhook without a secret gets no signature', async () => {
    const { box, remove } = await hook('unsigned', { secret: '' });
    box.secret = '';
    await box.callback('MESSAGE_SUBMIT', { message_id: await app.send(person.id, 'unsigned') });
    await remove();
  });

  await test('a webhook with client credentials is called with a token', async () => {
    const asked = [];
    const server = http.createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
        asked.push([request.headers.authorization, Buffer.concat(chunks).toString()]);
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ access_token: 'a-token', expires_in: 600, token_type: 'bearer' }));
      });
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const { box, remove } = await hook('guarded', { client_credentials: {
      client_id: 'me', client_secret: 'mine', endpoint: `http://127.0.0.1:${server.address().port}/token`, scope: 'hooks', token_request_type: 'BASIC',
    } });
    try {
      for (const text of ['one', 'two']) await box.callback('MESSAGE_SUBMIT', { message_id: await app.send(person.id, text) });
      assert.deepEqual(box.requests.map((request) => request.headers.authorization), ['Bearer a-token', 'Bearer a-token']);
      assert.equal(asked.length, 1, 'the token was not kept');
      assert.equal(asked[0][0], `Basic ${Buffer.from('me:mine').toString('base64')}`);
      assert.deepEqual(Object.fromEntries(new URLSearchParams(asked[0][1])), { grant_type: 'client_credentials', scope: 'hooks' });
    } finally {
      await remove();
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    }
  });

  await test('what a callback tells is what can be read', async () => {
    const id = await app.send(person.id, 'the same');
    const { message_submit_notification: notification } = await told('MESSAGE_SUBMIT', { message_id: id });
    const message = dated(await messages.get({ message_id: id }));
    assert.deepEqual(message.app_message, notification.submitted_message);
    assert.deepEqual([message.contact_id, message.conversation_id], [notification.contact_id, notification.conversation_id]);
    await eventually('a conversation', async () => (await conversations.get({ conversation_id: message.conversation_id })).active);
  });
};
