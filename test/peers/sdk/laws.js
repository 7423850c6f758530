// What holds over all groups.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { driven, methods, services } = require('./driven');

// groups says which file drives which part of the SDK. The receiver of callbacks is a class of its own, not a part of the service.
const groups = {
  app: 'apps', capability: 'capability', consents: 'consents', contact: 'contacts', conversation: 'conversations', events: 'events', messages: 'messages',
  projectSettings: 'settings', templatesV1: 'templates-v1', templatesV2: 'templates-v2', transcoding: 'transcoding', webhooks: 'webhooks',
};

module.exports = async (_stage, test) => {
  await test('every part of the SDK has its group', () => {
    assert.deepEqual(services().map(([name]) => name).sort(), Object.keys(groups).sort());
    for (const group of [...Object.values(groups), 'callbacks']) assert.ok(fs.existsSync(path.join(__dirname, `${group}.js`)), `no group ${group}`);
  });
  await test('every method of the SDK is driven by a case that passes', () => {
    const all = methods().map(({ label }) => label);
    assert.ok(all.length > 80, `only ${all.length} methods found`);
    assert.deepEqual(all.filter((label) => !driven.has(label)), []);
  });
};
