// Parses every callback file named on the command line with the Node SDK's own
// parser and prints "<file> <trigger>" for each. The first argument is the
// folder of the SDK.
const { readFileSync } = require('node:fs');
const [sdk, ...files] = process.argv.slice(2);
const { ConversationCallbackWebhooks } = require(sdk);

const parser = new ConversationCallbackWebhooks('x');
for (const file of files) {
  const event = parser.parseEvent(JSON.parse(readFileSync(file, 'utf8')));
  console.log(`${file} ${event.trigger}`);
}
