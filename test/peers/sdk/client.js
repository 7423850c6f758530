// How the SDK gets in: tokens, hosts, credentials, refusals.
'use strict';
const assert = require('node:assert/strict');
const { refused, unknownID } = require('./expect');
const { onWire } = require('./wire');

module.exports = async (stage, test) => {
  const { project, quiet, gateway, expired } = stage.settings;
  const isCall = (request) => !request.path.endsWith('/oauth2/token');

  await test('one token serves many calls, and Basic only the token endpoint', () => onWire(stage, {}, async (conversation, wire) => {
    await conversation.app.list({});
    await Promise.all([conversation.app.list({}), conversation.contact.list({}), conversation.messages.list({})]);
    assert.deepEqual(wire.tokens.map((r) => [r.method, r.scheme, r.status]), [['POST', 'Basic', 200]]);
    assert.equal(wire.calls.length, 4);
    for (const call of wire.calls) assert.deepEqual([call.scheme, call.status], ['Bearer', 200]);
    assert.match(wire.calls[0].agent, /^sinch-sdk\//);
  }));

  await test('a token that has expired is renewed, and the call made once more', () => onWire(stage, {
    replace: (request, wire) => (isCall(request) && wire.calls.length === 1 ? `Bearer ${expired}` : undefined),
  }, async (conversation, wire) => {
    const { apps } = await conversation.app.list({});
    assert.ok(Array.isArray(apps));
    assert.deepEqual(wire.requests.map((r) => [isCall(r), r.status]), [[false, 200], [true, 401], [false, 200], [true, 200]]);
  }));

  await test('a call is made once more, and no further', () => onWire(stage, {
    replace: (request) => (isCall(request) ? `Bearer ${expired}` : undefined),
  }, async (conversation, wire) => {
    await refused(conversation.app.list({}), 401);
    assert.equal(wire.calls.length, 2);
  }));

  await test('a token that was never good is not renewed', () => onWire(stage, {
    replace: (request) => (isCall(request) ? `Bearer ${expired.slice(0, -4)}AAAA` : undefined),
  }, async (conversation, wire) => {
    await refused(conversation.app.list({}), 401);
    assert.equal(wire.calls.length, 1);
    assert.equal(wire.tokens.length, 1);
  }));

  await test('a wrong secret gets no token, in the words of OAuth 2.0', () => onWire(stage, {
    project: { ...project, keySecret: 'wrong' },
  }, async (conversation, wire) => {
    await assert.rejects(conversation.app.list({}), (err) => {
      assert.equal(err.statusCode, 401);
      const body = JSON.parse(err.data);
      assert.equal(body.error, 'invalid_client');
      assert.equal(typeof body.error_description, 'string');
      return true;
    });
    assert.deepEqual([wire.tokens.length, wire.calls.length], [1, 0]);
  }));

  await test("a key does not open another project's door", async () => {
    await refused(stage.client({ ...project, projectId: quiet.projectId }).app.list({}), 403);
    await refused(stage.client({ ...project, projectId: '3f2b8a8e-0000-4000-8000-0000000000ff' }).contact.list({}), 403);
  });

  await test("what belongs to another project is not there", async () => {
    const { id } = await stage.idle();
    await refused(stage.quiet.app.get({ app_id: id }), 404);
    assert.equal((await stage.conversation.app.get({ app_id: id })).id, id);
  });

  await test('a host with a slash at its end works', () => onWire(stage, { slash: '/' }, async (conversation, wire) => {
    assert.ok(Array.isArray((await conversation.app.list({})).apps));
    assert.ok(wire.requests.every((request) => request.path.startsWith('//')), 'the SDK has learned to leave the slash out');
    await refused(conversation.app.create({ appCreateRequestBody: {} }), 400, 'display_name'); // a POST is still one
  }));

  await test('parameters go as they are: a plus, a list, a date', () => onWire(stage, {}, async (conversation, wire) => {
    await conversation.contact.list({ channel: 'SMS', identity: '+46701234567' });
    await conversation.messages.list({ start_time: new Date(0), end_time: new Date('2026-01-02T03:04:05.678Z') });
    await refused(conversation.app.update({ app_id: unknownID, update_mask: ['display_name', 'processing_mode'], appUpdateRequestBody: {} }), 404);
    const [contacts, messages, update] = wire.calls.map((call) => call.path);
    assert.match(contacts, /identity=\+46701234567$/);
    assert.match(messages, /start_time=1970-01-01T00:00:00.000Z&end_time=2026-01-02T03:04:05.678Z$/);
    assert.match(update, /update_mask=display_name,processing_mode$/);
  }));

  await test('an error has a status, a body and its headers', async () => {
    await refused(stage.conversation.app.get({ app_id: unknownID }), 404);
    await refused(stage.conversation.app.get({ app_id: 'no-such/path/at-all' }), 404);
    await assert.rejects(stage.conversation.app.get({ app_id: unknownID }), (err) => {
      assert.match(err.responseHeaders['content-type'], /^application\/json/);
      assert.match(err.message, /GetApp/);
      return true;
    });
  });

  await test('what is too long is refused in JSON, too', async () => {
    const { id } = await stage.idle();
    const update = (size) => stage.conversation.app.update({ app_id: id, appUpdateRequestBody: { display_name: 'x'.repeat(size) } });
    assert.equal((await update(500_000)).display_name.length, 500_000);
    await refused(update(2_000_000), 413, undefined, 'REQUEST_TOO_LARGE');
  });

  await test('many calls at once all get their own answer', async () => {
    const numbers = Array.from({ length: 40 }, () => stage.number());
    const made = await Promise.all(numbers.map((identity) => stage.conversation.contact.create({
      contactCreateRequestBody: { language: 'EN', channel_identities: [{ channel: 'SMS', identity }] },
    })));
    assert.deepEqual(made.map((contact) => contact.channel_identities[0].identity), numbers);
    const got = await Promise.all(made.map(({ id }) => stage.conversation.contact.get({ contact_id: id })));
    assert.deepEqual(got, made);
  });

  await test('hosts, regions and credentials can be changed while it runs', async () => {
    const nowhere = { conversationHostname: 'http://127.0.0.1:9', conversationTemplatesHostname: 'http://127.0.0.1:9' };
    const conversation = stage.client({ ...project, keySecret: 'wrong' }, nowhere);
    conversation.setCredentials(project);
    conversation.setHostname(gateway);
    conversation.setTemplatesHostname(gateway);
    assert.ok(Array.isArray((await conversation.app.list({})).apps));
    conversation.setRegion('br'); // what has a host keeps it
    assert.ok(Array.isArray((await conversation.app.list({})).apps));
    conversation.setApiClientConfig({ ...quiet, conversationHostname: gateway, authHostname: gateway, conversationRegion: 'eu' });
    assert.ok((await conversation.app.list({})).apps.every((app) => app.display_name !== 'idle'), 'the client is still in the first project');
  });

  await test('a single part of the SDK can be set up on its own', async () => {
    const { app } = stage.client({ ...project, keySecret: 'wrong' }, { conversationHostname: 'http://127.0.0.1:9' });
    app.setCredentials(project);
    app.setHostname(gateway);
    app.setRegion('us');
    assert.ok(Array.isArray((await app.list({})).apps));
    assert.equal(app.getSinchClient().apiClientOptions.hostname, gateway);
  });
};
