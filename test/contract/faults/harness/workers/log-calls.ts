/**
 * Makes calls that are logged to a file. Argument: the file. A number asks for as many calls, and is answered
 * with their ids, one by one; `flush` with how many rows were dropped, once what can be written is.
 */
import { createGatewayClient } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';

const client = createGatewayClient({
  apiKey: 'none',
  baseURL: 'http://provider.test/v1',
  fetch: createInMemoryFetch({ text: 'hello world' }),
  gateway: { log: { file: process.argv[2] ?? '' } },
});

async function makeCalls(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const { response } = await client.chat.completions
      .create({ model: 'gpt-x', messages: [{ role: 'user', content: 'hi' }] })
      .withResponse();
    process.send?.(response.headers.get('x-zerohop-call-id'));
  }
}

process.on('message', (message) => {
  if (typeof message === 'number') void makeCalls(message);
  else void client.gateway.flush().then(() => process.send?.(client.gateway.droppedRows));
});
process.send?.('ready');
