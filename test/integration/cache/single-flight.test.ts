import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions, type LogRow, perCall } from 'zerohop';
import { handClock } from '../../support/quick-clock.js';
import {
  chatAnswer,
  gatedProvider,
  lastChunk,
  settle,
  textChunk,
  usageChunk,
} from './gated-provider.js';

const body = {
  model: 'gpt-5-mini',
  messages: [{ role: 'user' as const, content: 'hi' }],
};
const pricing = { models: { 'gpt-5-mini': { input: 1, output: 10 } } };
/** 3 × $1 and 2 × $10 a million. */
const COST = 0.000023;

function setUp(options: GatewayOptions = {}) {
  const provider = gatedProvider();
  const rows: LogRow[] = [];
  const gateway = createGateway({
    cache: true,
    pricing,
    log: (row) => rows.push(row),
    ...options,
  });
  const client = gateway.wrap(
    new OpenAI({ apiKey: 'k', fetch: provider.fetch, maxRetries: 0, baseURL: 'http://a.test/v1' }),
  );
  return { provider, rows, gateway, client };
}

type Client = ReturnType<typeof setUp>['client'];
type Chunks = AsyncIterable<OpenAI.ChatCompletionChunk>;

const askStream = (client: Client, signal?: AbortSignal) =>
  client.chat.completions.create({ ...body, stream: true }, signal ? { signal } : undefined);

const textOf = ({ choices }: OpenAI.ChatCompletionChunk) => choices[0]?.delta.content ?? '';

async function readText(stream: Chunks): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += textOf(chunk);
  return text;
}

const summary = (rows: readonly LogRow[]) =>
  rows.map(({ outcome, cacheStatus, cost, attempts }) => [
    outcome,
    cacheStatus,
    cost,
    attempts.length,
  ]);

describe('identical calls under way', () => {
  it('share one request, and each gets an answer of its own', async () => {
    const { provider, client, rows, gateway } = setUp();
    const calls = Array.from({ length: 5 }, () => client.chat.completions.create(body));
    (await provider.request(0)).json(chatAnswer('one'));

    const answers = await Promise.all(calls);
    for (const answer of answers) Object.assign(answer.choices[0] ?? {}, { message: 'changed' });
    const again = await client.chat.completions.create(body);
    await gateway.flush();

    expect(provider.requests).toHaveLength(1);
    expect(new Set(answers).size).toBe(5);
    expect(again.choices[0]?.message.content).toBe('one');
    expect(summary(rows)).toEqual([
      ['success', 'MISS', COST, 1],
      ...Array.from({ length: 4 }, () => ['success', 'COALESCED', 0, 0]),
      ['success', 'HIT', 0, 0],
    ]);
  });

  it('say what they saved', async () => {
    const { provider, client, rows } = setUp();
    const calls = Array.from({ length: 2 }, () => client.chat.completions.create(body));
    (await provider.request(0)).json(chatAnswer('one'));
    await Promise.all(calls);

    expect(rows[1]).toMatchObject({ savedInputTokens: 3, savedOutputTokens: 2, savedCost: COST });
    expect(rows[1]).toMatchObject({ usage: null, usageMissing: 'cached' });
  });

  it('share a failure, without asking again', async () => {
    const { provider, client, rows } = setUp();
    const calls = Array.from({ length: 3 }, () => client.chat.completions.create(body));
    (await provider.request(0)).json({ error: { message: 'no' } }, 500);

    const results = await Promise.allSettled(calls);

    expect(provider.requests).toHaveLength(1);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { status: 500 } });
    }
    expect(summary(rows).map(([outcome]) => outcome)).toEqual(['error', 'error', 'error']);
  });

  it('go each their own way where they are told to', async () => {
    const { provider, client } = setUp({ cache: { coalesce: false } });
    const calls = Array.from({ length: 2 }, () => client.chat.completions.create(body));
    for (const index of [0, 1]) (await provider.request(index)).json(chatAnswer(String(index)));

    await Promise.all(calls);

    expect(provider.requests).toHaveLength(2);
  });
});

describe('a caller who gives up on a shared answer', () => {
  it.each([
    ['the first', 0],
    ['another', 1],
  ])('takes nobody along: %s', async (_name, leaver) => {
    const { provider, client, rows } = setUp();
    const abort = new AbortController();
    const calls = [0, 1, 2].map((index) =>
      client.chat.completions.create(body, index === leaver ? { signal: abort.signal } : undefined),
    );
    const request = await provider.request(0);
    abort.abort();
    await expect(calls[leaver]).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(request.isCancelled).toBe(false);
    request.json(chatAnswer('one'));

    const others = await Promise.all(calls.filter((_call, index) => index !== leaver));

    expect(others.map(({ choices }) => choices[0]?.message.content)).toEqual(['one', 'one']);
    expect(provider.requests).toHaveLength(1);
    const costs = rows.map(({ cost }) => cost ?? 0);
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBe(COST);
    expect(rows.filter(({ usage }) => usage !== null)).toHaveLength(1);
  });

  it('ends the request where nobody is left, and nothing is stored', async () => {
    const { provider, client, rows, gateway } = setUp();
    const abort = new AbortController();
    const calls = [0, 1].map(() => client.chat.completions.create(body, { signal: abort.signal }));
    const request = await provider.request(0);
    abort.abort();

    for (const call of calls) await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await settle();

    expect(request.isCancelled).toBe(true);
    expect(gateway.cache.counters.stored).toBe(0);
    expect(rows.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  });
});

describe('a shared stream', () => {
  const whole = [textChunk('a'), textChunk('b'), lastChunk(), usageChunk, '[DONE]'];

  it('gives late joiners what was sent, then what comes', async () => {
    const { provider, client, rows } = setUp();
    const first = askStream(client);
    const request = await provider.request(0);
    request.open();
    const reader = (await first)[Symbol.asyncIterator]();
    request.send(textChunk('a'));
    expect((await reader.next()).value?.choices[0]?.delta.content).toBe('a');

    const second = readText(await askStream(client));
    request.send(textChunk('b'));
    expect((await reader.next()).value?.choices[0]?.delta.content).toBe('b');
    const third = readText(await askStream(client));
    request.send(...whole.slice(2));
    request.end();
    while (!(await reader.next()).done);

    expect(await Promise.all([second, third])).toEqual(['ab', 'ab']);
    expect(provider.requests).toHaveLength(1);
    expect(summary(rows).sort()).toEqual([
      ['success', 'COALESCED', 0, 0],
      ['success', 'COALESCED', 0, 0],
      ['success', 'MISS', COST, 1],
    ]);
  });

  it.each(['abort', 'break', 'controller.abort()'])(
    'goes on for the others when the first leaves by %s',
    async (how) => {
      const { provider, client, rows, gateway } = setUp();
      const abort = new AbortController();
      const calls = [0, 1, 2, 3, 4].map((index) =>
        askStream(client, index === 0 ? abort.signal : undefined),
      );
      const request = await provider.request(0);
      request.open();
      const [leader, ...others] = await Promise.all(calls);
      const texts = others.map(readText);
      request.send(textChunk('a'));
      for await (const _chunk of leader ?? []) {
        if (how === 'break') break;
        if (how === 'abort') abort.abort();
        else leader?.controller.abort();
      }
      await settle();
      expect(request.isCancelled).toBe(false);
      request.send(...whole.slice(1));
      request.end();

      expect(await Promise.all(texts)).toEqual(['ab', 'ab', 'ab', 'ab']);
      await gateway.flush();
      expect(gateway.cache.counters.stored).toBe(1);
      expect(rows[0]).toMatchObject({ outcome: 'aborted', cost: 0, usage: null });
      const billed = rows.filter(({ usage }) => usage !== null);
      expect(summary(billed)).toEqual([['success', 'COALESCED', COST, 1]]);
    },
  );

  it('is closed when the last reader leaves, and not stored', async () => {
    const { provider, client, gateway, rows } = setUp();
    const calls = [0, 1].map(() => askStream(client));
    const request = await provider.request(0);
    request.open();
    const streams = await Promise.all(calls);
    request.send(textChunk('a'));
    for (const stream of streams) for await (const _chunk of stream) break;
    await settle();

    expect(request.isCancelled).toBe(true);
    expect(gateway.cache.counters.stored).toBe(0);
    expect(rows.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  });

  it('that is cut fails for each of them, with what each had, and is not stored', async () => {
    const { provider, client, gateway, rows } = setUp();
    const calls = [0, 1].map(() => askStream(client));
    const request = await provider.request(0);
    request.open();
    const texts = (await Promise.all(calls)).map(readText);
    request.send(textChunk('a'));
    await settle();
    request.cut();

    const results = await Promise.allSettled(texts);

    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: expect.any(String) } });
      expect('reason' in result && result.reason).toBeInstanceOf(OpenAI.APIConnectionError);
    }
    expect(gateway.cache.counters.stored).toBe(0);
    expect(rows.map(({ outcome }) => outcome)).toEqual(['error', 'error']);
  });

  it('shows usage only to those who asked for it', async () => {
    const { provider, client } = setUp();
    const plain = askStream(client);
    const asking = client.chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const request = await provider.request(0);
    request.open();
    const streams = await Promise.all([plain, asking]);
    const seen = streams.map(async (stream) => {
      const usages: unknown[] = [];
      for await (const { usage } of stream) if (usage) usages.push(usage);
      return usages;
    });
    request.send(...whole);
    request.end();

    expect(await Promise.all(seen)).toEqual([[], [usageChunk.usage]]);
    expect(provider.requests).toHaveLength(1);
    expect(JSON.parse(request.body)).toMatchObject({ stream_options: { include_usage: true } });
  });

  it('takes nobody in any more once it is too large to keep, and lets go of what all have had', async () => {
    const { provider, client, gateway } = setUp({ cache: { maxEntryBytes: 4_000 } });
    const first = askStream(client);
    const request = await provider.request(0);
    request.open();
    const reader = (await first)[Symbol.asyncIterator]();
    for (let index = 0; index < 10; index += 1) {
      request.send(textChunk('x'.repeat(800)));
      await reader.next();
    }
    const second = askStream(client);
    const other = await provider.request(1);
    other.open();
    other.send(...whole);
    other.end();

    expect(await readText(await second)).toBe('ab');
    request.send(lastChunk(), '[DONE]');
    request.end();
    while (!(await reader.next()).done);
    await gateway.flush();
    expect(gateway.cache.counters.stored).toBe(1);
  });

  it('lets the fastest wait for the slowest once it is too large to keep', async () => {
    const { provider, client } = setUp({ cache: { maxEntryBytes: 1_000 } });
    const calls = [0, 1].map(() => askStream(client));
    const request = await provider.request(0);
    request.open();
    const [fast, slow] = (await Promise.all(calls)).map((stream) => stream[Symbol.asyncIterator]());
    let taken = 0;
    const reading = (async () => {
      while (!(await fast?.next())?.done) taken += 1;
    })();
    for (let index = 0; index < 20; index += 1) {
      request.send(textChunk('x'.repeat(200)));
      await settle();
    }
    const before = taken;
    expect(before).toBeLessThan(20);

    request.send(lastChunk(), '[DONE]');
    request.end();
    let slowTook = 0;
    while (!(await slow?.next())?.done) slowTook += 1;
    await reading;

    expect([taken, slowTook]).toEqual([21, 21]);
  });

  it('whose slow reader leaves is read on', async () => {
    const { provider, client } = setUp({ cache: { maxEntryBytes: 1_000 } });
    const calls = [0, 1].map(() => askStream(client));
    const request = await provider.request(0);
    request.open();
    const [fast, slow] = await Promise.all(calls);
    const text = readText(fast as Chunks);
    for (let index = 0; index < 20; index += 1) {
      request.send(textChunk('x'.repeat(200)));
      await settle();
    }
    slow?.controller.abort();
    for await (const _chunk of slow ?? []);
    request.send(lastChunk(), '[DONE]');
    request.end();

    expect((await text).length).toBe(4_000);
  });

  it('ends for a caller whose deadline has come, and for nobody else', async () => {
    const clock = handClock();
    const { provider, client, rows } = setUp({ clock });
    const hasty = client.chat.completions.create(
      { ...body, stream: true },
      perCall({ timeouts: { total: 1_000 } }),
    );
    const patient = askStream(client);
    const request = await provider.request(0);
    request.open();
    const [one, two] = await Promise.all([hasty, patient]);
    const texts = [readText(one), readText(two)];
    request.send(textChunk('a'));
    await settle();
    clock.advance(1_000);
    await expect(texts[0]).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    expect(request.isCancelled).toBe(false);
    request.send(...whole.slice(1));
    request.end();

    expect(await texts[1]).toBe('ab');
    expect(rows.map(({ outcome }) => outcome)).toEqual(['error', 'success']);
  });

  it('that nobody reads on leaves the others alone, however it was read', async () => {
    const { provider, client } = setUp();
    const calls = [0, 1, 2].map(() => askStream(client));
    const request = await provider.request(0);
    request.open();
    const [plain, teed, asStream] = await Promise.all(calls);
    const [left, right] = teed?.tee() ?? [];
    const bytes = new Response(asStream?.toReadableStream() as ReadableStream).text();
    const texts = [plain, left, right].map((stream) => readText(stream as Chunks));
    request.send(...whole);
    request.end();

    expect(await Promise.all(texts)).toEqual(['ab', 'ab', 'ab']);
    expect((await bytes).split('\n').filter(Boolean)).toHaveLength(3);
    expect(provider.requests).toHaveLength(1);
  });
});

describe('the spans of a shared request', () => {
  it('are one gateway span for each call, and one target span that outlives the call it belongs to', async () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const { provider, client } = setUp({ telemetry: { tracerProvider } });
    const abort = new AbortController();
    const calls = [0, 1, 2].map((index) =>
      askStream(client, index === 0 ? abort.signal : undefined),
    );
    const request = await provider.request(0);
    request.open();
    const [leader, ...others] = await Promise.all(calls);
    const texts = others.map(readText);
    request.send(textChunk('a'));
    for await (const _chunk of leader ?? []) abort.abort();
    await settle();
    const first = exporter.getFinishedSpans();
    expect(first.map(({ name }) => name)).toEqual(['gateway chat gpt-5-mini']);
    request.send(lastChunk(), usageChunk, '[DONE]');
    request.end();
    await Promise.all(texts);

    const spans = exporter.getFinishedSpans();
    const [target, ...more] = spans.filter(({ name }) => name === 'chat gpt-5-mini');
    const gateways = spans.filter(({ name }) => name === 'gateway chat gpt-5-mini');
    expect(more).toEqual([]);
    expect(target?.parentSpanContext?.spanId).toBe(first[0]?.spanContext().spanId);
    expect(target?.attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.cost.amount': COST,
    });
    expect(gateways.map(({ attributes }) => attributes['zerohop.cache.status'])).toEqual([
      'MISS',
      'COALESCED',
      'COALESCED',
    ]);
    expect(gateways.map(({ links }) => links.map(({ context }) => context.spanId))).toEqual([
      [],
      [target?.spanContext().spanId],
      [target?.spanContext().spanId],
    ]);
  });
});

describe('a gateway that is closed', () => {
  it('ends shared requests for all who wait', async () => {
    const clock = handClock();
    const { provider, client, gateway } = setUp({ clock });
    const calls = [0, 1].map(() => client.chat.completions.create(body));
    const request = await provider.request(0);
    const closed = gateway.close({ timeoutMs: 1_000 });
    clock.advance(1_000);

    const results = await Promise.allSettled(calls);
    await closed;
    await settle();

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(request.isCancelled).toBe(true);
  });
});
