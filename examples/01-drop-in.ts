/** The wrapped client is an `OpenAI`: JSON, streams, helpers, raw responses and pages, unchanged. */
import { strictEqual } from 'node:assert';
import { createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider({ reply: { text: 'Hello there.' } });
await using gatewayClient = disposable();
const { client } = gatewayClient;
const messages = [{ role: 'user' as const, content: 'Say hello.' }];

const { data, response, request_id } = await client.chat.completions
  .create({ model: 'gpt-5-mini', messages })
  .withResponse();
strictEqual(data.choices[0]?.message.content, 'Hello there.');
console.log(request_id, response.headers.get('x-zerohop-call-id'));

let text = '';
const stream = await client.chat.completions.create({
  model: 'gpt-5-mini',
  messages,
  stream: true,
});
for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
strictEqual(text, 'Hello there.');

const final = await client.responses.stream({ model: 'gpt-5-mini', input: 'Hi.' }).finalResponse();
strictEqual(final.output_text, 'Hello there.');

const ids: string[] = [];
for await (const model of client.models.list()) ids.push(model.id);
console.log(`${ids.length} models, all through one gateway`);

function disposable() {
  const client = createGatewayClient({ apiKey: 'sk-example', baseURL: provider.baseURL });
  return { client, [Symbol.asyncDispose]: () => client.gateway.close() };
}
