'use strict';
const assert = require('node:assert/strict');
const { all, eventually, pages, refused, ulid, unknownID } = require('./expect');

const sms = (identity) => ({ channel: 'SMS', identity, app_id: '' });
const whatsapp = (identity) => ({ channel: 'WHATSAPP', identity, app_id: '' });
const ids = (list) => list.map((one) => one.id);

module.exports = async (stage, test) => {
  const { contact: contacts, conversation: conversations } = stage.conversation;
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
};
