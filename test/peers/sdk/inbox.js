// An application's receiver of callbacks. It judges each with the SDK's ConversationCallbackWebhooks: by the raw text and by what a framework has parsed of it.
'use strict';
const assert = require('node:assert/strict');
const http = require('node:http');
const { ConversationCallbackWebhooks } = require('@sinch/sdk-core');
const { eventually, timed } = require('./expect');

class Inbox {
  constructor() {
    this.boxes = new Map(); // by path
    this.wrong = []; // what was wrong with callbacks and nobody has heard of yet
    this.server = http.createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => this.receive(request, Buffer.concat(chunks).toString('utf8'), response));
    });
  }

  async open() {
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  async close() {
    const closed = new Promise((resolve) => { this.server.close(resolve); });
    this.server.closeAllConnections();
    await closed;
    this.complain();
  }

  // complain fails if something was wrong, once.
  complain() {
    assert.deepEqual(this.wrong.splice(0), []);
  }

  // box makes a place for callbacks with a URL and a secret of its own. Its secret can be emptied, for callbacks without a signature.
  box(name) {
    const box = new Box(this, `/${name}`);
    this.boxes.set(box.path, box);
    return box;
  }

  receive(request, raw, response) {
    const box = this.boxes.get(request.url);
    try {
      assert.ok(box, `nobody waits at ${request.url}`);
      response.statusCode = box.receive(request, raw) ? 200 : 503;
      response.end();
    } catch (err) {
      this.wrong.push(`${err.message}: ${raw}`);
      response.end();
    }
  }
}

// about gives what a callback is about: the first member that is an object.
function about(event) {
  return Object.values(event).find((member) => typeof member === 'object');
}

class Box {
  constructor(inbox, path) {
    this.inbox = inbox;
    this.path = path;
    this.secret = `a secret of ${path} <&>`;
    this.callbacks = []; // parsed by the SDK
    this.requests = []; // {headers, raw} of each
    this.refusals = 0; // how many of the next ones are not taken
    this.refused = []; // {headers, raw} of those that were not
  }

  get url() {
    return this.inbox.url + this.path;
  }

  // refuse has the next callbacks answered with 503.
  refuse(count) {
    this.refusals = count;
  }

  // receive says whether the callback is taken.
  receive({ headers, method }, raw) {
    assert.equal(method, 'POST');
    assert.equal(headers['content-type'], 'application/json');
    if (this.secret) this.verify(headers, raw);
    else assert.equal(headers['x-sinch-webhook-signature'], undefined, 'a signature without a secret');
    const event = new ConversationCallbackWebhooks('').parseEvent(raw);
    assert.deepEqual(event, ConversationCallbackWebhooks.parseEvent(JSON.parse(raw)));
    timed(event);
    if (this.refusals > 0) {
      this.refusals -= 1;
      this.refused.push({ headers, raw });
      return false;
    }
    this.requests.push({ headers, raw });
    this.callbacks.push(event);
    return true;
  }

  verify(headers, raw) {
    const webhooks = new ConversationCallbackWebhooks(this.secret);
    assert.ok(webhooks.validateAuthenticationHeader(headers, raw), 'the signature does not fit the text');
    assert.ok(webhooks.validateAuthenticationHeader(headers, JSON.parse(raw)), 'the signature does not fit the parsed body');
    assert.ok(!webhooks.validateAuthenticationHeader(headers, `${raw} `), 'the signature fits another text');
    assert.ok(!new ConversationCallbackWebhooks('another').validateAuthenticationHeader(headers, raw), 'the signature fits another secret');
  }

  // callback waits for one with that trigger. What it is about has these members; a function judges the whole callback instead.
  async callback(trigger, wanted = {}) {
    const fits = typeof wanted === 'function' ? wanted
      : (event) => Object.entries(wanted).every(([name, value]) => about(event)[name] === value);
    return eventually(() => `a ${trigger} among ${this.callbacks.map((c) => c.trigger)}`, () => {
      this.inbox.complain();
      return this.callbacks.find((event) => event.trigger === trigger && fits(event));
    });
  }
}

module.exports = { Inbox };
