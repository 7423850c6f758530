// A place on the way between a client and the gateway that notes what goes by, and can give requests another Authorization.
'use strict';
const http = require('node:http');

class Wire {
  // replace, if given, says which Authorization a request gets instead of its own.
  constructor(gateway, replace = () => undefined) {
    this.gateway = new URL(gateway);
    this.replace = replace;
    this.requests = []; // {method, path, scheme, agent, status}
    this.server = http.createServer((request, response) => this.pass(request, response));
  }

  async open() {
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async close() {
    const closed = new Promise((resolve) => { this.server.close(resolve); });
    this.server.closeAllConnections();
    await closed;
  }

  // calls gives the requests to the API.
  get calls() {
    return this.requests.filter((request) => !request.path.endsWith('/oauth2/token'));
  }

  // tokens gives the requests for a token.
  get tokens() {
    return this.requests.filter((request) => request.path.endsWith('/oauth2/token'));
  }

  pass(request, response) {
    const { method, url: path } = request;
    const headers = { ...request.headers };
    const note = { method, path, scheme: headers.authorization?.split(' ')[0], agent: headers['user-agent'] };
    this.requests.push(note);
    const other = this.replace(note);
    if (other) headers.authorization = other;
    const { hostname, port } = this.gateway;
    const onward = http.request({ hostname, port, method, path, headers }, (answer) => {
      note.status = answer.statusCode;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', (err) => response.destroy(err));
    request.pipe(onward);
  }
}

// onWire has a client of the SDK call through a Wire, and gives what went by.
async function onWire(stage, { project, replace, parameters = {}, slash = '' }, use) {
  const wire = await new Wire(stage.settings.gateway, replace && ((request) => replace(request, wire))).open();
  try {
    const host = wire.url + slash;
    const hosts = { conversationHostname: host, authHostname: host, conversationTemplatesHostname: host };
    await use(stage.client(project, { ...hosts, ...parameters }), wire);
  } finally {
    await wire.close();
  }
}

module.exports = { onWire };
