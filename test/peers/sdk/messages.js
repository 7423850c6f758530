'use strict';
const assert = require('node:assert/strict');
const { Conversation } = require('@sinch/sdk-core');
const { all, dated, eventually, pages, pause, recent, refused, ulid, unknownID } = require('./expect');

const build = Conversation.messageBuilder;
const ids = (list) => list.map((one) => one.id);
const url = (title, address) => ({ url_message: { title, url: address } });
const call = (title, number) => ({ call_message: { title, phone_number: number } });

// generic has, for each method of the SDK that sends one type of message, such a message and what a person gets of it as an SMS.
const generic = {
  sendTextMessage: [build.text({ text: 'smörgås <&> 😀' }), 'smörgås <&> 😀'],
  sendMediaMessage: [build.media({ url: 'https://example.com/cat.png' }), 'https://example.com/cat.png'],
  sendCardMessage: [
    build.card({
      title: 'A card', description: 'says more', media_message: { url: 'https://example.com/card.png' },
      choices: [{ text_message: { text: 'Yes' }, postback_data: 'y' }, call('Call us', '+46732000000'), url('Our shop', 'https://example.com/shop')],
    }),
    'A card\nsays more\nhttps://example.com/card.png\n> YES\n> Call us: +46732000000\n> Our shop: https://example.com/shop',
  ],
  sendCarouselMessage: [
    build.carousel({ cards: [{ title: 'First', description: 'one' }, { title: 'Second', choices: [{ text_message: { text: 'Take it' } }] }] }),
    '1. First\none\n\n2. Second\n> TAKE IT',
  ],
  sendChoiceMessage: [
    build.choice({ text_message: { text: 'Which one?' }, choices: [{ text_message: { text: 'This' } }, url('More', 'https://example.com/more')] }),
    'Which one?\n\n> THIS\n> More: https://example.com/more',
  ],
  sendLocationMessage: [
    build.location({ title: 'Our shop', coordinates: { latitude: 55.610479, longitude: 13.002873 } }),
    'Our shop: https://www.google.com/maps/search/?api=1&query=55.610477,13.002873',
  ],
  sendListMessage: [
    build.list({
      title: 'Lunch', description: 'today',
      sections: [{ title: 'Soups', items: [{ choice: { title: 'Pea', postback_data: 'pea' } }, { choice: { title: 'Fish' } }] }],
    }),
    /^Lunch\ntoday\n[^]*Soups[^]*Pea[^]*Fish/,
  ],
  sendContactInfoMessage: [
    build.contactInfo({
      name: { full_name: 'Ada Lovelace', first_name: 'Ada' }, phone_numbers: [{ phone_number: '+46732000000', type: 'Work' }],
      email_addresses: [{ email_address: 'ada@example.org' }],
    }),
    /^Ada Lovelace\n[^]*\+46732000000/,
  ],
};

module.exports = async (stage, test) => {
  const { messages, contact: contacts, conversation: conversations, templatesV2 } = stage.conversation;
  const app = await stage.app({}, ['CONTACT_CREATE', 'CONTACT_UPDATE']);
  const get = (id, source) => messages.get({ message_id: id, ...(source && { messages_source: source }) });
  const send = (body) => messages.send({ sendMessageRequestBody: body });

  for (const [method, [message, text]] of Object.entries(generic)) {
    await test(`${method} sends what an SMS can show of it`, async () => {
      const contact = await stage.contact(['SMS']);
      const sent = dated(await messages[method]({ sendMessageRequestBody: app.request(contact.id, message) }));
      assert.match(sent.message_id, ulid);
      recent(sent.accepted_time);
      const parts = await app.submitted('sms', contact.number);
      await app.report(sent.message_id, 'DELIVERED');
      const got = parts.map((part) => part.text).join('');
      if (typeof text === 'string') assert.equal(got, text);
      else assert.match(got, text);
      assert.deepEqual((await get(sent.message_id)).app_message, message);
    });
  }

  await test('sendTemplateMessage fills an omni template in', async () => {
    const template = await templatesV2.create({ createTemplateRequestBody: {
      default_translation: 'en-US', translations: [
        { language_code: 'en-US', version: '1', text_message: { text: 'Hello ${name}, welcome' }, variables: [{ key: 'name', preview_value: 'you' }] },
        { language_code: 'sv-SE', version: '1', text_message: { text: 'Hej ${name}' }, variables: [{ key: 'name', preview_value: 'du' }] },
      ],
    } });
    const contact = await stage.contact(['SMS']);
    const message = (language) => build.template({ omni_template: {
      template_id: template.id, version: 'latest', parameters: { name: 'Åsa' }, ...(language && { language_code: language }),
    } });
    for (const language of [undefined, 'sv-SE']) {
      const { message_id: id } = await messages.sendTemplateMessage({ sendMessageRequestBody: app.request(contact.id, message(language)) });
      await app.report(id, 'DELIVERED');
      assert.deepEqual((await get(id)).app_message, message(language));
    }
    assert.deepEqual((await app.submitted('sms', contact.number, 2)).map((entry) => entry.text), ['Hello Åsa, welcome', 'Hej Åsa']);
    const { message_id: id } = await messages.sendTemplateMessage({ sendMessageRequestBody: app.request(contact.id, build.template({
      omni_template: { template_id: 'no-such-template', version: 'latest' },
    })) });
    assert.equal((await app.report(id, 'FAILED')).message_delivery_report.reason.code, 'TEMPLATE_NOT_FOUND');
    await templatesV2.delete({ template_id: template.id });
  });

  await test('get gives the message with its conversation, contact and times', async () => {
    const contact = await stage.contact(['SMS']);
    const id = await app.send(contact.id, 'read me', { message_metadata: 'order 7' });
    await app.report(id, 'DELIVERED');
    const got = dated(await get(id));
    recent(got.accept_time);
    assert.match(got.conversation_id, ulid);
    assert.deepEqual(got, {
      id, direction: 'TO_CONTACT', app_message: { text_message: { text: 'read me' } }, accept_time: got.accept_time, conversation_id: got.conversation_id,
      contact_id: contact.id, channel_identity: { channel: 'SMS', identity: contact.number, app_id: '' }, metadata: 'order 7', injected: false,
      processing_mode: 'CONVERSATION', ...('sender_id' in got && { sender_id: '' }),
    });
    assert.equal((await conversations.get({ conversation_id: got.conversation_id })).contact_id, contact.id);
  });

  await test('a refused channel gives way to the next one', async () => {
    const contact = await stage.contact(['WHATSAPP', 'SMS']);
    await app.order('/whatsapp/_sim/faults', { kind: 'refuse', code: 131026, to: contact.number, times: 1 });
    const id = await app.send(contact.id, 'somehow', { channel_priority_order: ['WHATSAPP', 'SMS'], message_metadata: 'mine' });
    const { message_delivery_report: delivered } = await app.report(id, 'DELIVERED');
    assert.deepEqual(app.statuses(id), ['WHATSAPP SWITCHING_CHANNEL', 'SMS QUEUED_ON_CHANNEL', 'SMS DELIVERED']);
    assert.deepEqual([delivered.metadata, delivered.contact_id, delivered.reason], ['mine', contact.id, undefined]);
    const { reason } = (await app.report(id, 'SWITCHING_CHANNEL')).message_delivery_report;
    assert.deepEqual([reason.code, reason.channel_code, reason.sub_code], ['RECIPIENT_NOT_REACHABLE', '131026', 'UNSPECIFIED_SUB_CODE']);
    assert.deepEqual((await get(id)).channel_identity, { channel: 'SMS', identity: contact.number, app_id: '' });
  });

  await test('the order of channels is the one of the message, the identities or the contact', async () => {
    const contact = await stage.contact(['SMS', 'WHATSAPP'], { channel_priority: ['WHATSAPP', 'SMS'] });
    const identities = ['SMS', 'WHATSAPP'].map((channel) => ({ channel, identity: contact.number }));
    const over = async (recipient, more) => {
      const { message_delivery_report: report } = await app.report(await app.send(recipient, 'which way', more), 'DELIVERED');
      return report.channel_identity.channel;
    };
    assert.equal(await over(contact.id), 'WHATSAPP');
    assert.equal(await over(identities), 'SMS');
    assert.equal(await over(contact.id), 'SMS', 'the active channel of the conversation goes first');
    assert.equal(await over(identities, { channel_priority_order: ['WHATSAPP'] }), 'WHATSAPP');
  });

  await test('a recipient that nobody knows becomes a contact', async () => {
    const number = stage.number();
    const id = await app.send([{ channel: 'SMS', identity: `+${number}` }], 'hello');
    const { contact_create_notification: { contact } } = await app.callback('CONTACT_CREATE', ({ contact_create_notification: created }) => (
      created.contact.channel_identities[0].identity === number
    ));
    assert.deepEqual(await contacts.get({ contact_id: contact.id }), contact);
    assert.deepEqual([contact.display_name, contact.language, contact.channel_priority], ['Unknown', 'UNSPECIFIED', ['SMS']]);
    assert.equal((await get(id)).contact_id, contact.id);
    await app.send([{ channel: 'SMS', identity: number }, { channel: 'WHATSAPP', identity: number }], 'again');
    const { contact_update_notification: updated } = await app.callback('CONTACT_UPDATE', (c) => c.contact_update_notification.contact.id === contact.id);
    assert.deepEqual(updated.contact.channel_identities.map((i) => i.channel), ['SMS', 'WHATSAPP']);
  });

  await test('a wrong message is refused with the member at fault', async () => {
    const contact = await stage.contact(['SMS']);
    const wrong = (more, message = 'x') => send(app.request(contact.id, message, more));
    await refused(wrong({ app_id: undefined }), 400, 'app_id');
    await refused(wrong({ recipient: undefined }), 400, 'recipient');
    await refused(wrong({}, null), 400, 'message');
    await refused(wrong({}, { text_message: { text: 'a' }, media_message: { url: 'https://example.com' } }), 400, 'message');
    await refused(wrong({}, build.text({ text: '' })), 400, 'message.text_message.text');
    const eleven = Array.from({ length: 11 }, () => ({ text_message: { text: 'c' } }));
    await refused(wrong({}, build.choice({ text_message: { text: 'q' }, choices: eleven })), 400, 'message.choice_message.choices');
    await refused(wrong({}, build.location({ title: 'x' })), 400, 'message.location_message.coordinates');
    await refused(wrong({ ttl: 2 }), 400, 'ttl');
    await refused(wrong({ queue: 'EXPRESS' }), 400, 'queue');
    await refused(wrong({ message_metadata: 'x'.repeat(1025) }), 400, 'message_metadata');
    await refused(wrong({ callback_url: 'nowhere' }), 400, 'callback_url');
    await refused(wrong({ channel_priority_order: ['SMS', 'LINE'] }), 400, 'channel_priority_order[1]');
    await refused(send(app.request(unknownID, 'x')), 404);
    await refused(wrong({ app_id: unknownID }), 404);
    assert.deepEqual(await all(messages.list({ contact_id: contact.id })), []);
  });

  await test('a time to live can be a number, a text, or seconds', async () => {
    const contact = await stage.contact(['SMS']);
    for (const ttl of [30, '30', '30s']) await app.report(await app.send(contact.id, 'in time', { ttl }), 'DELIVERED');
    assert.equal((await app.submitted('sms', contact.number, 3)).length, 3);
  });

  await test('list goes through all pages, the newest first', async () => {
    const contact = await stage.contact(['SMS']);
    const sent = [];
    for (let i = 0; i < 5; i++) sent.unshift(await app.send(contact.id, `number ${i}`));
    const listed = await all(messages.list({ contact_id: contact.id, page_size: 2 }));
    assert.deepEqual(ids(listed), sent);
    listed.forEach(dated);
    assert.deepEqual(listed.map((m) => m.app_message.text_message.text), ['number 4', 'number 3', 'number 2', 'number 1', 'number 0']);
    const byHand = await pages(messages.list({ contact_id: contact.id, page_size: 2 }));
    assert.deepEqual(byHand.map((page) => page.length), [2, 2, 1]);
    assert.equal((await messages.list({ contact_id: contact.id })).hasNextPage, false);
  });

  await test('list filters', async () => {
    const contact = await stage.contact(['SMS', 'WHATSAPP']);
    const other = await stage.contact(['SMS']);
    const overSMS = await app.send(contact.id, 'over SMS', { channel_priority_order: ['SMS'], message_metadata: 'm' });
    await app.report(overSMS, 'DELIVERED');
    await pause(5); // so that times lie between
    const middle = new Date();
    await pause(5);
    const overWhatsApp = await app.send(contact.id, 'over WhatsApp', { channel_priority_order: ['WHATSAPP'] });
    await app.report(overWhatsApp, 'DELIVERED');
    await app.inbound(contact.number, 'the answer');
    const { message: { id: answer, conversation_id } } = await app.callback('MESSAGE_INBOUND', { contact_id: contact.id });
    const elsewhere = await app.send(other.id, 'elsewhere');

    const list = async (query) => ids(await all(messages.list({ contact_id: contact.id, ...query })));
    assert.deepEqual(await list({}), [answer, overWhatsApp, overSMS]);
    assert.deepEqual(await list({ contact_id: undefined, conversation_id }), [answer, overWhatsApp, overSMS]);
    assert.deepEqual(await list({ app_id: app.id }), [answer, overWhatsApp, overSMS]);
    assert.deepEqual(await list({ app_id: (await stage.idle()).id }), []);
    assert.deepEqual(await list({ contact_id: undefined, channel_identity: `+${contact.number}` }), [answer, overWhatsApp, overSMS]);
    assert.deepEqual(await list({ channel: 'SMS' }), [overSMS]);
    assert.deepEqual(await list({ direction: 'TO_APP' }), [answer]);
    assert.deepEqual(await list({ direction: 'TO_CONTACT' }), [overWhatsApp, overSMS]);
    assert.deepEqual(await list({ start_time: middle }), [answer, overWhatsApp]);
    assert.deepEqual(await list({ end_time: middle }), [overSMS]);
    const always = { start_time: new Date(0), end_time: new Date(Date.now() + 60_000) };
    assert.deepEqual(await list({ ...always, channel: 'WHATSAPP', direction: 'TO_CONTACT' }), [overWhatsApp]);
    assert.deepEqual(await list({ contact_id: other.id }), [elsewhere]);
    assert.equal((await all(messages.list({ contact_id: contact.id, view: 'WITH_METADATA' })))[2].metadata, 'm');
    assert.ok(!(await all(messages.list({ contact_id: contact.id, view: 'WITHOUT_METADATA' })))[2].metadata);
  });

  await test('a wrong filter is refused by its name', async () => {
    await refused(messages.list({ channel: 'PIGEON' }), 400, 'channel');
    await refused(messages.list({ direction: 'UP' }), 400, 'direction');
    await refused(messages.list({ page_token: 'made-up' }), 400, 'page_token');
    await refused(messages.list({ messages_source: 'DISPATCH_SOURCE', contact_id: unknownID }), 400, 'contact_id');
    await refused(messages.list({ only_recipient_originated: true }), 400, 'only_recipient_originated');
    assert.deepEqual(await all(messages.list({ contact_id: unknownID })), []);
  });

  await test('update changes the metadata', async () => {
    const contact = await stage.contact(['SMS']);
    const id = await app.send(contact.id, 'same text', { message_metadata: 'before' });
    await app.report(id, 'DELIVERED');
    const before = await get(id);
    const updated = await messages.update({ message_id: id, updateMessageRequestBody: { metadata: 'after' } });
    assert.deepEqual(updated, { ...before, metadata: 'after' });
    assert.deepEqual(await get(id), updated);
    assert.equal((await messages.update({ message_id: id, updateMessageRequestBody: { metadata: '' } })).metadata, '');
    await refused(messages.update({ message_id: id, updateMessageRequestBody: {} }), 400, 'metadata');
    await refused(messages.update({ message_id: unknownID, updateMessageRequestBody: { metadata: 'x' } }), 404);
  });

  await test('delete takes a message away and leaves its conversation', async () => {
    const contact = await stage.contact(['SMS']);
    const id = await app.send(contact.id, 'soon gone');
    await app.report(id, 'DELIVERED');
    const { conversation_id } = await get(id);
    assert.deepEqual(await messages.delete({ message_id: id }), {});
    await refused(get(id), 404);
    await refused(messages.delete({ message_id: id }), 404);
    assert.equal((await conversations.get({ conversation_id })).id, conversation_id);
  });

  await test('a metadata of a conversation and a correlation come back with what is answered', async () => {
    const contact = await stage.contact(['WHATSAPP']);
    await stage.conversation.app.update({ app_id: app.id, appUpdateRequestBody: { conversation_metadata_report_view: 'FULL' } });
    const id = await app.send(contact.id, 'first', { conversation_metadata: { a: 1, b: 2 }, correlation_id: 'corr-1' });
    assert.equal((await app.report(id, 'DELIVERED')).correlation_id, 'corr-1');
    await app.send(contact.id, 'second', { conversation_metadata: { b: null, c: 3 }, conversation_metadata_update_strategy: 'MERGE_PATCH' });
    await app.inbound(contact.number, 'and so?');
    const answer = await app.callback('MESSAGE_INBOUND', { contact_id: contact.id });
    assert.deepEqual([JSON.parse(answer.message_metadata), answer.correlation_id], [{ a: 1, c: 3 }, 'corr-1']);
    const conversation = await conversations.get({ conversation_id: answer.message.conversation_id });
    assert.deepEqual([conversation.metadata_json, conversation.correlation_id], [{ a: 1, c: 3 }, 'corr-1']);
  });

  await test('reports of a message go to its own URL, signed with the secret for such', async () => {
    const contact = await stage.contact(['SMS']);
    const box = stage.inbox.box('reports');
    await stage.conversation.app.update({ app_id: app.id, appUpdateRequestBody: { callback_settings: { secret_for_overridden_callback_urls: box.secret } } });
    const id = await app.send(contact.id, 'tell it there', { callback_url: box.url });
    await box.callback('MESSAGE_DELIVERY', { message_id: id, status: 'DELIVERED' });
    assert.deepEqual(box.callbacks.map((c) => [c.trigger, c.message_delivery_report.message_id]), [['MESSAGE_DELIVERY', id], ['MESSAGE_DELIVERY', id]]);
    await app.callback('MESSAGE_SUBMIT', { message_id: id });
    assert.deepEqual(app.statuses(id), []);
  });

  await test('one channel can get another message than the rest', async () => {
    const contact = await stage.contact(['SMS', 'WHATSAPP']);
    const message = {
      ...build.text({ text: 'for the rest' }), explicit_channel_omni_message: { SMS: build.text({ text: 'for SMS' }) },
    };
    const sent = [];
    for (const channel of ['SMS', 'WHATSAPP']) sent.push(await app.send(contact.id, message, { channel_priority_order: [channel] }));
    assert.equal((await app.submitted('sms', contact.number))[0].text, 'for SMS');
    assert.equal((await app.submitted('whatsapp', contact.number))[0].text, 'for the rest');
    for (const id of sent) assert.deepEqual((await get(id)).app_message, message);
  });

  await test('a tap on a choice comes back with the message that offered it', async () => {
    const contact = await stage.contact(['WHATSAPP']);
    const question = build.choice({ text_message: { text: 'Well?' }, choices: [{ text_message: { text: 'Yes' }, postback_data: 'said-yes' }] });
    const id = await app.send(contact.id, question, { message_metadata: 'asked' });
    await app.report(id, 'DELIVERED');
    const [{ ref }] = await app.submitted('whatsapp', contact.number);
    await app.inbound(contact.number, {
      type: 'interactive', context: { from: '15550000000', id: ref }, interactive: { type: 'button_reply', button_reply: { id: 'said-yes', title: 'Yes' } },
    });
    const { message } = await app.callback('MESSAGE_INBOUND', { contact_id: contact.id });
    assert.deepEqual(message.contact_message.choice_response_message, { message_id: id, postback_data: 'said-yes' });
    assert.equal(message.metadata, 'asked');
    assert.deepEqual((await get(message.id)).contact_message, message.contact_message);
  });

  await test('an app in DISPATCH mode keeps no contacts, and its messages only as long as it says', async () => {
    const dispatch = await stage.app({ processing_mode: 'DISPATCH', dispatch_retention_policy: { retention_type: 'MESSAGE_EXPIRE_POLICY', ttl_days: 1 } });
    const number = stage.number();
    const to = [{ channel: 'WHATSAPP', identity: number }];
    const id = await dispatch.send(to, 'and gone', { message_metadata: 'm', correlation_id: 'c' });
    const { message_delivery_report: report, correlation_id } = await dispatch.report(id, 'DELIVERED');
    assert.deepEqual([report.contact_id, report.conversation_id, report.processing_mode, report.metadata, correlation_id], ['', '', 'DISPATCH', 'm', 'c']);
    await dispatch.inbound(number, 'the answer');
    const { message } = await dispatch.callback('MESSAGE_INBOUND');
    assert.deepEqual([message.contact_id, message.conversation_id, message.processing_mode], ['', '', 'DISPATCH']);
    await refused(get(id), 404);
    const got = dated(await get(id, 'DISPATCH_SOURCE'));
    assert.deepEqual([got.app_message.text_message.text, got.contact_id, got.channel_identity.identity], ['and gone', '', number]);
    const list = async (query) => ids(await all(messages.list({ app_id: dispatch.id, messages_source: 'DISPATCH_SOURCE', ...query })));
    assert.deepEqual(await list({ page_size: 1 }), [message.id, id]);
    assert.deepEqual(await list({ only_recipient_originated: true }), [message.id]);
    assert.deepEqual(await list({ messages_source: 'CONVERSATION_SOURCE' }), []);
    assert.deepEqual(await all(contacts.list({ channel: 'WHATSAPP', identity: number })), []);
    const changed = await messages.update({ message_id: id, messages_source: 'DISPATCH_SOURCE', updateMessageRequestBody: { metadata: 'n' } });
    assert.equal(changed.metadata, 'n');
    assert.deepEqual(await messages.delete({ message_id: id, messages_source: 'DISPATCH_SOURCE' }), {});
    assert.deepEqual(await list({}), [message.id]);
    await refused(dispatch.send(unknownID, 'x'), 400, 'recipient.contact_id');
  });

  await test('a single message can be dispatched by any app', async () => {
    const number = stage.number();
    const id = await app.send([{ channel: 'SMS', identity: number }], 'just so', { processing_strategy: 'DISPATCH_ONLY' });
    const { message_delivery_report: report } = await app.report(id, 'DELIVERED');
    assert.deepEqual([report.contact_id, report.processing_mode], ['', 'DISPATCH']);
    assert.deepEqual(await all(contacts.list({ channel: 'SMS', identity: number })), []);
  });

  await test('fetch-last-message gives the last message of each', async () => {
    const pair = [await stage.contact(['SMS']), await stage.contact(['SMS'])];
    const last = [];
    for (const contact of pair) {
      await app.send(contact.id, 'the first');
      last.push(await app.send(contact.id, 'the last', { message_metadata: 'm' }));
    }
    const fetch = (body) => messages.listLastMessagesByChannelIdentity({ listLastMessagesByChannelIdentityRequestBody: { app_id: app.id, ...body } });
    const identities = pair.map((contact) => contact.number);
    const byIdentity = await all(fetch({ channel_identities: identities }));
    byIdentity.forEach(dated);
    assert.deepEqual(ids(byIdentity).sort(), last);
    assert.deepEqual(byIdentity[0], await get(byIdentity[0].id));
    assert.deepEqual(ids(await all(fetch({ contact_ids: ids(pair), messages_source: 'CONVERSATION_SOURCE' }))).sort(), last);
    assert.deepEqual(ids(await all(fetch({ channel_identities: [`+${identities[1]}`] }))), [last[1]]);
    assert.deepEqual(ids(await all(fetch({ channel_identities: identities, direction: 'TO_APP' }))), []);
    assert.deepEqual(ids(await all(fetch({ channel_identities: identities, channel: 'WHATSAPP' }))), []);
    assert.deepEqual(ids(await all(fetch({ channel_identities: identities, end_time: new Date(Date.now() - 3_600_000).toISOString() }))), []);
    assert.ok((await all(fetch({ channel_identities: identities, view: 'WITHOUT_METADATA' }))).every((message) => !message.metadata));
    const byHand = await pages(fetch({ channel_identities: identities, page_size: 1 }));
    assert.deepEqual(byHand.map((page) => page.length), [1, 1], 'the page token goes in the body');
    assert.deepEqual(ids(await all(fetch({ channel_identities: identities, page_size: 1 }))).sort(), last);
    await refused(fetch({ channel_identities: identities, contact_ids: ids(pair) }), 400, 'contact_ids');
  });

  await test('what a person writes is read back as the callback told it', async () => {
    const number = stage.number();
    await app.inbound(number, 'ja 😀 <&>');
    const { message } = await app.inboundFrom(number);
    const got = dated(await get(message.id));
    assert.deepEqual({ ...got, accept_time: got.accept_time.getTime() }, { ...message, accept_time: new Date(message.accept_time).getTime() });
    const over = 'å'.repeat(200);
    await app.order('/sms/_sim/inbound', { from: number, to: '72323', text: over });
    const { message: long } = await app.inboundFrom(number, 'SMS');
    assert.deepEqual([long.contact_message.text_message.text, long.sender_id], [over, '72323']);
    await eventually('both in the list', async () => (await all(messages.list({ channel_identity: number }))).length === 2);
  });
};
