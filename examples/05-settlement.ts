/** What every call amounted to, streams included, with the application's metadata. */
import { deepStrictEqual, strictEqual } from 'node:assert';
import { perCall, type Settlement, settlementOf } from 'zerohop';
import { createAnthropicGatewayClient } from 'zerohop/anthropic';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider({ reply: { text: 'Hello.' } });
const client = createAnthropicGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.anthropicBaseURL,
  gateway: { metadata: { service: 'checkout' } },
});
const seen: Settlement[] = [];
client.gateway.on('settled', (settlement) => seen.push(settlement));

const body = {
  model: 'claude-sonnet-4-6',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Hi.' }],
};
await client.gateway.run({ metadata: { requestId: 'r1' } }, async () => {
  await client.messages.create(body, perCall({ metadata: { userId: 'u1' } }));
});
const stream = await client.messages.create({ ...body, stream: true });
for await (const _ of stream);

deepStrictEqual(seen[0]?.metadata, { service: 'checkout', requestId: 'r1', userId: 'u1' });
const { text, usage, choices, outcome } = await settlementOf(stream);
strictEqual(outcome, 'success');
strictEqual(text, 'Hello.');
strictEqual(choices[0]?.finishReason, 'end_turn');
console.log({ text, inputTokens: usage?.inputTokens, outputTokens: usage?.outputTokens });

await client.gateway.close();
