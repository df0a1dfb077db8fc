/** Holds slots of a shared limit, with calls that are never answered. Arguments: the options of the limit, and how many. */
import { createGatewayClient } from '../../../../../src/index.js';
import { createInMemoryFetch } from '../../../../../src/testing/index.js';

const [, , options = '{}', count = '0'] = process.argv;
let left = Number(count);
const fetch = createInMemoryFetch(() => {
  left -= 1;
  if (left === 0) process.send?.('holds');
  return new Promise(() => undefined);
});
const client = createGatewayClient({
  apiKey: 'sk-test',
  fetch,
  gateway: { rateLimit: JSON.parse(options) },
});
for (let call = 0; call < Number(count); call += 1) {
  void client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
}
