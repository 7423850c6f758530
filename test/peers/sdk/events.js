'use strict';
const assert = require('node:assert/strict');
const { all, dated, pages, recent, refused, ulid, unknownID } = require('./expect');

const ids = (list) => list.map((one) => one.id);
const agent = { display_name: 'Agneta', type: 'HUMAN', picture_url: 'https://example.com/a.png' };

// methods has, for each method of the SDK that sends one type of event, such an event.
const methods = {
  sendComposingEvent: { composing_event: {} },
  sendComposingEndEvent: { composing_end_event: {} },
  sendCommentReplyEvent: { comment_reply_event: { text: 'thank you' } },
  sendAgentJoinedEvent: { agent_joined_event: { agent } },
  sendAgentLeftEvent: { agent_left_event: { agent } },
  sendGenericEvent: { generic_event: { payload: { a: [1, { b: null }], c: 'd' } } },
};

module.exports = async (stage, test) => {
  const { events, messages } = stage.conversation;
  const app = await stage.app();
  const body = (recipient, event, more) => ({
    app_id: app.id, event, recipient: typeof recipient === 'string' ? { contact_id: recipient } : { identified_by: { channel_identities: recipient } }, ...more,
  });
  const send = (recipient, event = { composing_event: {} }, more = {}) => events.send({ sendEventRequestBody: body(recipient, event, more) });
  const report = async (id, status) => (await app.callback('EVENT_DELIVERY', { event_id: id, status })).event_delivery_report;
  const get = (id) => events.get({ event_id: id });

  for (const [method, event] of Object.entries(methods)) {
    await test(`${method} gives an event that can be read back`, async () => {
      const contact = await stage.contact(['TELEGRAM']);
      const sent = dated(await events[method]({ sendEventRequestBody: body(contact.id, event) }));
      assert.match(sent.event_id, ulid);
      recent(sent.accepted_time);
      const got = dated(await get(sent.event_id));
      assert.match(got.conversation_id, ulid);
      assert.deepEqual(got, {
        id: sent.event_id, direction: 'TO_CONTACT', app_event: event, contact_id: contact.id, conversation_id: got.conversation_id,
        channel_identity: { channel: 'TELEGRAM', identity: contact.number, app_id: got.channel_identity.app_id }, accept_time: got.accept_time,
        processing_mode: 'CONVERSATION',
      });
      await app.callback('EVENT_DELIVERY', { event_id: sent.event_id });
    });
  }

  await test('an event that the channel can show is delivered', async () => {
    const contact = await stage.contact(['TELEGRAM']);
    const { event_id: id } = await send(contact.id, undefined, { event_metadata: 'mine' });
    const delivered = await report(id, 'DELIVERED');
    assert.deepEqual([delivered.metadata, delivered.contact_id, delivered.reason], ['mine', contact.id, undefined]);
    assert.deepEqual([delivered.channel_identity.channel, delivered.processing_mode], ['TELEGRAM', 'CONVERSATION']);
  });

  await test('an event that the channel has no form for fails', async () => {
    const contact = await stage.contact(['SMS']);
    const { event_id: id } = await send(contact.id);
    const { reason, channel_identity } = await report(id, 'FAILED');
    assert.equal(reason.code, 'UNSUPPORTED_OPERATION');
    assert.deepEqual(channel_identity, { channel: 'SMS', identity: contact.number, app_id: '' });
  });

  await test('an event goes to one channel, the first of the order, and never to another', async () => {
    const contact = await stage.contact(['TELEGRAM', 'SMS']);
    const { event_id: id } = await send(contact.id, undefined, { channel_priority_order: ['SMS', 'TELEGRAM'] });
    assert.equal((await report(id, 'FAILED')).channel_identity.channel, 'SMS');
    const other = await send(contact.id, undefined, { channel_priority_order: ['TELEGRAM'] });
    assert.equal((await report(other.event_id, 'DELIVERED')).channel_identity.channel, 'TELEGRAM');
    const reports = app.box.callbacks.filter((c) => c.event_delivery_report?.event_id === id);
    assert.ok(reports.every((c) => c.event_delivery_report.channel_identity.channel === 'SMS'));
  });

  await test('a recipient that nobody knows becomes a contact', async () => {
    const number = stage.number();
    const { event_id: id } = await send([{ channel: 'TELEGRAM', identity: number }]);
    const { contact_id } = await get(id);
    const contact = await stage.conversation.contact.get({ contact_id });
    assert.equal(contact.channel_identities[0].identity, number);
  });

  await test('list gives the events of a contact or a conversation, page by page', async () => {
    const contact = await stage.contact(['TELEGRAM']);
    const other = await stage.contact(['TELEGRAM']);
    const sent = [];
    for (let i = 0; i < 5; i++) sent.push((await send(contact.id, { generic_event: { payload: { i } } })).event_id);
    await send(other.id);
    const { conversation_id } = await get(sent[0]);
    const listed = await all(events.list({ contact_id: contact.id }));
    assert.deepEqual(ids(listed).sort(), [...sent].sort());
    assert.deepEqual(listed.find((event) => event.id === sent[3]).app_event.generic_event.payload, { i: 3 });
    assert.deepEqual(await all(events.list({ conversation_id, page_size: 2 })), listed);
    const byHand = await pages(events.list({ contact_id: contact.id, page_size: 2 }));
    assert.deepEqual(byHand.map((page) => page.length), [2, 2, 1]);
    byHand.flat().forEach(dated);
    await refused(events.list({}), 400, 'conversation_id');
    assert.deepEqual(await all(events.list({ contact_id: unknownID })), []);
  });

  await test('what a person does is listed, too, and messages are not', async () => {
    const contact = await stage.contact(['WHATSAPP']);
    const id = await app.send(contact.id, 'react to it');
    await app.report(id, 'READ');
    const [{ ref }] = await app.submitted('whatsapp', contact.number);
    await app.inbound(contact.number, { type: 'reaction', reaction: { message_id: ref, emoji: '🎉' } });
    const { event } = await app.callback('EVENT_INBOUND', { contact_id: contact.id });
    const [listed, ...rest] = await all(events.list({ contact_id: contact.id }));
    assert.deepEqual(rest, []);
    assert.deepEqual({ ...listed, accept_time: listed.accept_time.getTime() }, { ...event, accept_time: new Date(event.accept_time).getTime() });
    assert.deepEqual(ids(await all(messages.list({ contact_id: contact.id }))), [id]);
    await refused(messages.get({ message_id: event.id }), 404);
    await refused(get(id), 404);
  });

  await test('reports of an event go to its own URL', async () => {
    const contact = await stage.contact(['TELEGRAM']);
    const box = stage.inbox.box('event-reports');
    await stage.conversation.app.update({ app_id: app.id, appUpdateRequestBody: { callback_settings: { secret_for_overridden_callback_urls: box.secret } } });
    const { event_id: id } = await send(contact.id, undefined, { callback_url: box.url });
    await box.callback('EVENT_DELIVERY', { event_id: id, status: 'DELIVERED' });
    assert.ok(app.box.callbacks.every((c) => c.event_delivery_report?.event_id !== id));
  });

  await test('delete takes an event away', async () => {
    const contact = await stage.contact(['TELEGRAM']);
    const { event_id: id } = await send(contact.id);
    await report(id, 'DELIVERED');
    assert.deepEqual(await events.delete({ event_id: id }), {});
    await refused(get(id), 404);
    await refused(events.delete({ event_id: id }), 404);
    assert.deepEqual(await all(events.list({ contact_id: contact.id })), []);
  });

  await test('a wrong event is refused with the member at fault', async () => {
    const contact = await stage.contact(['TELEGRAM']);
    await refused(send(contact.id, {}), 400, 'event');
    await refused(send(contact.id, { composing_event: {}, composing_end_event: {} }), 400, 'event');
    await refused(send(contact.id, { comment_reply_event: {} }), 400, 'event.comment_reply_event.text');
    await refused(send(contact.id, { agent_joined_event: {} }), 400, 'event.agent_joined_event.agent');
    await refused(send(contact.id, { generic_event: { payload: 'text' } }), 400, 'event.generic_event.payload');
    await refused(send(contact.id, undefined, { event_metadata: 'x'.repeat(1025) }), 400, 'event_metadata');
    await refused(send(contact.id, undefined, { app_id: undefined }), 400, 'app_id');
    await refused(send(contact.id, undefined, { app_id: unknownID }), 404);
    await refused(send(unknownID), 404);
    await refused(get(unknownID), 404);
    assert.deepEqual(await all(events.list({ contact_id: contact.id })), []);
  });
};
