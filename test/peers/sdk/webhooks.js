'use strict';
const assert = require('node:assert/strict');
const { refused, ulid, unknownID } = require('./expect');

module.exports = async (stage, test) => {
  const { webhooks } = stage.conversation;
  const app = await stage.idle();
  let targets = 0;
  const target = () => `https://example.com/hook/${++targets}`;
  const create = (body) => webhooks.create({
    webhookCreateRequestBody: { app_id: app.id, target: target(), target_type: 'HTTP', triggers: ['MESSAGE_DELIVERY'], ...body },
  });
  const update = (id, body, mask) => webhooks.update({ webhook_id: id, webhookUpdateRequestBody: body, ...(mask && { update_mask: mask }) });
  const remove = async (...list) => {
    for (const { id } of list) assert.deepEqual(await webhooks.delete({ webhook_id: id }), {});
  };

  await test('create gives the webhook back, its secret in clear', async () => {
    const hook = await create({ target: 'https://example.com/a?b=c&d', secret: 'shh', triggers: ['MESSAGE_INBOUND', 'CONTACT_MERGE'] });
    assert.match(hook.id, ulid);
    assert.deepEqual(hook, {
      id: hook.id, app_id: app.id, target: 'https://example.com/a?b=c&d', target_type: 'HTTP', triggers: ['MESSAGE_INBOUND', 'CONTACT_MERGE'], secret: 'shh',
      client_credentials: null,
    });
    assert.deepEqual(await webhooks.get({ webhook_id: hook.id }), hook);
    await remove(hook);
  });

  await test('a webhook is dismissed unless it says otherwise', async () => {
    const hook = await webhooks.create({ webhookCreateRequestBody: { app_id: app.id, target: target(), triggers: ['OPT_IN'] } });
    assert.equal(hook.target_type, 'DISMISS');
    await remove(hook);
  });

  await test('client credentials come back', async () => {
    const credentials = {
      client_id: 'me', client_secret: 'mine', endpoint: 'https://example.com/token', scope: 'a b', response_type: 'token', token_request_type: 'FORM',
    };
    const hook = await create({ client_credentials: credentials });
    assert.deepEqual((await webhooks.get({ webhook_id: hook.id })).client_credentials, credentials);
    assert.equal((await update(hook.id, {}, ['client_credentials'])).client_credentials, null);
    await remove(hook);
  });

  await test('list gives the webhooks of an app', async () => {
    const other = await stage.idle();
    const elsewhere = await webhooks.create({ webhookCreateRequestBody: { app_id: other.id, target: target(), triggers: ['OPT_IN'] } });
    const made = [await create(), await create()];
    assert.deepEqual((await webhooks.list({ app_id: app.id })).webhooks, made);
    assert.deepEqual((await webhooks.list({ app_id: other.id })).webhooks, [elsewhere]);
    await remove(...made);
    assert.deepEqual((await webhooks.list({ app_id: app.id })).webhooks, []);
    await refused(webhooks.list({ app_id: unknownID }), 404);
  });

  await test('every trigger of the contract can be asked for', async () => {
    const triggers = [
      'MESSAGE_INBOUND', 'MESSAGE_DELIVERY', 'MESSAGE_SUBMIT', 'EVENT_INBOUND', 'EVENT_DELIVERY', 'CONVERSATION_START', 'CONVERSATION_STOP',
      'CONVERSATION_DELETE', 'CONTACT_CREATE', 'CONTACT_DELETE', 'CONTACT_MERGE', 'CONTACT_UPDATE', 'CONTACT_IDENTITIES_DUPLICATION', 'CAPABILITY', 'OPT_IN',
      'OPT_OUT', 'CHANNEL_EVENT', 'UNSUPPORTED', 'SMART_CONVERSATION', 'MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION', 'RECORD_NOTIFICATION',
    ];
    const hook = await create({ triggers });
    assert.deepEqual(hook.triggers, triggers);
    await remove(hook);
  });

  await test('update with a mask changes the members that it names', async () => {
    const hook = await create({ secret: 'kept' });
    const moved = target();
    const updated = await update(hook.id, { target: moved, triggers: ['OPT_OUT'], secret: 'not taken', target_type: 'DISMISS' }, ['target', 'triggers']);
    assert.deepEqual(updated, { ...hook, target: moved, triggers: ['OPT_OUT'] });
    assert.deepEqual(await webhooks.get({ webhook_id: hook.id }), updated);
    await remove(hook);
  });

  await test('update without a mask changes the members of the body', async () => {
    const hook = await create({ secret: 'old' });
    assert.deepEqual(await update(hook.id, { secret: 'new' }), { ...hook, secret: 'new' });
    await remove(hook);
  });

  await test('a webhook can be sent back as it came', async () => {
    const hook = await create({ secret: 's', client_credentials: null });
    assert.deepEqual(await update(hook.id, hook), hook);
    assert.deepEqual(await webhooks.get({ webhook_id: hook.id }), hook);
    await remove(hook);
  });

  await test('a wrong webhook is refused with the member at fault', async () => {
    await refused(create({ target: '' }), 400, 'target');
    await refused(create({ target: 'ftp://example.com' }), 400, 'target');
    await refused(create({ target: `https://example.com/${'x'.repeat(723)}` }), 400, 'target');
    await refused(create({ target: 'https://conversation-api.prod1.sinch.com/x' }), 400, 'target');
    await refused(create({ triggers: ['UNSPECIFIED_TRIGGER'] }), 400, 'triggers[0]');
    await refused(create({ triggers: ['OPT_IN', 'OPT_IN'] }), 400, 'triggers[1]');
    await refused(create({ client_credentials: { client_id: 'me', client_secret: 'mine' } }), 400, 'client_credentials.endpoint');
    await refused(create({ app_id: unknownID }), 404);
    assert.deepEqual((await webhooks.list({ app_id: app.id })).webhooks, []);
  });

  await test('a target is used once in an app, and five webhooks are all', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) made.push(await create());
    await refused(create(), 400);
    await remove(made.pop());
    await refused(create({ target: made[0].target }), 400, 'target');
    await refused(update(made[1].id, { target: made[0].target }), 400, 'target');
    await remove(...made);
  });

  await test('delete takes a webhook away', async () => {
    const hook = await create();
    await remove(hook);
    await refused(webhooks.get({ webhook_id: hook.id }), 404);
    await refused(webhooks.delete({ webhook_id: hook.id }), 404);
    await refused(update(hook.id, { secret: 'x' }), 404);
  });
};
