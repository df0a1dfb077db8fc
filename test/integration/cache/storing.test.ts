import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayOptions } from 'zerohop';
import { type FakeProvider, type Reply, startFakeProvider } from 'zerohop/testing';
import { ask, askStream, chat, setUp } from './support/bench.js';
import {
  allOf,
  type Clients,
  clientsOf,
  type ModelCall,
  modelCalls,
} from './support/operations.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({ reply: { text: 'one two three' } });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const { chat: chats, completions, embeddings, messages, responses } = modelCalls;

function cached(options: GatewayOptions = {}) {
  const bench = setUp(provider, options);
  return { ...bench, clients: clientsOf(provider, bench.gateway) };
}

type Mode = 'whole' | 'streamed';

/** Makes a call in a mode, whatever comes of it. */
async function make(call: ModelCall, mode: Mode, clients: Clients, more: object): Promise<unknown> {
  try {
    if (mode === 'whole') return await call.json(clients, more);
    return await allOf(call.stream?.(clients, more) ?? Promise.reject(new Error('no streams')));
  } catch (error) {
    return error;
  }
}

const modesOf = (call: ModelCall): readonly Mode[] =>
  call.stream ? ['whole', 'streamed'] : ['whole'];

/** An answer that is not stored. */
type Row = readonly [call: ModelCall, name: string, reply: Reply, more?: object, only?: Mode];

/** A response of OpenAI's with a given status. */
const response = (status: string, more: object = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 0,
  model: 'gpt-5-mini',
  status,
  output: [],
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  ...more,
});
const choice = (index: number, finish_reason: string | null, message: object = {}) => ({
  index,
  finish_reason,
  message: { role: 'assistant', content: 'one', refusal: null, ...message },
});
const completionOf = (...choices: readonly object[]) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-5-mini',
  choices,
});

const neverStored: readonly Row[] = [
  [chats, 'finish_reason length', { finishReason: 'length' }],
  [chats, 'finish_reason content_filter', { finishReason: 'content_filter' }],
  [chats, 'a finish_reason nobody knows', { finishReason: 'bored' }],
  [chats, 'no finish_reason', { json: completionOf(choice(0, null)) }, {}, 'whole'],
  [
    chats,
    'one choice of two that was cut short',
    { json: completionOf(choice(0, 'stop'), choice(1, 'length')) },
    { n: 2 },
    'whole',
  ],
  [chats, 'no choices', { json: completionOf() }, {}, 'whole'],
  [chats, 'a refusal', { refusal: 'I will not.' }],
  [chats, 'an error in a 200', { json: { error: { message: 'no', code: 'x' } } }, {}, 'whole'],
  [completions, 'finish_reason length', { finishReason: 'length' }],
  [messages, 'stop_reason max_tokens', { finishReason: 'max_tokens' }],
  [messages, 'stop_reason refusal', { refusal: 'I will not.' }],
  [messages, 'stop_reason pause_turn', { finishReason: 'pause_turn' }],
  [
    messages,
    'stop_reason model_context_window_exceeded',
    { finishReason: 'model_context_window_exceeded' },
  ],
  [responses, 'incomplete', { finishReason: 'length' }],
  [responses, 'a refusal', { refusal: 'I will not.' }],
  [responses, 'status failed', { json: response('failed') }, {}, 'whole'],
  [responses, 'status queued', { json: response('queued') }, {}, 'whole'],
  [responses, 'status in_progress', { json: response('in_progress') }, {}, 'whole'],
  [responses, 'status cancelled', { json: response('cancelled') }, {}, 'whole'],
  [
    embeddings,
    'no vectors',
    {
      json: { object: 'list', data: [], model: 'm', usage: { prompt_tokens: 1, total_tokens: 1 } },
    },
  ],
  ...[chats, completions, messages, responses].flatMap((call): Row[] => [
    ...[400, 401, 404, 429, 500, 503].map((status): Row => [call, `status ${status}`, { status }]),
    [call, 'a body that is no JSON', { body: '{"id":' }, {}, 'whole'],
    [call, 'HTML', { fault: 'html' }],
    [call, 'an empty body', { body: '' }],
    [call, 'a body that is cut short', { fault: 'short-body' }],
    [call, 'a connection that breaks', { fault: 'reset' }],
    [call, 'a stream that breaks', { fault: 'reset;after=3' }, {}, 'streamed'],
    [call, 'a stream that is closed', { fault: 'close;after=3' }, {}, 'streamed'],
    [call, 'a stream that ends early', { fault: 'end;after=3' }, {}, 'streamed'],
    [call, 'a stream without its end', { fault: 'no-terminal' }, {}, 'streamed'],
    [call, 'an error in a stream', { fault: 'error-event;after=2' }, {}, 'streamed'],
    [call, 'an event that is no JSON', { fault: 'malformed;after=2' }, {}, 'streamed'],
  ]),
];

describe('what is never stored', () => {
  const cases = neverStored.flatMap(([call, name, reply, more = {}, only]) =>
    modesOf(call)
      .filter((mode) => only === undefined || mode === only)
      .map((mode) => ({ name: `${call.name}, ${mode}: ${name}`, call, mode, reply, more })),
  );

  it.each(cases)('$name', async ({ call, mode, reply, more }) => {
    const { clients, gateway, settlements } = cached();
    provider.enqueue(reply);
    await make(call, mode, clients, more);
    await gateway.flush();
    const { stored } = gateway.cache.counters;

    const good = await make(call, mode, clients, more);
    const again = await make(call, mode, clients, more);

    expect(stored).toBe(0);
    expect(good).not.toBeInstanceOf(Error);
    expect(again).toEqual(good);
    expect(settlements.map(({ cache }) => cache?.status)).toEqual(['MISS', 'MISS', 'HIT']);
  });

  it.each<[string, Reply]>([
    ['finish_reason', { finishReason: 'length' }],
    ['refusal', { refusal: 'I will not.' }],
  ])('is told in the trail of the call: %s', async (reason, reply) => {
    const { client, settlements } = cached();
    provider.enqueue(reply);
    await ask(client);

    expect(settlements[0]?.decisions).toEqual([{ kind: 'cache-not-stored', detail: { reason } }]);
  });

  it('is told for a stream, too', async () => {
    const { client, settlements } = cached();
    provider.enqueue({ finishReason: 'length' });
    await askStream(client);

    expect(settlements[0]?.decisions).toEqual([
      { kind: 'cache-not-stored', detail: { reason: 'finish_reason' } },
    ]);
  });
});

describe('what the cache has no part in', () => {
  const rows: readonly (readonly [ModelCall, object])[] = [
    [chats, { store: true }],
    [responses, { store: true }],
    [responses, { previous_response_id: 'resp_1' }],
    [responses, { conversation: 'conv_1' }],
    [responses, { background: true }],
    [responses, { tools: [{ type: 'code_interpreter', container: 'cntr_1' }] }],
    [messages, { container: 'container_1' }],
  ];
  const cases = rows.flatMap(([call, more]) =>
    modesOf(call).map((mode) => ({ name: `${call.name}, ${mode}`, call, mode, more })),
  );

  it.each(cases)('$name: $more', async ({ call, mode, more }) => {
    const { clients, gateway, settlements } = cached();

    await make(call, mode, clients, more);
    await make(call, mode, clients, more);

    expect(settlements.map(({ cache }) => cache)).toEqual(
      Array.from({ length: 2 }, () => ({ status: 'BYPASS', reason: 'stateful' })),
    );
    expect(provider.requests).toHaveLength(2);
    expect(gateway.cache.counters.stored).toBe(0);
  });

  it.each<[string, ModelCall, object]>([
    ['store: false', chats, { store: false }],
    ['store: null', chats, { store: null }],
    ['store: false, of a response', responses, { store: false }],
    ['background: false', responses, { background: false }],
    [
      'a container of its own',
      responses,
      { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] },
    ],
    ['any temperature', chats, { temperature: 1.7 }],
  ])('is not %s', async (_name, call, more) => {
    const { clients, settlements } = cached();
    await make(call, 'whole', clients, more);
    await make(call, 'whole', clients, more);

    expect(settlements.map(({ cache }) => cache?.status)).toEqual(['MISS', 'HIT']);
  });
});

describe('what is stored of every kind of good ending', () => {
  const rows: readonly (readonly [ModelCall, Reply])[] = [
    [chats, { finishReason: 'stop' }],
    [chats, { toolCalls: [{ name: 'f' }] }],
    [completions, { finishReason: 'stop' }],
    [messages, { finishReason: 'end_turn' }],
    [messages, { finishReason: 'stop_sequence' }],
    [messages, { toolCalls: [{ name: 'f' }] }],
    [responses, {}],
    [responses, { toolCalls: [{ name: 'f' }] }],
  ];
  const cases = rows.flatMap(([call, reply]) =>
    modesOf(call).map((mode) => ({ name: `${call.name}, ${mode}`, call, mode, reply })),
  );

  it.each(cases)('$name: $reply', async ({ call, mode, reply }) => {
    const { clients, settlements } = cached();
    provider.enqueue(reply);
    await make(call, mode, clients, {});
    await make(call, mode, clients, {});

    expect(settlements.map(({ cache }) => cache?.status)).toEqual(['MISS', 'HIT']);
  });

  it('a stream whose server forgot only [DONE]', async () => {
    const { client } = cached();
    provider.enqueue({ fault: 'no-done' });
    await askStream(client);

    expect((await askStream(client)).cache).toBe('HIT');
  });

  it('an answer that came after failed attempts', async () => {
    const { gateway, settlements } = cached();
    const client = gateway.wrap(
      new OpenAI({ apiKey: 'sk-test', baseURL: provider.baseURL, maxRetries: 2 }),
    );
    provider.enqueue({ status: 503 }, { times: 2 });

    await ask(client);
    await ask(client);

    expect(settlements.map(({ cache, attempts }) => [cache?.status, attempts.length])).toEqual([
      ['MISS', 3],
      ['HIT', 0],
    ]);
  });
});

describe('a stream that its caller leaves', () => {
  const long = { text: 'x'.repeat(2_000), pacing: { chunkSize: 10 } };

  it.each<[string, (client: OpenAI) => Promise<unknown>]>([
    [
      'by break',
      async (client) => {
        for await (const _ of await client.chat.completions.create({ ...chat, stream: true }))
          break;
      },
    ],
    [
      'by a signal',
      async (client) => {
        const controller = new AbortController();
        const stream = await client.chat.completions.create(
          { ...chat, stream: true },
          { signal: controller.signal },
        );
        for await (const _ of stream) controller.abort();
      },
    ],
    [
      'by its controller, unread',
      async (client) => {
        const stream = await client.chat.completions.create({ ...chat, stream: true });
        stream.controller.abort();
      },
    ],
    [
      'by cancelling its body',
      async (client) => {
        const response = await client.chat.completions
          .create({ ...chat, stream: true })
          .asResponse();
        await response.body?.cancel();
      },
    ],
    [
      'by an error of its own',
      async (client) => {
        const read = async () => {
          for await (const _ of await client.chat.completions.create({ ...chat, stream: true })) {
            throw new Error('mine');
          }
        };
        await expect(read()).rejects.toThrow('mine');
      },
    ],
    [
      'through the helper',
      async (client) => {
        const stream = client.chat.completions.stream(chat);
        stream.on('content', () => stream.abort());
        await stream.done().catch(() => undefined);
      },
    ],
  ])('is not stored: %s', async (_name, leave) => {
    const { client, gateway, settlements } = cached();
    provider.enqueue(long);
    await leave(client);
    await gateway.flush();

    const again = await askStream(client);

    expect(again).toMatchObject({ cache: 'MISS', text: 'one two three' });
    expect(settlements[0]).toMatchObject({ outcome: 'aborted' });
  });
});

describe('maxEntryBytes', () => {
  const text = 'x'.repeat(5_000);
  const modes = [
    ['a JSON answer', ask],
    ['a stream', askStream],
  ] as const;

  it.each(modes)('%s above it is given whole, and not stored', async (_name, call) => {
    const { client, gateway } = cached({ cache: { maxEntryBytes: 4_000 } });
    provider.enqueue({ text });

    const first = await call(client);
    await gateway.flush();
    const again = await call(client);

    expect([first.cache, first.text === text]).toEqual(['MISS', true]);
    expect([again.cache, again.text]).toEqual(['MISS', 'one two three']);
  });

  it.each(modes)('%s below it is stored', async (_name, call) => {
    const { client } = cached({ cache: { maxEntryBytes: 20_000 } });
    provider.enqueue({ text });
    await call(client);

    expect(await call(client)).toMatchObject({ cache: 'HIT', text });
  });

  it.each(modes)('is 1 MiB unless something else is said: %s', async (_name, call) => {
    const { client, gateway } = cached();
    const reply = { text: 'x'.repeat(1_100_000), pacing: { chunkSize: 100_000 } };
    provider.enqueue(reply);

    await call(client);
    await gateway.flush();

    expect((await call(client)).cache).toBe('MISS');
    await gateway.flush();
    expect(gateway.cache.counters.stored).toBe(1);
  });
});
