import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type FakeProvider, startFakeProvider } from '../../../src/testing/index.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

describe.each([
  ['openai 7', OpenAI],
  ['openai 6', OpenAI6 as unknown as typeof OpenAI], // same surface for what is tested here
])('responses through %s', (_, Client) => {
  const client = () => new Client({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });

  it('answers a response with text and usage', async () => {
    const response = await client().responses.create({ model: 'm', input: 'hi there' });

    expect(response.output_text).toBe('echo: hi there');
    expect(response.status).toBe('completed');
    expect(response.usage).toEqual({
      input_tokens: 2,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 6,
    });
  });

  it('streams typed events, numbered without a gap, that end in the same response', async () => {
    provider.enqueue(
      { text: 'sure thing', reasoning: 'let me see', toolCalls: [{ name: 'f' }] },
      { times: 2 },
    );
    const whole = await client().responses.create({ model: 'm', input: 'x' });
    provider.reset();
    provider.enqueue({
      text: 'sure thing',
      reasoning: 'let me see',
      toolCalls: [{ name: 'f' }],
    });
    const events = await collect(
      await client().responses.create({ model: 'm', input: 'x', stream: true }),
    );

    expect(events.map((event) => event.sequence_number)).toEqual(events.map((__, index) => index));
    expect([...new Set(events.map((event) => event.type))]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.completed',
    ]);
    expect(events.at(-1)).toMatchObject({ response: { id: whole.id, output: whole.output } });
  });

  it('satisfies the stream helper', async () => {
    const final = await client().responses.stream({ model: 'm', input: 'hi' }).finalResponse();

    expect(final.output_text).toBe('echo: hi');
  });

  it('ends incomplete when the tokens run out', async () => {
    provider.enqueue({ finishReason: 'length' }, { times: 2 });
    const response = await client().responses.create({ model: 'm', input: 'x' });
    const events = await collect(
      await client().responses.create({ model: 'm', input: 'x', stream: true }),
    );

    expect(response.incomplete_details).toEqual({ reason: 'max_output_tokens' });
    expect(events.at(-1)?.type).toBe('response.incomplete');
  });

  it('takes background work from queued through in progress to completed', async () => {
    provider.enqueue({ polls: 2 });
    const { responses } = client();
    const created = await responses.create({ model: 'm', input: 'x', background: true });
    const seen = [created.status];
    for (let poll = 0; poll < 3; poll += 1) {
      seen.push((await responses.retrieve(created.id)).status);
    }

    expect(seen).toEqual(['queued', 'in_progress', 'in_progress', 'completed']);
  });

  it('resumes a stream after a sequence number', async () => {
    const { responses } = client();
    const created = await responses.create({ model: 'm', input: 'x', background: true });
    const events = await collect(
      await responses.retrieve(created.id, { stream: true, starting_after: 3 }),
    );

    expect(events[0]?.sequence_number).toBe(4);
    expect(events.at(-1)?.type).toBe('response.completed');
  });

  it('cancels background work and only that', async () => {
    const { responses } = client();
    const background = await responses.create({ model: 'm', input: 'x', background: true });
    const direct = await responses.create({ model: 'm', input: 'x' });

    expect((await responses.cancel(background.id)).status).toBe('cancelled');
    await expect(responses.cancel(direct.id)).rejects.toMatchObject({ status: 400 });
  });

  it('lists input items, deletes, and then no longer knows the response', async () => {
    const { responses } = client();
    const { id } = await responses.create({ model: 'm', input: 'remember me' });
    const items = await collect(responses.inputItems.list(id));
    await responses.delete(id);

    expect(items).toMatchObject([{ content: [{ type: 'input_text', text: 'remember me' }] }]);
    await expect(responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  it('keeps nothing with store: false', async () => {
    const { responses } = client();
    const { id } = await responses.create({ model: 'm', input: 'x', store: false });

    await expect(responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });
});

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
