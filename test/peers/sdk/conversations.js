'use strict';
const assert = require('node:assert/strict');
const { all, dated, eventually, pages, refused, ulid, unknownID } = require('./expect');

const ids = (list) => list.map((one) => one.id);
const ago = (minutes) => new Date(Date.now() - minutes * 60_000);

module.exports = async (stage, test) => {
  const { conversation: conversations, messages, events } = stage.conversation;
  const idle = await stage.idle();
  const create = (contact, body) => conversations.create({
    createConversationRequestBody: { app_id: idle.id, contact_id: contact.id, active: true, active_channel: 'SMS', ...body },
  });
  const update = (id, body, more) => conversations.update({ conversation_id: id, updateConversationRequestBody: body, ...more });
  const get = (id) => conversations.get({ conversation_id: id });

  await test('create gives a conversation without messages', async () => {
    const contact = await stage.contact(['SMS', 'WHATSAPP']);
    const made = dated(await create(contact, { metadata: 'mine', metadata_json: { order: 7, list: [1, { a: 'b' }] }, correlation_id: 'c-1' }));
    assert.match(made.id, ulid);
    assert.deepEqual(made, {
      id: made.id, app_id: idle.id, contact_id: contact.id, last_received: new Date(0), active_channel: 'SMS', active: true, metadata: 'mine',
      metadata_json: { order: 7, list: [1, { a: 'b' }] }, correlation_id: 'c-1',
    });
    assert.deepEqual(await get(made.id), made);
    await refused(create(contact), 400, 'active');
    assert.equal((await create(contact, { active: false })).active, false);
  });

  await test('a wrong conversation is refused with the member at fault', async () => {
    const contact = await stage.contact(['SMS']);
    await refused(conversations.create({ createConversationRequestBody: { contact_id: contact.id } }), 400, 'app_id');
    await refused(conversations.create({ createConversationRequestBody: { app_id: idle.id } }), 400, 'contact_id');
    await refused(create(contact, { active_channel: 'PIGEON' }), 400, 'active_channel');
    await refused(create(contact, { metadata_json: 'text' }), 400, 'metadata_json');
    await refused(create(contact, { metadata_json: { a: 'x'.repeat(2048) } }), 400, 'metadata_json');
    await refused(create(contact, { correlation_id: 'x'.repeat(129) }), 400, 'correlation_id');
    await refused(create({ id: unknownID }), 404);
    await refused(create(contact, { app_id: unknownID }), 404);
    await refused(get(unknownID), 404);
  });

  await test('list filters by app, contact, channel and activity', async () => {
    const contact = await stage.contact(['SMS', 'WHATSAPP']);
    const other = await stage.idle();
    const a = await create(contact, { active: false });
    const b = await create(contact, { active_channel: 'WHATSAPP' });
    const c = await create(contact, { app_id: other.id });
    const list = async (query) => ids(await all(conversations.list(query)));
    assert.deepEqual(await list({ contact_id: contact.id }), [c.id, b.id, a.id]);
    assert.deepEqual(await list({ contact_id: contact.id, app_id: idle.id }), [b.id, a.id]);
    assert.deepEqual(await list({ app_id: other.id }), [c.id]);
    assert.deepEqual(await list({ contact_id: contact.id, only_active: true }), [c.id, b.id]);
    assert.deepEqual(await list({ contact_id: contact.id, only_active: false }), [c.id, b.id, a.id]);
    assert.deepEqual(await list({ contact_id: contact.id, active_channel: 'WHATSAPP' }), [b.id]);
    await refused(conversations.list({}), 400, 'app_id');
    await refused(conversations.list({ app_id: idle.id, active_channel: 'PIGEON' }), 400, 'active_channel');
  });

  await test('list goes through all pages, by itself and by hand', async () => {
    const other = await stage.idle();
    const made = [];
    for (let i = 0; i < 5; i++) made.unshift((await create(await stage.contact(['SMS']), { app_id: other.id })).id);
    assert.deepEqual(ids(await all(conversations.list({ app_id: other.id, page_size: 2 }))), made);
    const byHand = await pages(conversations.list({ app_id: other.id, page_size: 2 }));
    assert.deepEqual(byHand.map((page) => page.length), [2, 2, 1]);
    byHand.flat().forEach(dated);
  });

  await test('update with a mask changes the members that it names', async () => {
    const made = await create(await stage.contact(['SMS']), { metadata: 'm', correlation_id: 'c' });
    const updated = await update(made.id, { metadata: 'n', correlation_id: 'd', active_channel: 'WHATSAPP' }, { update_mask: ['metadata', 'active_channel'] });
    assert.deepEqual(updated, { ...made, metadata: 'n', active_channel: 'WHATSAPP' });
    assert.deepEqual(await get(made.id), updated);
    await refused(update(made.id, {}, { update_mask: ['mood'] }), 400, 'update_mask');
    await refused(update(unknownID, { metadata: 'x' }), 404);
  });

  await test('a conversation can be sent back as it came', async () => {
    const made = await create(await stage.contact(['SMS']), { metadata_json: { a: [1, 2] }, correlation_id: 'c' });
    assert.deepEqual(await update(made.id, made), made);
    assert.deepEqual(await get(made.id), made);
  });

  await test('metadata is replaced, or merged as RFC 7386 has it', async () => {
    const made = await create(await stage.contact(['SMS']), { metadata_json: { a: 1, b: { c: 2, d: 3 } } });
    const merged = await update(made.id, { metadata_json: { a: null, b: { c: 4 }, e: 'new' } }, { metadata_update_strategy: 'MERGE_PATCH' });
    assert.deepEqual(merged.metadata_json, { b: { c: 4, d: 3 }, e: 'new' });
    assert.deepEqual((await update(made.id, { metadata_json: { only: true } })).metadata_json, { only: true });
    await refused(update(made.id, { metadata_json: {} }, { metadata_update_strategy: 'SHUFFLE' }), 400, 'metadata_update_strategy');
  });

  const app = await stage.app({}, ['CONTACT_CREATE']);

  await test('stop ends a conversation, and the next message begins another', async () => {
    const contact = await stage.contact(['SMS']);
    const first = await messages.get({ message_id: await app.send(contact.id, 'one') });
    const again = await messages.get({ message_id: await app.send(contact.id, 'two') });
    assert.equal(again.conversation_id, first.conversation_id);
    assert.deepEqual(await conversations.stopActive({ conversation_id: first.conversation_id }), {});
    assert.equal((await get(first.conversation_id)).active, false);
    const next = await messages.get({ message_id: await app.send(contact.id, 'three') });
    assert.notEqual(next.conversation_id, first.conversation_id);
    assert.equal((await get(next.conversation_id)).active, true);
    await refused(conversations.stopActive({ conversation_id: unknownID }), 404);
  });

  await test('delete takes a conversation away, with its messages', async () => {
    const contact = await stage.contact(['SMS']);
    const id = await app.send(contact.id, 'soon gone');
    await app.report(id, 'DELIVERED');
    const { conversation_id } = await messages.get({ message_id: id });
    assert.deepEqual(await conversations.delete({ conversation_id }), {});
    await refused(get(conversation_id), 404);
    await refused(conversations.delete({ conversation_id }), 404);
    await eventually('a message without its conversation', () => messages.get({ message_id: id }).then(() => false, (err) => err.statusCode === 404));
  });

  await test('the channel and the time of a conversation are those of its last message', async () => {
    const number = stage.number();
    const id = await app.send([{ channel: 'SMS', identity: number }, { channel: 'WHATSAPP', identity: number }], 'over SMS');
    await app.report(id, 'DELIVERED');
    const { conversation_id, accept_time } = await messages.get({ message_id: id });
    const sent = dated(await get(conversation_id));
    assert.equal(sent.active_channel, 'SMS');
    assert.equal(sent.last_received.getTime(), accept_time.getTime());
    await app.inbound(number, 'over WhatsApp');
    const { message } = await app.callback('MESSAGE_INBOUND', { conversation_id });
    const answered = await get(conversation_id);
    assert.equal(answered.active_channel, 'WHATSAPP');
    assert.equal(answered.last_received.getTime(), new Date(message.accept_time).getTime());
  });

  await test('recent conversations come with their last message, the latest first', async () => {
    const other = await stage.idle();
    const contacts = [await stage.contact(['SMS']), await stage.contact(['SMS']), await stage.contact(['SMS'])];
    const made = [];
    for (const contact of contacts) made.push((await create(contact, { app_id: other.id })).id);
    const inject = (conversation_id, contact, text, minutes) => conversations.injectMessage({
      conversation_id, injectMessageRequestBody: {
        direction: 'TO_APP', contact_message: { text_message: { text } }, contact_id: contact.id, accept_time: ago(minutes),
        channel_identity: { channel: 'SMS', identity: contact.number },
      },
    });
    await inject(made[0], contacts[0], 'the newest', 10);
    await inject(made[1], contacts[1], 'the oldest', 30);
    await inject(made[2], contacts[2], 'between', 20);
    await conversations.stopActive({ conversation_id: made[2] });
    const recent = async (query) => (await all(conversations.listRecent({ app_id: other.id, ...query }))).map((one) => {
      dated(one);
      return [one.conversation.id, one.last_message.contact_message.text_message.text];
    });
    const latest = [[made[0], 'the newest'], [made[2], 'between'], [made[1], 'the oldest']];
    assert.deepEqual(await recent(), latest);
    assert.deepEqual(await recent({ page_size: 1 }), latest);
    assert.deepEqual(await recent({ order: 'ASC', page_size: 2 }), [...latest].reverse());
    assert.deepEqual(await recent({ only_active: true }), [latest[0], latest[2]]);
    await refused(conversations.listRecent({}), 400, 'app_id');
    await refused(conversations.listRecent({ app_id: other.id, order: 'SIDEWAYS' }), 400, 'order');
  });

  await test('an injected message is read like any other, and is not sent', async () => {
    const contact = await stage.contact(['SMS']);
    const { conversation_id } = await messages.get({ message_id: await app.send(contact.id, 'a real one') });
    const at = ago(90);
    const inject = (body) => conversations.injectMessage({
      conversation_id, injectMessageRequestBody: {
        contact_id: contact.id, accept_time: at, channel_identity: { channel: 'SMS', identity: `+${contact.number}` }, ...body,
      },
    });
    assert.deepEqual(await inject({ direction: 'TO_APP', contact_message: { text_message: { text: 'they wrote' } }, metadata: 'm', sender_id: '72323' }), {});
    assert.deepEqual(await inject({ direction: 'TO_CONTACT', app_message: { text_message: { text: 'we wrote' } } }), {});
    const [theirs] = await all(messages.list({ conversation_id, direction: 'TO_APP' }));
    assert.deepEqual(theirs, {
      id: theirs.id, direction: 'TO_APP', contact_message: { text_message: { text: 'they wrote' } }, accept_time: at, conversation_id, contact_id: contact.id,
      channel_identity: { channel: 'SMS', identity: contact.number, app_id: '' }, metadata: 'm', sender_id: '72323', injected: true,
      processing_mode: 'CONVERSATION',
    });
    const { message: told } = await app.callback('MESSAGE_INBOUND', { id: theirs.id });
    assert.deepEqual([told.injected, told.contact_message, new Date(told.accept_time).getTime()], [true, theirs.contact_message, at.getTime()]);
    const ours = (await all(messages.list({ conversation_id, direction: 'TO_CONTACT' }))).find((m) => m.injected);
    assert.equal(ours.app_message.text_message.text, 'we wrote');
    assert.equal(ours.accept_time.getTime(), at.getTime());
    const real = await app.send(contact.id, 'another real one');
    await app.report(real, 'DELIVERED');
    assert.deepEqual((await app.submitted('sms', contact.number, 2)).map((entry) => entry.text), ['a real one', 'another real one']);
    assert.deepEqual(app.statuses(ours.id), []);
  });

  await test('a wrong injection is refused with the member at fault', async () => {
    const contact = await stage.contact(['SMS']);
    const { id } = await create(contact);
    const inject = (body) => conversations.injectMessage({
      conversation_id: id, injectMessageRequestBody: {
        direction: 'TO_APP', contact_message: { text_message: { text: 'x' } }, contact_id: contact.id, accept_time: ago(1),
        channel_identity: { channel: 'SMS', identity: contact.number }, ...body,
      },
    });
    await refused(inject({ accept_time: ago(-60) }), 400, 'accept_time');
    await refused(inject({ accept_time: ago(31 * 24 * 60) }), 400, 'accept_time');
    await refused(inject({ direction: undefined }), 400, 'direction');
    await refused(inject({ channel_identity: undefined }), 400, 'channel_identity');
    await refused(inject({ contact_id: undefined }), 400, 'contact_id');
    await refused(conversations.injectMessage({ conversation_id: unknownID, injectMessageRequestBody: {
      direction: 'TO_APP', contact_message: { text_message: { text: 'x' } }, contact_id: contact.id, accept_time: ago(1),
      channel_identity: { channel: 'SMS', identity: contact.number },
    } }), 404);
    assert.deepEqual(await all(messages.list({ conversation_id: id })), []);
  });

  await test('an injected event is listed with the others', async () => {
    const contact = await stage.contact(['WHATSAPP']);
    const { id } = await create(contact, { active_channel: 'WHATSAPP' });
    const at = ago(5);
    const answer = dated(await conversations.injectEvent({
      conversation_id: id, injectConversationEventRequestBody: {
        app_event: { agent_joined_event: { agent: { display_name: 'Agneta', type: 'HUMAN', picture_url: 'https://example.com/a.png' } } }, accept_time: at,
        channel_identity: { channel: 'WHATSAPP', identity: contact.number },
      },
    }));
    assert.match(answer.event_id, ulid);
    const [event] = await all(events.list({ conversation_id: id }));
    assert.equal(event.id, answer.event_id);
    assert.equal(event.app_event.agent_joined_event.agent.display_name, 'Agneta');
    assert.equal(event.accept_time.getTime(), at.getTime());
    assert.deepEqual([event.contact_id, event.conversation_id, event.direction], [contact.id, id, 'TO_CONTACT']);
    await refused(conversations.injectEvent({ conversation_id: id, injectConversationEventRequestBody: { accept_time: at } }), 400, 'app_event');
    await refused(conversations.injectEvent({
      conversation_id: unknownID, injectConversationEventRequestBody: { app_event: { composing_event: {} }, accept_time: at },
    }), 404);
  });
};
