import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type FakeProvider, startFakeProvider } from '../../../src/testing/index.js';
import { exchange, hasEnd, post } from './raw-exchange.js';

const ask = {
  model: 'claude-sonnet-4-6',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'hi there' }],
};

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const client = () =>
  new Anthropic({ apiKey: 'test', baseURL: provider.anthropicBaseURL, maxRetries: 0 });

describe('messages', () => {
  it('answers a message with usage as the API reports it', async () => {
    const message = await client().messages.create(ask);

    expect(message.content).toEqual([{ type: 'text', text: 'echo: hi there' }]);
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage).toMatchObject({
      input_tokens: 2,
      output_tokens: 4,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
    });
  });

  it('streams the same message that it answers in JSON', async () => {
    const reply = {
      text: 'sure thing',
      reasoning: 'let me see',
      toolCalls: [{ name: 'a', arguments: { deep: [1, 'two'] } }, { name: 'b' }],
      usage: { cachedTokens: 7, cacheWriteTokens: 9 },
    };
    provider.enqueue(reply);
    const whole = await client().messages.create(ask);
    provider.reset();
    provider.enqueue(reply);
    const streamed = await client().messages.stream(ask).finalMessage();

    expect(streamed).toMatchObject(whole);
    expect(whole.stop_reason).toBe('tool_use');
    expect(whole.content.map((block) => block.type)).toEqual([
      'thinking',
      'text',
      'tool_use',
      'tool_use',
    ]);
  });

  it('frames a stream as the API does: event lines, start usage, ping, final usage', async () => {
    const request = post(
      '/v1/messages?beta=true',
      { ...ask, stream: true },
      { 'anthropic-version': '1' },
    );
    const { text } = await exchange(provider.port, request, hasEnd);
    const names = [...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]);

    expect(names).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(text).toContain('"output_tokens":1,');
    expect(text).toMatch(/"message_delta".*"output_tokens":4/);
    expect(text).toMatch(/ {2}\}\n\n/);
  });

  it('serves beta messages, token counts and models', async () => {
    const { beta, messages, models } = client();
    const message = await beta.messages.create(ask);
    const count = await messages.countTokens({ model: ask.model, messages: ask.messages });
    const listed = await collect(models.list({ limit: 2 }));

    expect(message.content).toEqual([{ type: 'text', text: 'echo: hi there' }]);
    expect(provider.requests[0]?.path).toBe('/v1/messages');
    expect(count.input_tokens).toBe(2);
    expect(listed.map(({ id }) => id)).toHaveLength(3);
    expect((await models.retrieve('claude-x')).type).toBe('model');
    await expect(models.retrieve('missing-x')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it('answers errors in the API’s own shape with its request id', async () => {
    provider.enqueue({ status: 529, error: { message: 'Overloaded' } });

    await expect(client().messages.create(ask)).rejects.toMatchObject({
      status: 529,
      requestID: 'req_fake000001',
      error: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    });
  });
});

describe('message batches', () => {
  it('runs a batch from creation to results', async () => {
    const { batches } = client().messages;
    const requests = [{ custom_id: 'one', params: ask }];
    const { id } = await batches.create({ requests });
    const pending = await batches.retrieve(id);
    const ended = await batches.retrieve(id);
    const results = await collect(await batches.results(id));

    expect([pending.processing_status, ended.processing_status]).toEqual(['in_progress', 'ended']);
    expect(results).toMatchObject([
      { custom_id: 'one', result: { type: 'succeeded', message: { stop_reason: 'end_turn' } } },
    ]);
  });

  it('lists batches page by page, cancels and deletes them', async () => {
    const { batches } = client().messages;
    for (let count = 0; count < 3; count += 1) await batches.create({ requests: [] });
    const listed = await collect(batches.list({ limit: 2 }));
    const id = listed[0]?.id ?? '';

    expect(listed).toHaveLength(3);
    expect((await batches.cancel(id)).processing_status).toBe('canceling');
    expect((await batches.delete(id)).type).toBe('message_batch_deleted');
  });
});

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
