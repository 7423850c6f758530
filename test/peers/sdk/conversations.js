'use strict';
const assert = require('node:assert/strict');
const { all, dated, eventually, pages, refused, ulid, unknownID } = require('./expect');

const ids = (list) => list.map((one) => one.id);

module.exports = async (stage, test) => {
  const { conversation: conversations, messages } = stage.conversation;
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
};
