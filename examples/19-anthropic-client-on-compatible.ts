/** An Anthropic client on an OpenAI-compatible server: tools, a stream and a JSON schema through messages, and what got lost. */
import { deepStrictEqual, partialDeepStrictEqual, rejects, strictEqual } from 'node:assert';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import OpenAI from 'openai';
import { createGateway, target } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';

// A stand-in for a server of your own (vLLM, Ollama, …), which speaks chat completions.
await using server = await startFakeProvider();

const gateway = createGateway({
  route: target({
    name: 'inhouse',
    client: new OpenAI({ apiKey: 'none', baseURL: server.baseURL }),
    model: 'qwen3-32b',
  }),
});
const lost: string[] = [];
const finishReasons: unknown[] = [];
gateway.on('settled', ({ choices, decisions }) => {
  finishReasons.push(choices[0]?.finishReason);
  for (const { kind, detail } of decisions) {
    if (kind === 'request-shaped') lost.push(String(detail?.removed));
  }
});
// Its own key is never used: every call goes by the route.
const client = gateway.wrap(new Anthropic({ apiKey: 'sk-ant-example' }));
const question = {
  model: 'claude-sonnet-4-6',
  max_tokens: 2_048,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: 'How is the weather in Bonn?' }],
} satisfies Anthropic.MessageCreateParams;

// What the server cannot be told, asked beforehand: nothing is sent.
const { targets } = await gateway.explain({
  client,
  operation: 'messages',
  body: { ...question, thinking: { type: 'enabled', budget_tokens: 1_024 } },
});
deepStrictEqual(targets[0]?.removed, ['cache_control', 'reasoning']);
strictEqual(server.requests.length, 0);

// A whole tool loop of the Anthropic SDK. By itself it has Anthropic keep the conversation; nobody else can.
server.enqueue({
  reasoning: 'I have to look.',
  toolCalls: [{ name: 'weather', arguments: { city: 'Bonn' } }],
});
server.enqueue({ text: 'It is sunny in Bonn.' });
const runner = client.beta.messages.toolRunner({
  ...question,
  thread: false,
  tools: [
    betaTool({
      name: 'weather',
      description: 'The weather in a city.',
      inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
      run: ({ city }) => `${city}: sunny`,
    }),
  ],
});
const { content, stop_reason: stopReason } = await runner;
deepStrictEqual([content[0]?.type, stopReason], ['text', 'end_turn']);
partialDeepStrictEqual(server.requests[1]?.json, {
  model: 'qwen3-32b',
  max_tokens: 2_048,
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'How is the weather in Bonn?' },
    { role: 'assistant', tool_calls: [{ function: { name: 'weather' } }] },
    { role: 'tool', content: 'Bonn: sunny' },
  ],
});
// The server's reasoning was shown as thinking, and is not told again.
deepStrictEqual(lost, ['cache_control', 'cache_control reasoning_text']);
// Settlements have the server's own words.
deepStrictEqual(finishReasons, ['tool_calls', 'stop']);

// A stream is one of messages: blocks with their deltas, usage, a stop reason of Anthropic's.
server.enqueue({ text: 'One two three.', usage: { inputTokens: 12, outputTokens: 5 } });
const stream = client.messages.stream(question);
let text = '';
stream.on('text', (delta) => {
  text += delta;
});
const { stop_reason: reason, usage } = await stream.finalMessage();
deepStrictEqual(
  [text, reason, usage.input_tokens, usage.output_tokens],
  ['One two three.', 'end_turn', 12, 5],
);

// An answer held to a schema.
server.enqueue({ text: '{"city":"Bonn","degrees":21}' });
const Weather = z.object({ city: z.string(), degrees: z.number() });
const answer = await client.messages.parse({
  ...question,
  output_config: { format: zodOutputFormat(Weather) },
});
strictEqual(answer.parsed_output?.degrees, 21);
strictEqual(Object(server.requests.at(-1)?.json).response_format.type, 'json_schema');

// What only Anthropic can do is not asked of anybody else.
await rejects(
  client.messages.create({
    ...question,
    tools: [{ type: 'web_search_20250305', name: 'web_search' }],
  }),
  (error) => error instanceof Anthropic.InternalServerError,
);
strictEqual(server.requests.length, 4);
console.log({ text, parsed: answer.parsed_output, lost });
await gateway.close();
