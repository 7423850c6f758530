'use strict';
const assert = require('node:assert/strict');
const { refused, unknownID } = require('./expect');

module.exports = async (stage, test) => {
  const app = await stage.app({}, ['CAPABILITY']);
  const lookup = (body) => stage.conversation.capability.lookup({ lookupCapabilityRequestBody: { app_id: app.id, ...body } });
  const result = async (request_id, channel) => (await app.callback('CAPABILITY', { request_id, channel })).capability_notification;

  await test('the answer repeats the request, and names it', async () => {
    const contact = await stage.contact(['SMS']);
    const recipient = { contact_id: contact.id };
    assert.deepEqual(await lookup({ recipient, request_id: 'mine' }), { app_id: app.id, recipient, request_id: 'mine' });
    const answer = await lookup({ recipient });
    assert.deepEqual([answer.app_id, answer.recipient], [app.id, recipient]);
    assert.ok(answer.request_id.length > 0);
    assert.notEqual((await lookup({ recipient })).request_id, answer.request_id);
  });

  await test('a result comes for each channel of a contact', async () => {
    const contact = await stage.contact(['SMS', 'WHATSAPP']);
    await lookup({ recipient: { contact_id: contact.id }, request_id: 'of a contact' });
    for (const channel of ['SMS', 'WHATSAPP']) {
      const { capability_status: status, ...told } = await result('of a contact', channel);
      assert.deepEqual([told.contact_id, told.identity], [contact.id, contact.number]);
      assert.match(status, /^CAPABILITY_(FULL|UNKNOWN)$/, 'nobody knows better, so it is capable');
    }
  });

  await test('a result comes for identities that are no contact', async () => {
    const number = stage.number();
    const recipient = { identified_by: { channel_identities: [{ channel: 'SMS', identity: number }, { channel: 'WHATSAPP', identity: number }] } };
    const answer = await lookup({ recipient, request_id: 'of nobody' });
    assert.deepEqual(answer.recipient.identified_by.channel_identities.map((i) => [i.channel, i.identity]), [['SMS', number], ['WHATSAPP', number]]);
    for (const channel of ['SMS', 'WHATSAPP']) assert.equal((await result('of nobody', channel)).identity, number);
  });

  await test('a wrong lookup is refused with the member at fault', async () => {
    const recipient = { contact_id: (await stage.contact(['SMS'])).id };
    await refused(lookup({}), 400, 'recipient');
    await refused(lookup({ recipient, app_id: undefined }), 400, 'app_id');
    await refused(lookup({ recipient: {} }), 400, 'recipient');
    await refused(lookup({ recipient, app_id: unknownID }), 404);
    await refused(lookup({ recipient: { contact_id: unknownID } }), 404);
  });
};
