// Which methods of the SDK there are, found by reflection, and which of them a case has called.
'use strict';
const { AsyncLocalStorage } = require('node:async_hooks');
const { ConversationService, ConversationCallbackWebhooks } = require('@sinch/sdk-core');

const current = new AsyncLocalStorage(); // the set of methods that the running case has called
const driven = new Set(); // methods that a case has called that passed

// services gives the parts of the SDK by the names under which an application finds them.
function services() {
  return Object.entries(new ConversationService({ projectId: 'p', keyId: 'k', keySecret: 's' })).filter(([name]) => !name.startsWith('lazy'));
}

// holders are the objects whose own functions are the SDK's methods: prototypes with what they inherit, and a class with static ones.
function holders() {
  const list = [['ConversationService', ConversationService.prototype], ['ConversationCallbackWebhooks', ConversationCallbackWebhooks.prototype],
    ['static ConversationCallbackWebhooks', ConversationCallbackWebhooks]];
  for (const [, service] of services()) {
    for (let p = Object.getPrototypeOf(service); p !== Object.prototype; p = Object.getPrototypeOf(p)) {
      if (!list.some(([, holder]) => holder === p)) list.push([p.constructor.name, p]);
    }
  }
  return list;
}

// methods gives every method: its name, and where it is.
function methods() {
  return holders().flatMap(([label, holder]) => Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([name, property]) => name !== 'constructor' && typeof property.value === 'function')
    .map(([name]) => ({ label: `${label}.${name}`, holder, name })));
}

// record notes every call of a method. It changes nothing of what the method does.
function record() {
  for (const { label, holder, name } of methods()) {
    const original = holder[name];
    holder[name] = function recorded(...args) {
      current.getStore()?.add(label);
      return original.apply(this, args);
    };
  }
}

module.exports = { current, driven, methods, record, services };
