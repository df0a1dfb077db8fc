/** A stream that is cut is an error with what had arrived, never a clean end. */
import { ok, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { attemptsOf, createGatewayClient, partialOf } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider();
const client = createGatewayClient({ apiKey: 'sk-example', baseURL: provider.baseURL });

provider.enqueue({ text: 'one two three four', fault: [{ kind: 'end', after: { events: 3 } }] });
let text = '';
try {
  const stream = await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content: 'Count.' }],
    stream: true,
  });
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  throw new Error('a cut stream must not end cleanly');
} catch (error) {
  ok(error instanceof OpenAI.APIConnectionError, String(error));
  strictEqual(partialOf(error)?.text, text);
  strictEqual(attemptsOf(error).length, 1);
  console.log(`${error.name}: ${error.message}; had arrived: "${partialOf(error)?.text}"`);
}

// Before the first content nothing is lost: another attempt takes its place.
provider.enqueue({ text: 'lost', fault: [{ kind: 'reset', after: 'headers' }] });
provider.enqueue({ text: 'whole' });
const stream = client.chat.completions.stream({
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'Again.' }],
});
strictEqual(await stream.finalContent(), 'whole');

await client.gateway.close();
