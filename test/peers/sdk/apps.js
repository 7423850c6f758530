'use strict';
const assert = require('node:assert/strict');
const { refused, ulid, unknownID } = require('./expect');

const sms = { channel: 'SMS', static_bearer: { claimed_identity: 'plan', token: 'a token' }, callback_secret: 'shh' };
const whatsapp = { channel: 'WHATSAPP', static_bearer: { claimed_identity: '100', token: 'another' } };

// credentials has one of each channel and of each form.
const credentials = [
  sms, whatsapp,
  { channel: 'RCS', static_bearer: { claimed_identity: 'agent', token: 't' } },
  { channel: 'VIBERBM', static_bearer: { claimed_identity: 'viber', token: 't' } },
  { channel: 'MESSENGER', static_token: { token: 't' } },
  { channel: 'MMS', mms_credentials: { account_id: 'a', api_key: 'k', basic_auth: { username: 'u', password: 'p' } } },
  { channel: 'KAKAOTALK', kakaotalk_credentials: { kakaotalk_plus_friend_id: '@f', kakaotalk_sender_key: 'k' } },
  { channel: 'KAKAOTALKCHAT', kakaotalkchat_credentials: { kakaotalk_plus_friend_id: '@f', api_key: 'k' } },
  { channel: 'TELEGRAM', telegram_credentials: { token: '1:t' } },
  { channel: 'LINE', line_credentials: { token: 't', secret: 's', is_default: true }, credential_ordinal_number: 0 },
  { channel: 'LINE', line_enterprise_credentials: { line_thailand: { token: 't', secret: 's' }, is_default: false }, credential_ordinal_number: 1 },
  { channel: 'WECHAT', wechat_credentials: { app_id: 'a', app_secret: 's', token: 't', aes_key: 'k' } },
  { channel: 'INSTAGRAM', instagram_credentials: { token: 't', business_account_id: 'b' } },
  { channel: 'APPLEBC', applebc_credentials: { business_chat_account_id: 'b', merchant_id: 'm' } },
];

// given leaves what the gateway adds to a credential out.
const given = ({ state, channel_known_id: _, ...credential }, like) => {
  assert.ok(['PENDING', 'ACTIVE', 'FAILING'].includes(state.status), `state is ${state.status}`);
  return Object.fromEntries(Object.entries(credential).filter(([name]) => name in like));
};

module.exports = async (stage, test) => {
  const { app: apps, webhooks } = stage.quiet;
  const create = (body) => apps.create({ appCreateRequestBody: { display_name: 'app', channel_credentials: [sms], ...body } });
  const update = (id, body, mask) => apps.update({ app_id: id, appUpdateRequestBody: body, ...(mask && { update_mask: mask }) });

  await test('create fills in what the contract has for members left out', async () => {
    const app = await create({ display_name: 'Åsa & sons <1>', channel_credentials: [whatsapp] });
    assert.match(app.id, ulid);
    assert.equal(app.display_name, 'Åsa & sons <1>');
    assert.equal(app.processing_mode, 'DISPATCH');
    assert.equal(app.conversation_metadata_report_view, 'NONE');
    assert.deepEqual(app.retention_policy, { retention_type: 'MESSAGE_EXPIRE_POLICY', ttl_days: 180 });
    assert.deepEqual(app.dispatch_retention_policy, { retention_type: 'MESSAGE_EXPIRE_POLICY', ttl_days: 0 });
    assert.deepEqual(app.callback_settings, { secret_for_overridden_callback_urls: '' });
    assert.deepEqual(app.delivery_report_based_fallback, { enabled: false, delivery_report_waiting_time: 0 });
    assert.deepEqual(app.message_retry_settings, { retry_duration: 3600 });
    assert.deepEqual(app.queue_stats, { outbound_size: 0, outbound_limit: 500_000 });
    assert.deepEqual([app.smart_conversation.enabled, app.persist_message_status.enabled, app.message_search.enabled], [false, false, false]);
    for (const name of ['inbound', 'outbound', 'webhooks']) assert.equal(typeof app.rate_limits[name], 'number');
    assert.equal(app.channel_credentials[0].state.status, 'PENDING');
  });

  await test('every form of credential comes back as it went, in its order', async () => {
    const { id } = await create({ channel_credentials: credentials });
    const app = await apps.get({ app_id: id });
    assert.deepEqual(app.channel_credentials.map((c, i) => given(c, credentials[i])), credentials);
  });

  await test('get gives what create gave', async () => {
    const settings = {
      display_name: 'with settings', processing_mode: 'CONVERSATION', conversation_metadata_report_view: 'FULL',
      retention_policy: { retention_type: 'CONVERSATION_EXPIRE_POLICY', ttl_days: 7 },
      dispatch_retention_policy: { retention_type: 'MESSAGE_EXPIRE_POLICY', ttl_days: 2 },
      callback_settings: { secret_for_overridden_callback_urls: 'over' }, smart_conversation: { enabled: true },
      delivery_report_based_fallback: { enabled: true, delivery_report_waiting_time: 60 }, message_retry_settings: { retry_duration: 120 },
    };
    const created = await create(settings);
    for (const [name, value] of Object.entries(settings)) assert.deepEqual(created[name], value, name);
    const got = await apps.get({ app_id: created.id });
    for (const app of [created, got]) app.channel_credentials.forEach((credential) => { delete credential.state; });
    assert.deepEqual(got, created);
  });

  await test('list gives every app of the project', async () => {
    const { id } = await create({ display_name: 'listed' });
    const { apps: list } = await apps.list({});
    assert.equal(list.find((app) => app.id === id).display_name, 'listed');
    assert.equal(list.length, 4, 'the apps of this file until here');
    assert.deepEqual((await apps.list()).apps.map((app) => app.id), list.map((app) => app.id));
  });

  await test('update with a mask changes the members that it names', async () => {
    const app = await create();
    const updated = await update(app.id, { display_name: 'after', processing_mode: 'CONVERSATION' }, ['display_name']);
    assert.equal(updated.display_name, 'after');
    assert.equal(updated.processing_mode, 'DISPATCH');
    assert.deepEqual((await apps.get({ app_id: app.id })).display_name, 'after');
  });

  await test('update without a mask changes the members of the body', async () => {
    const app = await create({ message_retry_settings: { retry_duration: 60 } });
    const updated = await update(app.id, { processing_mode: 'CONVERSATION' });
    assert.equal(updated.processing_mode, 'CONVERSATION');
    assert.equal(updated.display_name, 'app');
    assert.equal(updated.message_retry_settings.retry_duration, 60);
  });

  await test('update clears what the mask names and the body lacks', async () => {
    const app = await create({ callback_settings: { secret_for_overridden_callback_urls: 'gone' } });
    const updated = await update(app.id, { display_name: 'kept out' }, ['callback_settings']);
    assert.equal(updated.callback_settings.secret_for_overridden_callback_urls, '');
    assert.equal(updated.display_name, 'app');
  });

  await test('update replaces the list of credentials as a whole', async () => {
    const app = await create();
    assert.deepEqual((await update(app.id, { channel_credentials: [whatsapp, sms] })).channel_credentials.map((c) => c.channel), ['WHATSAPP', 'SMS']);
    assert.deepEqual((await update(app.id, { channel_credentials: [whatsapp] })).channel_credentials.map((c) => c.channel), ['WHATSAPP']);
  });

  await test('an app can be sent back as it came', async () => {
    const { id } = await create({ channel_credentials: [sms, whatsapp], callback_settings: { secret_for_overridden_callback_urls: 's' } });
    const app = await apps.get({ app_id: id });
    assert.deepEqual(await update(id, app), app);
    assert.deepEqual(await update(id, app, ['display_name', 'channel_credentials', 'processing_mode', 'retention_policy']), app);
    assert.deepEqual(await apps.get({ app_id: id }), app);
  });

  await test('a wrong app is refused with the member at fault', async () => {
    await refused(apps.create({ appCreateRequestBody: { channel_credentials: [sms] } }), 400, 'display_name');
    await refused(apps.create({ appCreateRequestBody: { display_name: 'x' } }), 400, 'channel_credentials');
    await refused(create({ processing_mode: 'SOMEHOW' }), 400, 'processing_mode');
    await refused(create({ retention_policy: { retention_type: 'MESSAGE_EXPIRE_POLICY', ttl_days: 3651 } }), 400, 'retention_policy.ttl_days');
    await refused(create({ dispatch_retention_policy: { retention_type: 'MESSAGE_EXPIRE_POLICY', ttl_days: 8 } }), 400, 'dispatch_retention_policy.ttl_days');
    await refused(create({ message_retry_settings: { retry_duration: 29 } }), 400, 'message_retry_settings.retry_duration');
    await refused(create({ channel_credentials: [{ ...sms, callback_secret: 'x'.repeat(257) }] }), 400, 'channel_credentials[0].callback_secret');
    await refused(create({ channel_credentials: [{ channel: 'PIGEON', static_token: { token: 't' } }] }), 400, 'channel_credentials[0].channel');
  });

  await test('a wrong update is refused, and changes nothing', async () => {
    const app = await create();
    await refused(update(app.id, { display_name: 'x' }, ['dispaly_name']), 400, 'update_mask');
    await refused(update(app.id, { display_name: '' }, ['display_name']), 400, 'display_name');
    assert.equal((await apps.get({ app_id: app.id })).display_name, 'app');
    await refused(update(unknownID, { display_name: 'x' }), 404);
  });

  await test('delete takes an app away, with its webhooks', async () => {
    const app = await create();
    const hook = await webhooks.create({ webhookCreateRequestBody: { app_id: app.id, target: 'http://127.0.0.1:9/x', triggers: ['MESSAGE_INBOUND'] } });
    assert.deepEqual(await apps.delete({ app_id: app.id }), {});
    await refused(apps.get({ app_id: app.id }), 404);
    await refused(webhooks.get({ webhook_id: hook.id }), 404);
    await refused(apps.delete({ app_id: app.id }), 404);
    assert.ok((await apps.list({})).apps.every((other) => other.id !== app.id));
  });
};
