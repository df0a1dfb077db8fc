/** SDKs that only take a `fetch` pass through the same gateway: `gateway.fetch`. */
import { strictEqual } from 'node:assert';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';
import { createGateway } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider({ reply: { text: 'through the second door' } });
await using gateway = createGateway({ metadata: { service: 'search' } });
const settled: string[] = [];
gateway.on('settled', ({ outcome, attempts }) =>
  settled.push(`${outcome} after ${attempts.length}`),
);

const openai = createOpenAI({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  fetch: gateway.fetch,
});
provider.enqueue({ status: 500, headers: { 'retry-after-ms': '1' } });
const { text } = await generateText({
  model: openai.chat('gpt-5-mini'),
  prompt: 'Hi.',
  maxRetries: 0,
});

strictEqual(text, 'through the second door');
strictEqual(settled[0], 'success after 2');
console.log(text, settled);
