/** An OpenAI client on Claude: tools, a stream and a JSON schema through chat completions, and what got lost, before and after. */
import { deepStrictEqual, ok, partialDeepStrictEqual, strictEqual } from 'node:assert';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { createGateway, settlementOf, target } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';

// A stand-in for Anthropic. In earnest `route: 'anthropic/claude-sonnet-4-6'` is enough.
await using anthropic = await startFakeProvider();

const gateway = createGateway({
  route: target({
    name: 'claude',
    client: new Anthropic({ apiKey: 'sk-ant-example', baseURL: anthropic.url }),
    model: 'claude-sonnet-4-6',
    // Anthropic wants a bound of every answer; this one is for calls that have none.
    maxTokens: 2_048,
  }),
});
const lost: string[] = [];
gateway.on('settled', ({ decisions }) => {
  for (const { kind, detail } of decisions) {
    if (kind === 'request-shaped') lost.push(String(detail?.removed));
  }
});
// Its own key is never used: every call goes by the route.
const client = gateway.wrap(new OpenAI({ apiKey: 'sk-example' }));
const model = 'gpt-5-mini';

// What Claude cannot be told, asked beforehand: nothing is sent.
const question = {
  model,
  temperature: 0.2,
  seed: 7,
  messages: [{ role: 'user', content: 'How is the weather in Bonn?' }],
} satisfies OpenAI.ChatCompletionCreateParams;
const { first, targets } = await gateway.explain({ client, operation: 'chat', body: question });
strictEqual(first, 'claude');
deepStrictEqual(targets[0]?.removed, ['temperature', 'seed']);
strictEqual(anthropic.requests.length, 0);

// A whole tool loop of the OpenAI SDK: Claude calls, the SDK runs the function, Claude answers.
anthropic.enqueue({ toolCalls: [{ name: 'weather', arguments: { city: 'Bonn' } }] });
anthropic.enqueue({ text: 'It is sunny in Bonn.' });
const runner = client.chat.completions.runTools({
  model,
  messages: [{ role: 'system', content: 'Be brief.' }, ...question.messages],
  tools: [
    {
      type: 'function',
      function: {
        name: 'weather',
        description: 'The weather in a city.',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
        parse: JSON.parse,
        function: ({ city }: { city: string }) => `${city}: sunny`,
      },
    },
  ],
});
strictEqual(await runner.finalContent(), 'It is sunny in Bonn.');
partialDeepStrictEqual(anthropic.requests[1]?.json, {
  model: 'claude-sonnet-4-6',
  max_tokens: 2_048,
  system: 'Be brief.',
  messages: [
    { role: 'user', content: 'How is the weather in Bonn?' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', name: 'weather', input: { city: 'Bonn' } }],
    },
    { role: 'user', content: [{ type: 'tool_result', content: 'Bonn: sunny' }] },
  ],
});
deepStrictEqual(lost, []);

// A stream is one of chat completions: roles, deltas, a finish reason of OpenAI's, usage where it was asked for.
anthropic.enqueue({ text: 'One two three.', usage: { inputTokens: 12, outputTokens: 5 } });
const stream = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Count.' }],
  stream: true,
  stream_options: { include_usage: true },
});
let text = '';
let finishReason: string | null | undefined;
let totalTokens: number | undefined;
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta.content ?? '';
  finishReason = chunk.choices[0]?.finish_reason ?? finishReason;
  totalTokens = chunk.usage?.total_tokens ?? totalTokens;
}
deepStrictEqual([text, finishReason, totalTokens], ['One two three.', 'stop', 17]);
// The settlement has Anthropic's own words.
const { choices, usage } = await settlementOf(stream);
deepStrictEqual([choices[0]?.finishReason, usage?.inputTokens], ['end_turn', 12]);

// An answer held to a schema.
anthropic.enqueue({ text: '{"city":"Bonn","degrees":21}' });
const Weather = z.object({ city: z.string(), degrees: z.number() });
const answer = await client.chat.completions.parse({
  ...question,
  response_format: zodResponseFormat(Weather, 'weather'),
});
strictEqual(answer.choices[0]?.message.parsed?.degrees, 21);
const asked = Object(anthropic.requests.at(-1)?.json);
strictEqual(asked.output_config.format.type, 'json_schema');
ok(!('temperature' in asked));
// What explain() said is what became of it.
deepStrictEqual(lost, ['temperature seed']);
console.log({ text, parsed: answer.choices[0]?.message.parsed, lost });
await gateway.close();
