'use strict';
const assert = require('node:assert/strict');
const { all, dated, eventually, pages, recent, refused, unknownID } = require('./expect');

module.exports = async (stage, test) => {
  const { consents, contact: contacts } = stage.conversation;
  const { projectId } = stage.settings.project;
  const app = await stage.app();
  const list = (list_type, more) => consents.listIdentities({ app_id: app.id, list_type, ...more });
  const identities = async (list_type, more) => (await all(list(list_type, more))).map((one) => one.identity);
  const audit = (identity) => consents.listAuditRecords({ app_id: app.id, identity });
  const write = async (number, text) => {
    await app.order('/sms/_sim/inbound', { from: number, to: '72323', text });
    await app.inboundFrom(number, 'SMS');
  };
  const outcome = async (number, more) => {
    const id = await app.send([{ channel: 'SMS', identity: number }], 'news', more);
    const { message_delivery_report: report } = await app.callback('MESSAGE_DELIVERY', (c) => c.message_delivery_report.message_id === id
      && ['DELIVERED', 'FAILED'].includes(c.message_delivery_report.status));
    return report.reason?.code ?? report.status;
  };
  const stop = async (number, text = 'STOP') => {
    await write(number, text);
    await eventually('an opt-out', async () => (await audit(number)).audit_records.length > 0);
  };

  await test('lists are empty at first', async () => {
    for (const type of ['OPT_OUT_ALL', 'OPT_OUT_MARKETING', 'OPT_OUT_NOTIFICATION']) assert.deepEqual(await identities(type), []);
  });

  await test('STOP puts a person on the list, with a record of it', async () => {
    const number = stage.number();
    await app.send([{ channel: 'SMS', identity: number }], 'hello');
    await stop(number);
    assert.deepEqual(await identities('OPT_OUT_ALL'), [number]);
    const record = dated(await audit(number));
    assert.deepEqual(record.identity, { identity: number });
    assert.equal(record.audit_records.length, 1);
    const [{ datetime, ...first }] = record.audit_records;
    recent(datetime);
    assert.deepEqual(first, { operation: 'OPERATION_INSERT', origin: 'ORIGIN_MO', list_type: 'OPT_OUT_ALL', project_id: projectId, app_id: app.id });
    assert.deepEqual(await audit(`+${number}`), record, 'with a plus');
  });

  await test('who is on the list gets no message, until START', async () => {
    const number = stage.number();
    assert.equal(await outcome(number), 'DELIVERED');
    await stop(number, 'stop ');
    assert.equal(await outcome(number), 'RECIPIENT_NOT_OPTED_IN');
    assert.equal(await outcome(number, { message_content_type: 'CONTENT_MARKETING' }), 'RECIPIENT_NOT_OPTED_IN');
    await write(number, 'START');
    await eventually('an opt-in', async () => !(await identities('OPT_OUT_ALL')).includes(number));
    assert.equal(await outcome(number), 'DELIVERED');
    const { audit_records: records } = await audit(number);
    assert.deepEqual(records.map((r) => r.operation).sort(), ['OPERATION_DELETE', 'OPERATION_INSERT']);
    assert.equal((await app.submitted('sms', number, 2)).length, 2, 'a message went out to somebody who wants none');
  });

  await test('STOP after a message of some kind ends that kind only', async () => {
    for (const [content, type, other] of [
      ['CONTENT_MARKETING', 'OPT_OUT_MARKETING', 'CONTENT_NOTIFICATION'], ['CONTENT_NOTIFICATION', 'OPT_OUT_NOTIFICATION', 'CONTENT_MARKETING'],
    ]) {
      const number = stage.number();
      assert.equal(await outcome(number, { message_content_type: content }), 'DELIVERED');
      await stop(number);
      assert.ok((await identities(type)).includes(number));
      assert.ok(!(await identities('OPT_OUT_ALL')).includes(number));
      assert.equal(await outcome(number, { message_content_type: content }), 'RECIPIENT_NOT_OPTED_IN');
      assert.equal(await outcome(number, { message_content_type: other }), 'DELIVERED');
      assert.equal(await outcome(number), 'DELIVERED');
    }
  });

  await test('list goes through all pages', async () => {
    const numbers = [stage.number(), stage.number(), stage.number()];
    for (const number of numbers) await stop(number);
    const found = await identities('OPT_OUT_ALL', { page_size: 2 });
    assert.equal(new Set(found).size, found.length);
    for (const number of numbers) assert.ok(found.includes(number), `${number} is not listed`);
    assert.deepEqual(await identities('OPT_OUT_ALL', { page_size: 50 }), found);
    const byHand = await pages(list('OPT_OUT_ALL', { page_size: 1 }));
    assert.ok(byHand.every((page) => page.length === 1));
  });

  await test('a list belongs to one app', async () => {
    const number = stage.number();
    await stop(number);
    const other = await stage.idle();
    assert.deepEqual(await all(consents.listIdentities({ app_id: other.id, list_type: 'OPT_OUT_ALL' })), []);
    assert.equal((await contacts.list({ channel: 'SMS', identity: number })).data.length, 1);
  });

  await test('what does not exist is refused', async () => {
    await refused(list('OPT_OUT_SOME'), 400, 'list_type');
    await refused(consents.listIdentities({ app_id: unknownID, list_type: 'OPT_OUT_ALL' }), 404);
    await refused(consents.listAuditRecords({ app_id: unknownID, identity: '46700000000' }), 404);
  });
};
