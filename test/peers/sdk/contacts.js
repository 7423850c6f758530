'use strict';
const assert = require('node:assert/strict');
const { all, eventually, pages, refused, ulid, unknownID } = require('./expect');

const sms = (identity) => ({ channel: 'SMS', identity, app_id: '' });
const whatsapp = (identity) => ({ channel: 'WHATSAPP', identity, app_id: '' });
const ids = (list) => list.map((one) => one.id);

module.exports = async (stage, test) => {
  const { contact: contacts, conversation: conversations, messages } = stage.conversation;
  const create = (body) => contacts.create({ contactCreateRequestBody: { language: 'EN_US', channel_identities: [sms(stage.number())], ...body } });
  const update = (id, body, mask) => contacts.update({ contact_id: id, updateContactRequestBody: body, ...(mask && { update_mask: mask }) });

  await test('create fills in what the contract has for members left out', async () => {
    const number = stage.number();
    const contact = await contacts.create({ contactCreateRequestBody: { language: 'SV', channel_identities: [{ channel: 'SMS', identity: `+${number}` }] } });
    assert.match(contact.id, ulid);
    assert.deepEqual(contact, {
      id: contact.id, channel_identities: [sms(number)], channel_priority: ['SMS'], display_name: 'Unknown', email: '', external_id: '', metadata: '',
      language: 'SV',
    });
  });

  await test('get gives what create gave', async () => {
    const number = stage.number();
    const given = {
      channel_identities: [sms(number), whatsapp(number)], channel_priority: ['WHATSAPP', 'SMS'], display_name: '<b>Åsa</b> 😀', email: 'asa@example.org',
      external_id: `external ${number}`, metadata: '{"a":1}', language: 'ZH_TW',
    };
    const contact = await create(given);
    assert.deepEqual(contact, { id: contact.id, ...given });
    assert.deepEqual(await contacts.get({ contact_id: contact.id }), contact);
  });

  await test('list goes through all pages, by itself and by hand', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) {
      const contactCreateRequestBody = { language: 'EN', channel_identities: [sms(stage.number())], display_name: `${i}` };
      made.push(await stage.quiet.contact.create({ contactCreateRequestBody }));
    }
    const listed = await all(stage.quiet.contact.list({ page_size: 2 }));
    assert.deepEqual([...listed].sort((a, b) => a.display_name - b.display_name), made);
    const byHand = await pages(stage.quiet.contact.list({ page_size: 2 }));
    assert.deepEqual(byHand.map((page) => page.length), [2, 2, 1]);
    assert.deepEqual(byHand.flat(), listed);
    assert.deepEqual(await all(stage.quiet.contact.list()), listed);
    for (const { id } of made) await stage.quiet.contact.delete({ contact_id: id });
    assert.deepEqual(await all(stage.quiet.contact.list({})), []);
  });

  await test('a page is never larger than the contract has it', async () => {
    for (let i = 0; i < 21; i++) await create();
    const page = await contacts.list({ page_size: 1000 });
    assert.equal(page.data.length, 20);
    assert.equal(page.hasNextPage, true);
    assert.equal((await contacts.list({})).data.length, 10);
  });

  await test('list finds by external id, and by identity with a plus or without', async () => {
    const number = stage.number();
    const contact = await create({ channel_identities: [whatsapp(number)], external_id: `crm-${number}` });
    assert.deepEqual(await all(contacts.list({ external_id: `crm-${number}` })), [contact]);
    assert.deepEqual(await all(contacts.list({ channel: 'WHATSAPP', identity: number })), [contact]);
    assert.deepEqual(await all(contacts.list({ channel: 'WHATSAPP', identity: `+${number}` })), [contact]);
    assert.deepEqual(await all(contacts.list({ channel: 'SMS', identity: number })), []);
    assert.deepEqual(await all(contacts.list({ external_id: 'nobody' })), []);
    await refused(contacts.list({ channel: 'SMS' }), 400, 'identity');
    await refused(contacts.list({ identity: number }), 400, 'channel');
  });

  await test('update with a mask changes the members that it names', async () => {
    const contact = await create({ email: 'before@example.org', metadata: 'm' });
    const updated = await update(contact.id, { display_name: 'after', email: 'x@example.org', language: 'SV' }, ['display_name', 'metadata']);
    assert.deepEqual(updated, { ...contact, display_name: 'after', metadata: '' });
    assert.deepEqual(await contacts.get({ contact_id: contact.id }), updated);
  });

  await test('update without a mask changes the members of the body', async () => {
    const contact = await create({ email: 'kept@example.org' });
    assert.deepEqual(await update(contact.id, { language: 'FI' }), { ...contact, language: 'FI' });
  });

  await test('a contact can be sent back as it came', async () => {
    const contact = await create({ email: 'a@example.org', metadata: 'm', external_id: `back ${stage.number()}` });
    assert.deepEqual(await update(contact.id, contact), contact);
    assert.deepEqual(await contacts.get({ contact_id: contact.id }), contact);
  });

  await test('null is the same as left out', async () => {
    const contact = await create({ display_name: null, email: null, external_id: null, metadata: null, channel_priority: null });
    assert.deepEqual([contact.display_name, contact.email, contact.external_id, contact.metadata], ['Unknown', '', '', '']);
    assert.deepEqual(contact.channel_priority, ['SMS']);
  });

  await test('update replaces the identities, by which the contact is then found', async () => {
    const contact = await create();
    const [before] = contact.channel_identities;
    const after = stage.number();
    const updated = await update(contact.id, { channel_identities: [{ channel: 'SMS', identity: `+${after}` }, { channel: 'WHATSAPP', identity: after }] });
    assert.deepEqual(updated.channel_identities, [sms(after), whatsapp(after)]);
    assert.deepEqual(await all(contacts.list(before)), []);
    assert.deepEqual(ids(await all(contacts.list({ channel: 'WHATSAPP', identity: after }))), [contact.id]);
  });

  await test('a wrong contact is refused with the member at fault', async () => {
    await refused(contacts.create({ contactCreateRequestBody: { language: 'EN', channel_identities: [] } }), 400, 'channel_identities');
    await refused(contacts.create({ contactCreateRequestBody: { channel_identities: [sms('46700000000')] } }), 400, 'language');
    await refused(create({ language: 'KLINGON' }), 400, 'language');
    await refused(create({ metadata: 'x'.repeat(1025) }), 400, 'metadata');
    await refused(create({ channel_identities: [{ channel: 'SMS' }] }), 400, 'channel_identities[0].identity');
    await refused(create({ channel_identities: [{ channel: 'PIGEON', identity: 'p' }] }), 400, 'channel_identities[0].channel');
    const contact = await create();
    await refused(update(contact.id, {}, ['nickname']), 400, 'update_mask');
    await refused(update(unknownID, { display_name: 'x' }), 404);
    await refused(contacts.get({ contact_id: unknownID }), 404);
  });

  await test('delete takes a contact away, with its conversations', async () => {
    const app = await stage.idle();
    const contact = await create();
    const { id } = await conversations.create({ createConversationRequestBody: { app_id: app.id, contact_id: contact.id, active: true } });
    assert.deepEqual(await contacts.delete({ contact_id: contact.id }), {});
    await refused(contacts.get({ contact_id: contact.id }), 404);
    await refused(contacts.delete({ contact_id: contact.id }), 404);
    assert.deepEqual(await all(contacts.list(contact.channel_identities[0])), []);
    await eventually('a conversation without its contact', () => conversations.get({ conversation_id: id }).then(() => false, (err) => err.statusCode === 404));
  });

  const app = await stage.app({}, ['CONTACT_MERGE']);

  await test('merge moves what the destination lacks, and leaves what it has', async () => {
    const [a, b] = [stage.number(), stage.number()];
    const kept = await create({ channel_identities: [sms(a)], display_name: 'kept', metadata: 'm' });
    const gone = await create({
      channel_identities: [sms(b), whatsapp(b), { channel: 'TELEGRAM', identity: '42', app_id: app.id }], display_name: 'gone',
      email: 'gone@example.org', metadata: 'n', external_id: `ext-${b}`,
    });
    const merged = await contacts.mergeContact({ destination_id: kept.id, mergeContactRequestBody: { source_id: gone.id, strategy: 'MERGE' } });
    assert.equal(merged.id, kept.id);
    assert.deepEqual(merged.channel_identities.slice(0, 2), [sms(a), whatsapp(b)], 'an SMS identity was moved though there is one');
    assert.deepEqual(merged.channel_identities.map((i) => i.channel), ['SMS', 'WHATSAPP', 'TELEGRAM']);
    assert.deepEqual(merged.channel_priority, ['SMS', 'WHATSAPP', 'TELEGRAM'], 'what was moved comes last');
    assert.deepEqual([merged.display_name, merged.metadata, merged.email, merged.external_id], ['kept', 'm', 'gone@example.org', `ext-${b}`]);
    assert.deepEqual(await contacts.get({ contact_id: kept.id }), merged);
    await refused(contacts.get({ contact_id: gone.id }), 404);
    assert.deepEqual(ids(await all(contacts.list({ channel: 'WHATSAPP', identity: b }))), [kept.id]);
    assert.deepEqual(ids(await all(contacts.list({ external_id: `ext-${b}` }))), [kept.id]);
    const { contact_merge_notification: told } = await app.callback('CONTACT_MERGE', (c) => c.contact_merge_notification.preserved_contact.id === kept.id);
    assert.deepEqual(told.preserved_contact, merged);
    assert.deepEqual(told.deleted_contact, gone);
  });

  await test('merge brings conversations and their messages together', async () => {
    const [a, b] = [stage.number(), stage.number()];
    const kept = await create({ channel_identities: [sms(a)] });
    const gone = await create({ channel_identities: [whatsapp(b)] });
    const first = await app.send(kept.id, 'to the one');
    const second = await app.send(gone.id, 'to the other');
    for (const id of [first, second]) await app.report(id, 'DELIVERED');
    const mine = (await messages.get({ message_id: first })).conversation_id;
    await contacts.mergeContact({ destination_id: kept.id, mergeContactRequestBody: { source_id: gone.id } });
    const moved = await eventually('a moved message', async () => {
      const message = await messages.get({ message_id: second });
      return message.contact_id === kept.id && message;
    });
    assert.equal(moved.conversation_id, mine, 'the message is not in the active conversation of the destination');
    const listed = await all(messages.list({ contact_id: kept.id }));
    assert.deepEqual(ids(listed), [second, first]);
    const left = await all(conversations.list({ app_id: app.id, contact_id: kept.id }));
    assert.deepEqual(ids(left.filter((c) => c.active)), [mine]);
    assert.deepEqual(await all(conversations.list({ contact_id: gone.id })), []);
  });

  await test('a wrong merge is refused', async () => {
    const contact = await create();
    const merge = (destination_id, source_id, strategy) => contacts.mergeContact({ destination_id, mergeContactRequestBody: { source_id, strategy } });
    await refused(merge(contact.id, undefined), 400, 'source_id');
    await refused(merge(contact.id, contact.id), 400, 'source_id');
    await refused(merge(contact.id, unknownID, 'SPLIT'), 400, 'strategy');
    await refused(merge(unknownID, contact.id), 404);
    await refused(merge(contact.id, unknownID), 404);
    assert.equal((await contacts.get({ contact_id: contact.id })).id, contact.id);
  });

  await test('identity conflicts are the numbers that several contacts have', async () => {
    const [a, b] = [stage.number(), stage.number()];
    const on = (channel, identity) => create({ channel_identities: [{ channel, identity }] });
    const first = [await on('SMS', a), await on('RCS', a)];
    const second = [await on('SMS', b), await on('MMS', b), await on('SMS', b)];
    await on('WHATSAPP', a);
    const found = await all(contacts.listIdentityConflicts({ page_size: 1 }));
    const conflict = (number) => found.filter((c) => c.identity === number).map((c) => [c.identity, [...c.channels].sort(), [...c.contact_ids].sort()]);
    assert.deepEqual(conflict(a), [[a, ['RCS', 'SMS'], ids(first).sort()]]);
    assert.deepEqual(conflict(b), [[b, ['MMS', 'SMS'], ids(second).sort()]]);
    assert.deepEqual(await all(contacts.listIdentityConflicts({ page_size: 20 })), found);
    for (const { id } of [...first, ...second]) await contacts.delete({ contact_id: id });
  });

  await test('a profile is asked of the channels that have them', async () => {
    const profile = (channel, recipient) => contacts.getChannelProfile({ getChannelProfileRequestBody: { app_id: app.id, channel, recipient } });
    const recipient = { identified_by: { channel_identities: [{ channel: 'SMS', identity: '46700000000' }] } };
    await refused(profile('SMS', recipient), 400, 'channel');
    await refused(contacts.getChannelProfile({ getChannelProfileRequestBody: { channel: 'LINE', recipient } }), 400, 'app_id');
    await refused(contacts.getChannelProfile({ getChannelProfileRequestBody: { app_id: unknownID, channel: 'LINE', recipient } }), 404);
  });
};
