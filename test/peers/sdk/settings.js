// The settings of a project change what its contacts are, so all of this happens in the quiet one.
'use strict';
const assert = require('node:assert/strict');
const { all, refused } = require('./expect');

module.exports = async (stage, test) => {
  const { projectSettings: settings, contact: contacts, messages } = stage.quiet;
  const { projectId } = stage.settings.quiet;
  const unified = (enabled) => ({ contact_settings: { unified_contact_id_enabled: enabled } });
  const expected = (enabled) => ({ project_id: projectId, settings: unified(enabled) });
  const contact = (channel, identity) => contacts.create({ contactCreateRequestBody: { language: 'EN', channel_identities: [{ channel, identity }] } });
  const app = await stage.quiet.app.create({ appCreateRequestBody: {
    display_name: 'unified', processing_mode: 'CONVERSATION', channel_credentials: ['SMS', 'RCS', 'WHATSAPP'].map((channel) => ({
      channel, static_bearer: { claimed_identity: '1', token: 't' },
    })),
  } });
  const send = async (channel, identity) => {
    const { message_id } = await messages.send({ sendMessageRequestBody: {
      app_id: app.id, recipient: { identified_by: { channel_identities: [{ channel, identity }] } }, message: { text_message: { text: 'x' } },
    } });
    return (await messages.get({ message_id })).contact_id;
  };

  await test('a project has none of it at first', async () => {
    assert.deepEqual(await settings.get({}), expected(false));
    const number = stage.number();
    assert.notEqual(await send('SMS', number), await send('RCS', number));
  });

  await test('contacts can be unified only without conflicts', async () => {
    const conflicts = await all(contacts.listIdentityConflicts({}));
    assert.equal(conflicts.length, 1);
    await refused(settings.create({ createProjectSettingsRequestBody: unified(true) }), 400, undefined, 'FAILED_PRECONDITION');
    assert.deepEqual(await settings.get({}), expected(false));
    for (const id of conflicts[0].contact_ids.slice(1)) await contacts.delete({ contact_id: id });
    assert.deepEqual(await all(contacts.listIdentityConflicts({})), []);
  });

  await test('create unifies the contacts of a number over SMS, RCS and MMS', async () => {
    assert.deepEqual(await settings.create({ createProjectSettingsRequestBody: unified(true) }), expected(true));
    assert.deepEqual(await settings.get({}), expected(true));
    const number = stage.number();
    const id = await send('SMS', number);
    assert.equal(await send('RCS', number), id);
    assert.notEqual(await send('WHATSAPP', number), id);
  });

  await test('update changes it', async () => {
    assert.deepEqual(await settings.update({ updateProjectSettingsRequestBody: unified(false) }), expected(false));
    assert.deepEqual(await settings.get({}), expected(false));
    assert.deepEqual(await settings.update({ updateProjectSettingsRequestBody: unified(true) }), expected(true));
  });

  await test('delete takes it back', async () => {
    assert.deepEqual(await settings.delete({}), {});
    assert.deepEqual(await settings.get({}), expected(false));
    const number = stage.number();
    await contact('SMS', number);
    const [{ id }] = await all(contacts.list({ channel: 'SMS', identity: number }));
    assert.notEqual(await send('RCS', number), id);
  });

  await test('the other project has its own', async () => {
    assert.equal((await stage.conversation.projectSettings.get({})).project_id, stage.settings.project.projectId);
  });
};
