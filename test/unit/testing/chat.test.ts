import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type FakeProvider, startFakeProvider } from '../../../src/testing/index.js';

const messages = [{ role: 'user' as const, content: 'hi there' }];
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
];

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

describe.each([
  ['openai 7', OpenAI],
  ['openai 6', OpenAI6 as unknown as typeof OpenAI], // same surface for what is tested here
])('chat completions through %s', (_, Client) => {
  const client = () => new Client({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });

  it('echoes the last user message with usage as the API reports it', async () => {
    const answer = await client().chat.completions.create({ model: 'gpt-5-mini', messages });

    expect(answer.choices[0]?.message.content).toBe('echo: hi there');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.model).toBe('gpt-5-mini');
    expect(answer.usage).toEqual({
      prompt_tokens: 2,
      completion_tokens: 4,
      total_tokens: 6,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: 0,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    });
  });

  it('gives the same answer again after a reset', async () => {
    const first = await client().chat.completions.create({ model: 'm', messages });
    provider.reset();
    const second = await client().chat.completions.create({ model: 'm', messages });

    expect(second).toEqual(first);
  });

  it('streams the same text and sends the usage chunk only when asked', async () => {
    const ask = { model: 'm', messages, stream: true as const };
    const plain = await collect(await client().chat.completions.create(ask));
    const counted = await collect(
      await client().chat.completions.create({ ...ask, stream_options: { include_usage: true } }),
    );

    expect(plain.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      'echo: hi there',
    );
    expect(plain.every((chunk) => !('usage' in chunk))).toBe(true);
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 6 } });
    expect(counted.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  it('satisfies the stream helper', async () => {
    const stream = client().chat.completions.stream({ model: 'm', messages });

    expect(await stream.finalContent()).toBe('echo: hi there');
  });

  it('answers n choices, in JSON and in turn in a stream', async () => {
    const answer = await client().chat.completions.create({ model: 'm', messages, n: 2 });
    const chunks = await collect(
      await client().chat.completions.create({ model: 'm', messages, n: 2, stream: true }),
    );

    expect(answer.choices.map((choice) => choice.message.content)).toEqual([
      'echo: hi there',
      'echo: hi there (2)',
    ]);
    expect(chunks.slice(0, 4).map((chunk) => chunk.choices[0]?.index)).toEqual([0, 1, 0, 1]);
  });

  it('makes parallel tool calls when the reply says so, in JSON and stream alike', async () => {
    const calls = [
      { name: 'weather', arguments: { city: 'Oslo' }, id: 'call_a' },
      { name: 'weather', arguments: { city: 'Rome' }, id: 'call_b' },
    ];
    provider.enqueue({ toolCalls: calls }, { times: 2 });

    const answer = await client().chat.completions.create({ model: 'm', messages, tools });
    const stream = client().chat.completions.stream({ model: 'm', messages, tools });
    const final = await stream.finalChatCompletion();

    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
    expect(answer.choices[0]?.message.content).toBeNull();
    expect(answer.choices[0]?.message.tool_calls).toHaveLength(2);
    expect(final.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_a', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      { id: 'call_b', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
    ]);
  });

  it('runs a whole tool loop with automatic tool calls', async () => {
    provider.enqueue({ toolCalls: 'auto' }, { times: 2 });
    const cities: string[] = [];
    const runner = client().chat.completions.runTools({
      model: 'm',
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'Tells the weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: JSON.parse,
            function: ({ city }: { city: string }) => {
              cities.push(city);
              return 'sunny';
            },
          },
        },
      ],
    });

    expect(await runner.finalContent()).toBe('echo: hi there');
    expect(cities).toEqual(['sample']);
  });

  it('fits a JSON schema when one is asked for', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, tags: { type: 'array', items: { enum: ['a'] } } },
    };
    const answer = await client().chat.completions.parse({
      model: 'm',
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
    });

    expect(answer.choices[0]?.message.parsed).toEqual({ name: 'sample', tags: ['a'] });
  });

  it('carries refusals, reasoning, log probabilities and scripted usage', async () => {
    provider.enqueue({ refusal: 'I will not.' });
    provider.enqueue({ text: 'a b', reasoning: 'think', usage: { cachedTokens: 3 } });
    const ask = { model: 'm', messages };
    const refused = await client().chat.completions.create(ask);
    const reasoned = await client().chat.completions.create({ ...ask, logprobs: true });

    expect(refused.choices[0]?.message).toMatchObject({ content: null, refusal: 'I will not.' });
    expect(reasoned.choices[0]?.message).toMatchObject({ reasoning_content: 'think' });
    expect(reasoned.choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(['a', ' b']);
    expect(reasoned.usage).toMatchObject({
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 2 },
    });
  });

  it('leaves the usage out when the reply says null', async () => {
    provider.enqueue({ usage: null });

    const answer = await client().chat.completions.create({ model: 'm', messages });

    expect('usage' in answer).toBe(false);
  });

  it('answers an error status in the API’s own shape', async () => {
    provider.enqueue({ status: 429, error: { message: 'slow down', code: 'rate_limit_exceeded' } });

    const failed = client().chat.completions.create({ model: 'm', messages });

    await expect(failed).rejects.toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'requests',
      requestID: 'req_fake000001',
    });
    await expect(failed).rejects.toBeInstanceOf(Client.RateLimitError);
  });

  it('refuses a request without messages', async () => {
    const body = { model: 'm' } as never; // wrong on purpose

    await expect(client().chat.completions.create(body)).rejects.toMatchObject({
      status: 400,
      param: 'messages',
    });
  });
});

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
