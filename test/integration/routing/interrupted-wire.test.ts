import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway, partialOf } from 'zerohop';
import { createInMemoryFetch, type FakeEvent, type Reply } from 'zerohop/testing';
import {
  breaks,
  goingOnOf,
  messagesOf,
  PARTIAL,
  readingOf,
  readings,
  setUp,
  usePair,
  WHOLE,
} from './support/interrupting.js';

const pair = usePair();
const chat = readingOf('openai 7 create()');
const messages = readingOf('anthropic 1 create()');
const helper = readingOf('anthropic 1 stream()');
const chatHelper = readingOf('openai 7 stream()');

describe.each(readings)('text that is said again ($name)', (reading) => {
  it.each<[what: string, text: string]>([
    ['the end of what was said', 'two three four five six seven eight nine ten'],
    ['the last word', 'three four five six seven eight nine ten'],
    ['the whole answer', WHOLE],
    ['the whole answer, after a blank line', `\n\n${WHOLE}`],
  ])('is taken out: %s', async (_what, text) => {
    pair.first.enqueue(breaks(reading, 'reset'));
    pair.first.enqueue({ text, pacing: { chunkSize: 3 } });
    const { ask, settled } = setUp(reading, pair);

    expect((await ask()).text).toBe(WHOLE);
    expect(settled[0]).toMatchObject({ text: WHOLE, choices: [{ text: WHOLE }] });
  });

  it('does not double the white space at the seam', async () => {
    pair.first.enqueue({
      ...breaks(reading, 'reset', 1),
      text: 'one \ntwo',
      pacing: { chunkSize: 5 },
    });
    pair.first.enqueue({ text: '\ntwo' });

    expect((await setUp(reading, pair).ask()).text).toBe('one \ntwo');
  });

  it('is not, where it ends before it is what was said', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    pair.first.enqueue({ text: 'thr' });

    expect((await setUp(reading, pair).ask()).text).toBe(`${PARTIAL}thr`);
  });

  it('that ends within what was said is nothing new', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    pair.first.enqueue({ text: 'two three' });
    const { ask, settled } = setUp(reading, pair);

    expect((await ask()).text).toBe(PARTIAL);
    expect(settled[0]).toMatchObject({ outcome: 'success', text: PARTIAL });
  });

  it('and then goes another way is not put behind it', async () => {
    const long = Array.from({ length: 20 }, (_, index) => `word${index}`).join(' ');
    pair.first.enqueue({ ...breaks(reading, 'reset', 18), text: long });
    pair.first.enqueue({ text: `${long.slice(0, 80)} something else altogether` });
    const { fail, settled } = setUp(reading, pair);
    const error = await fail();

    const said = long.split(' ').slice(0, 18).join(' ');
    expect(error).toBeInstanceOf(reading.errors.APIError);
    expect(partialOf(error)?.text).toBe(said);
    expect(settled[0]).toMatchObject({ outcome: 'error', text: said });
    expect(goingOnOf(settled[0]).at(-1)).toEqual({ kind: 'not-continued', reason: 'started_over' });
    expect(settled[0]?.attempts[1]).toMatchObject({ failure: { kind: 'aborted' } });
  });
});

describe('what follows the text that was gone on with', () => {
  it('may be a tool call, in messages', async () => {
    pair.first.enqueue(breaks(helper, 'reset'));
    pair.first.enqueue({ text: ' four', toolCalls: [{ name: 'f', arguments: { a: 1 } }] });
    const tools = [{ name: 'f', input_schema: { type: 'object' as const } }];
    const { final } = await setUp(helper, pair).ask({ body: { tools } });

    expect(final).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'text', text: `${PARTIAL} four` },
        { type: 'tool_use', name: 'f', input: { a: 1 } },
      ],
    });
  });

  it('may be a tool call alone', async () => {
    pair.first.enqueue(breaks(helper, 'reset'));
    pair.first.enqueue({ text: '', toolCalls: [{ name: 'f', arguments: { a: 1 } }] });
    const tools = [{ name: 'f', input_schema: { type: 'object' as const } }];
    const { final, events } = await setUp(helper, pair).ask({ body: { tools } });

    expect(final).toMatchObject({
      content: [
        { type: 'text', text: PARTIAL },
        { type: 'tool_use', input: { a: 1 } },
      ],
    });
    const indices = events.flatMap(({ type, index }) =>
      type === 'content_block_stop' ? [index] : [],
    );
    expect(indices).toEqual([0, 1]);
  });

  it('may be a tool call, in chat', async () => {
    pair.first.enqueue(breaks(chatHelper, 'reset'));
    pair.first.enqueue({ text: ' four', toolCalls: [{ name: 'f', arguments: { a: 1 } }] });
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const { final } = await setUp(chatHelper, pair).ask({ body: { tools } });

    expect(final).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: { content: `${PARTIAL} four`, tool_calls: [{ function: { name: 'f' } }] },
        },
      ],
    });
  });

  it('has no reasoning of its own: there is none behind text', async () => {
    const thinking = { thinking: { type: 'enabled', budget_tokens: 1_024 }, max_tokens: 4_096 };
    const cut = (events: number): Reply => ({
      text: WHOLE,
      reasoning: 'let me think',
      fault: { kind: 'reset', after: { events } },
    });
    pair.first.enqueue(cut(12));
    const toolCalls = [{ name: 'f', arguments: { a: 1 } }];
    pair.first.enqueue({ text: ' and so on', reasoning: 'where was I', toolCalls });
    const tools = [{ name: 'f', input_schema: { type: 'object' } }];
    const { final } = await setUp(helper, pair).ask({ body: { ...thinking, tools } });
    pair.first.enqueue(cut(7));
    pair.first.enqueue({ text: ' and so on', reasoning: 'where was I' });
    const { ask, settled } = setUp(chat, pair);
    const { events } = await ask();

    expect(final).toMatchObject({
      content: [
        { type: 'thinking', thinking: 'let me think' },
        { type: 'text', text: expect.stringMatching(/^one .*three.* and so on$/) },
        { type: 'tool_use', input: { a: 1 } },
      ],
    });
    expect(JSON.stringify(events)).not.toContain('where');
    expect(settled[0]?.choices).toMatchObject([{ reasoning: 'let me think' }]);
  });

  it('is a block of its own where the text had been closed', async () => {
    pair.first.enqueue({ text: 'one two', fault: { kind: 'reset', after: { events: 6 } } });
    pair.first.enqueue({ text: ' three' });
    const { final } = await setUp(helper, pair).ask();

    expect(final).toMatchObject({ content: [{ text: 'one two' }, { text: ' three' }] });
  });

  it('has the usage of the last part, what came in included, and no block left open', async () => {
    const typed = (data: Record<string, unknown>): FakeEvent => ({
      event: String(data.type),
      data,
    });
    const message = { id: 'b', type: 'message', role: 'assistant', model: 'm', content: [] };
    pair.first.enqueue(breaks(helper, 'reset'));
    pair.first.enqueue({
      events: [
        typed({
          type: 'message_start',
          message: {
            ...message,
            usage: { input_tokens: 33, cache_read_input_tokens: 5, output_tokens: 1 },
          },
        }),
        typed({
          type: 'message_delta',
          delta: { stop_reason: 'end_turn', stop_sequence: null },
          usage: { output_tokens: 2 },
        }),
        typed({ type: 'message_stop' }),
      ],
    });
    const { final, events } = await setUp(helper, pair).ask();

    expect(final).toMatchObject({
      content: [{ text: PARTIAL }],
      usage: { input_tokens: 33, cache_read_input_tokens: 5, output_tokens: 2 },
    });
    expect(events.filter(({ type }) => type === 'content_block_stop')).toEqual([
      { type: 'content_block_stop', index: 0 },
    ]);
  });

  it('is no more than the end, where all was said', async () => {
    for (const reading of [chatHelper, helper]) {
      pair.first.enqueue(breaks(reading, 'reset', 10));
      pair.first.enqueue({ text: '' });
      const { text, final } = await setUp(reading, pair).ask();

      expect(text).toBe(WHOLE);
      expect(JSON.stringify(final)).toMatch(/"(?:end_turn|stop)"/);
    }
  });
});

const chunk = (delta: object, more: object = {}): FakeEvent => ({
  data: {
    id: 'b',
    created: 2,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  },
});
const finish: FakeEvent[] = [
  { data: { id: 'b', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } },
  '[DONE]',
];

describe('chunks as compatible servers send them', () => {
  it.each<[what: string, events: readonly FakeEvent[], text: string]>([
    [
      'content in parts',
      [
        chunk({
          content: [
            { type: 'thinking', thinking: [] },
            { type: 'text', text: ' four' },
          ],
        }),
        ...finish,
      ],
      `${PARTIAL} four`,
    ],
    [
      'a first chunk without choices',
      [
        { data: { id: '', model: '', choices: [], prompt_filter_results: [] } },
        chunk({ content: ' four' }),
        ...finish,
      ],
      `${PARTIAL} four`,
    ],
    [
      'the whole message so far beside each delta',
      [
        chunk(
          {},
          { choices: [{ index: 0, delta: { content: ' four' }, message: { content: ' four' } }] },
        ),
        ...finish,
      ],
      `${PARTIAL} four`,
    ],
    [
      'no finish reason, and text that is held back until the end',
      [chunk({ content: 'thr' }), '[DONE]'],
      `${PARTIAL}thr`,
    ],
  ])('are put together: %s', async (_what, events, text) => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ events });
    const seen = await setUp(chat, pair).ask();

    expect(seen.text).toBe(text);
    expect(new Set(seen.events.map(({ id }) => id)).size).toBe(1);
    expect(JSON.stringify(seen.events)).not.toContain('"message"');
  });

  it('are named by the first chunk that has a name', async () => {
    const cut = { kind: 'reset', after: { events: 3 } } as const;
    const azure = {
      data: { id: '', model: '', created: 0, choices: [], prompt_filter_results: [] },
    };
    const bare = { data: { choices: [{ index: 0, delta: { content: ' two' } }] } };
    pair.first.enqueue({
      events: [azure, chunk({ content: 'one' }, { id: 'a' }), bare],
      fault: cut,
    });
    pair.first.enqueue({ events: [chunk({ content: ' three' }, { id: 'other' }), ...finish] });
    const { events, text } = await setUp(chat, pair).ask();

    expect(text).toBe('one two three');
    expect(events.map(({ id }) => id)).toEqual(['', 'a', undefined, 'a', 'a']);
  });

  it('have no logprobs beside text that was cut', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ text: 'two three four', pacing: { chunkSize: 12 } });
    const seen = await setUp(chat, pair).ask({ body: { logprobs: true } });
    const tokens = seen.events.flatMap((event) => {
      const { choices } = event as unknown as OpenAI.ChatCompletionChunk;
      return choices[0]?.logprobs?.content?.map(({ token }) => token) ?? [];
    });

    expect(seen.text).toBe(`${PARTIAL} four`);
    expect(tokens).toEqual(['one', ' two', ' three', 'ur']);
  });
});

describe('a target that can be given the beginning of its answer', () => {
  it.each([
    ['claude-sonnet-4-5', true],
    ['claude-3-5-haiku-20241022', true],
    ['claude-opus-4-1-20250805', true],
    ['claude-sonnet-4-6', false],
    ['claude-opus-4-7', false],
    ['claude-haiku-5-5', false],
  ])('is: %s %s', async (model, isPrefilled) => {
    pair.first.enqueue({
      ...breaks(messages, 'reset', 1),
      text: 'one \ntwo',
      pacing: { chunkSize: 5 },
    });
    pair.first.enqueue({ text: '\ntwo' });
    const { text } = await setUp(messages, pair).ask({ body: { model } });
    const [, request] = pair.first.requests;
    const asked = request && messagesOf(request).slice(1);

    expect(text).toBe('one \ntwo');
    expect(asked?.[0]).toEqual({ role: 'assistant', content: isPrefilled ? 'one' : 'one \n' });
    expect(asked).toHaveLength(isPrefilled ? 1 : 2);
  });

  it('is not where it thinks', async () => {
    pair.first.enqueue(breaks(messages, 'reset'));
    const thinking = { type: 'enabled', budget_tokens: 1_024 };
    await setUp(messages, pair).ask({
      body: { model: 'claude-sonnet-4-5', thinking, max_tokens: 2_048 },
    });

    expect(pair.first.requests[1] && messagesOf(pair.first.requests[1]).at(-1)?.role).toBe('user');
  });

  it('has its caller’s own beginning before it', async () => {
    for (const content of ['zero ', [{ type: 'text', text: 'zero ' }]]) {
      pair.first.enqueue({
        ...breaks(messages, 'reset', 1),
        text: 'one two',
        pacing: { chunkSize: 4 },
      });
      pair.first.enqueue({ text: ' two' });
      const begun = [
        { role: 'user', content: 'count' },
        { role: 'assistant', content },
      ];
      const { text } = await setUp(messages, pair).ask({
        body: { model: 'claude-sonnet-4-5', messages: begun },
      });
      const request = pair.first.requests.at(-1);

      expect(text).toBe('one two');
      expect(JSON.stringify(request && messagesOf(request).slice(1))).toBe(
        JSON.stringify([
          {
            role: 'assistant',
            content:
              typeof content === 'string' ? 'zero one' : [{ type: 'text', text: 'zero one' }],
          },
        ]),
      );
    }
  });

  it('is Mistral, which says it once more', async () => {
    const fetch = createInMemoryFetch();
    fetch.enqueue({ ...breaks(chat, 'reset', 1), text: 'Il' });
    fetch.enqueue({ text: 'Il y a' });
    const client = new OpenAI({
      apiKey: 'k',
      baseURL: 'https://api.mistral.ai/v1',
      fetch,
      maxRetries: 0,
    });
    const gateway = createGateway({ onInterrupted: 'continue' });
    const stream = await gateway.wrap(client).chat.completions.create({
      model: 'mistral-large-latest',
      messages: [{ role: 'user', content: 'dis' }],
      stream: true,
    });
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';

    expect(text).toBe('Il y a');
    const [, request] = fetch.requests;
    expect(request && messagesOf(request)).toEqual([
      { role: 'user', content: 'dis' },
      { role: 'assistant', content: 'Il', prefix: true },
    ]);
  });
});

describe('the request that goes on', () => {
  it('is the first one again, where there is nothing to go on from', async () => {
    pair.first.enqueue({
      ...breaks(chat, 'reset', 1),
      text: '\n\none two',
      pacing: { chunkSize: 2 },
    });
    pair.first.enqueue({ text: 'one two' });
    const { text } = await setUp(chat, pair).ask();

    expect(text).toBe('\n\none two');
    expect(pair.first.requests[1]?.json).toEqual(pair.first.requests[0]?.json);
  });

  it('has an idempotency key of its own', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ status: 500 });
    await setUp(chat, pair, { client: { maxRetries: 1 } }).ask({
      options: { idempotencyKey: 'mine' },
    });
    const keys = pair.first.requests.map(({ headers }) => headers['idempotency-key']);

    expect(keys[0]).toBe('mine');
    expect(keys[1]).toMatch(/^zerohop-/);
    expect(keys[2]).toBe(keys[1]);
  });

  it('passes the attempt interceptors, which see what is sent', async () => {
    pair.first.enqueue(breaks(messages, 'reset'));
    const sent: unknown[] = [];
    await setUp(messages, pair, {
      attemptInterceptors: [
        (request, next) => {
          sent.push((request.body as { messages: { role: string }[] }).messages.at(-1)?.role);
          return next(request);
        },
      ],
    }).ask({ body: { model: 'claude-sonnet-4-5' } });

    expect(sent).toEqual(['user', 'assistant']);
  });

  it('is sent for who only has a fetch, too', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const { gateway } = setUp(chat, pair);
    const response = await gateway.fetch(`${pair.first.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'count' }],
      }),
    });
    const lines = (await response.text()).split('\n\n').filter((line) => line !== '');

    expect(lines.at(-1)).toBe('data: [DONE]');
    const text = lines.slice(0, -1).map((line) => {
      const { choices } = JSON.parse(line.slice('data: '.length)) as OpenAI.ChatCompletionChunk;
      return choices[0]?.delta.content ?? '';
    });
    expect(text.join('')).toBe(WHOLE);
  });
});
