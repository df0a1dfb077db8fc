import Anthropic from '@anthropic-ai/sdk';
import { SpanKind } from '@opentelemetry/api';
import OpenAI from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createGateway,
  fallback,
  type LogRow,
  perCall,
  primary,
  type Route,
  type Settlement,
  target,
} from 'zerohop';
import {
  chatAnswer,
  gatedProvider,
  lastChunk,
  settle,
  textChunk,
  usageChunk,
} from '../cache/gated-provider.js';
import { recordSpans } from '../telemetry/support/recording.js';
import {
  always,
  DELAY_MS,
  hedgeClock,
  inFlight,
  setUp,
  tried,
  useProviders,
} from './support/hedging.js';
import { wayOf, ways } from './support/ways.js';

const providers = useProviders();
const pricing = {
  models: { 'gpt-5-mini': { input: 1, output: 10 }, 'claude-sonnet-4-6': { input: 1, output: 10 } },
};
const MILLION = 1_000_000;

describe.each(ways)('the books of a hedged call: $name', (way) => {
  it('have one row, and a span for each target below one for the call', async () => {
    const { tracerProvider, spans, ends, allEnded } = recordSpans();
    providers.first.enqueue({ fault: 'hang' });
    providers.second.enqueue({ text: 'second', usage: { inputTokens: 300, outputTokens: 20 } });
    const { askSlowly, rows } = setUp(way, providers, { telemetry: { tracerProvider }, pricing });
    await askSlowly();
    await allEnded();
    const [root, ...more] = spans().filter((span) => span.parentSpanContext === undefined);
    const children = spans().filter((span) => span !== root);

    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ outcome: 'success', target: 'second', cost: 500 / MILLION });
    expect(more).toEqual([]);
    expect(root?.name).toMatch(/^gateway /);
    expect(ends()).toEqual([1, 1, 1]);
    expect(children.map(({ attributes }) => String(attributes['zerohop.target'])).sort()).toEqual([
      expect.stringContaining('127.0.0.1'),
      'second',
    ]);
    for (const { kind, parentSpanContext } of children) {
      expect(kind).toBe(SpanKind.CLIENT);
      expect(parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
    }
  });

  it('say what was decided', async () => {
    providers.first.enqueue({ fault: 'hang' });
    const { askSlowly, rows } = setUp(way, providers);
    await askSlowly();
    // Nothing more is decided by one that was given up.
    await settle();
    const first = expect.stringContaining('127.0.0.1');

    expect(rows[0]?.decisions).toEqual([
      { kind: 'target-chosen', detail: { target: first } },
      { kind: 'hedge', detail: { target: first, asked: true } },
      { kind: 'target-chosen', detail: { target: 'second' } },
      { kind: 'hedge-answered', detail: { target: 'second' } },
    ]);
  });
});

const messages = [{ role: 'user' as const, content: 'hi' }];
const chat = { model: 'gpt-5-mini', messages };
const claudeBody = { model: 'claude-sonnet-4-6', max_tokens: 64, messages };

interface GatedOptions {
  readonly hasLog?: boolean;
  readonly clock?: ReturnType<typeof hedgeClock>;
  /** Of the first. */
  readonly maxRetries?: number;
}

/** A hedge of the caller's own client by `second` and, should that fail, `third`. The test gives every byte. */
function gated({ hasLog = true, clock = hedgeClock(), maxRetries = 0 }: GatedOptions = {}) {
  const provider = gatedProvider();
  const rows: LogRow[] = [];
  const settled: Settlement[] = [];
  const { fetch } = provider;
  const to = (name: string) => {
    const client = new OpenAI({ apiKey: 'k', fetch, baseURL: `http://${name}.test/v1` });
    return target({ name, client, maxRetries: 0 });
  };
  const toClaude = (name: string) => {
    const client = new Anthropic({ apiKey: 'k', fetch, baseURL: `http://${name}.test` });
    return target({ name, client, maxRetries: 0 });
  };
  const gatewayOver = (second: Route) => {
    const gateway = createGateway({
      clock,
      pricing,
      streamUsage: 'always',
      ...(hasLog && { log: (row: LogRow) => void rows.push(row) }),
      route: always(primary, second),
    });
    gateway.on('settled', (settlement) => settled.push(settlement));
    return gateway;
  };
  const gateway = gatewayOver(fallback(to('second'), to('third')));
  const settings = { apiKey: 'k', fetch, maxRetries };
  const openai = gateway.wrap(new OpenAI({ ...settings, baseURL: 'http://own:1/v1' }));
  const claude = gatewayOver(toClaude('second')).wrap(
    new Anthropic({ ...settings, baseURL: 'http://own:1' }),
  );
  /** Lets the first be slow; the two requests. */
  const both = async () => {
    const first = await provider.request(0);
    clock.advance(DELAY_MS);
    return [first, await provider.request(1)] as const;
  };
  return { clock, provider, rows, settled, gateway, openai, claude, both };
}

const textOf = async (chunks: AsyncIterable<OpenAI.ChatCompletionChunk>) => {
  let text = '';
  for await (const { choices } of chunks) text += choices[0]?.delta.content ?? '';
  return text;
};
const tokensOf = (settled: readonly Settlement[]) =>
  settled[0]?.attempts.map(({ usage }) => usage?.inputTokens);

const roleChunk = textChunk('');
const claudeUsage = { input_tokens: 300, output_tokens: 1 };
const claudeStart = {
  type: 'message_start',
  message: {
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-6',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: claudeUsage,
  },
};
const claudeAnswer = [
  claudeStart,
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'second' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { ...claudeUsage, output_tokens: 20 },
  },
  { type: 'message_stop' },
];

// It is loaded when something first fails.
beforeAll(() => import('p-retry'));

describe.each([
  ['with a log', true],
  ['where nobody follows the call', false],
])('what a loser reported, %s', (_, hasLog) => {
  it('is counted where its stream names its input at its start', async () => {
    const { claude, both, settled } = gated({ hasLog });
    const asking = claude.messages.create({ ...claudeBody, stream: true });
    const [first, second] = await both();
    first.open();
    first.send(claudeStart);
    await settle();
    second.open();
    second.send(...claudeAnswer);
    second.end();
    for await (const event of await asking) expect(event.type).toBeTypeOf('string');

    expect(first.isCancelled).toBe(true);
    expect(tokensOf(settled)).toEqual([300, 300]);
    expect(settled[0]?.cost?.amount).toBeCloseTo((300 + 10 + 300 + 200) / MILLION, 12);
    expect(settled[0]?.usage).toMatchObject({ inputTokens: 300, outputTokens: 20 });
  });

  it('is counted where it had answered in full, at the same time as the other', async () => {
    const { openai, both, settled, gateway } = gated({ hasLog });
    const asking = openai.chat.completions.create(chat);
    const [first, second] = await both();
    second.json(chatAnswer('second'));
    first.json(chatAnswer('first'));
    await asking;
    await settle();

    // Which of them is heard first is nobody's business.
    expect(
      settled
        .flatMap(tried)
        .map((one) => one.split(': ')[1])
        .sort(),
    ).toEqual(['aborted hedge_lost', 'answered']);
    expect(tokensOf(settled)).toEqual([3, 3]);
    expect(settled[0]?.cost?.amount).toBeCloseTo((2 * (3 + 20)) / MILLION, 12);
    expect(inFlight(gateway)).toEqual([0, 0, 0]);
  });

  it('is not counted for an attempt that had said nothing yet in place of a broken one', async () => {
    const { claude, both, provider, settled } = gated({ hasLog, maxRetries: 1 });
    const asking = claude.messages.create({ ...claudeBody, stream: true });
    const [first, second] = await both();
    first.open();
    first.send(claudeStart);
    await settle();
    first.cut();
    await provider.request(2);
    await settle();
    second.open();
    second.send(...claudeAnswer);
    second.end();
    for await (const event of await asking) expect(event.type).toBeTypeOf('string');

    expect(tokensOf(settled)).toEqual([300, 300, undefined]);
    expect(settled.map(tried)).toEqual([
      ['first: connection', 'second: answered', 'first: aborted hedge_lost'],
    ]);
  });
});

describe('a loser', () => {
  it('has a stream of which nothing reaches the caller, also at the same time', async () => {
    const { openai, both, rows, gateway } = gated();
    const asking = openai.chat.completions.create({ ...chat, stream: true });
    const all = await both();
    for (const [index, request] of all.entries()) {
      request.open();
      request.send(
        roleChunk,
        textChunk(`${index}`),
        textChunk(`${index}`),
        lastChunk(),
        usageChunk,
      );
      request.send('[DONE]');
    }
    const text = await textOf(await asking);
    await settle();

    expect(text).toMatch(/^(00|11)$/);
    const loser = text === '00' ? 1 : 0;
    expect(all.map(({ isCancelled }) => isCancelled)[loser]).toBe(true);
    expect(rows[0]?.attempts[loser]?.failure?.code).toBe('hedge_lost');
    expect(rows[0]?.attempts[1 - loser]?.failure).toBeUndefined();
    expect(inFlight(gateway)).toEqual([0, 0, 0]);
  });

  it('keeps the failure of a stream that had broken, while another took its place', async () => {
    const { openai, both, provider, rows, gateway } = gated();
    const asking = openai.chat.completions.create({ ...chat, stream: true }).withResponse();
    const [first, second] = await both();
    second.open();
    second.send(roleChunk);
    await settle();
    second.cut();
    const third = await provider.request(2);
    first.open();
    first.send(textChunk('first'), lastChunk(), '[DONE]');
    first.end();
    const { data, response } = await asking;

    expect(await textOf(data)).toBe('first');
    expect(response.headers.get('x-zerohop-target')).toBe('own:1');
    expect(rows.map(tried)).toEqual([
      ['first: answered', 'second: connection', 'third: aborted hedge_lost'],
    ]);
    expect(third.isCancelled).toBe(true);
    expect(inFlight(gateway)).toEqual([0, 0, 0]);
  });

  it('keeps its own failure where it only waited to try again, and does not', async () => {
    const waits: (() => void)[] = [];
    const wait = () => new Promise<void>((resolve) => void waits.push(resolve));
    const clock = { ...hedgeClock(), delay: wait };
    const { openai, provider, rows, gateway } = gated({ clock, maxRetries: 2 });
    const asking = openai.chat.completions.create(chat);
    (await provider.request(0)).json({ error: { message: 'no' } }, 500);
    await settle();
    clock.advance(DELAY_MS);
    (await provider.request(1)).json(chatAnswer('second'));
    await asking;
    for (const go of waits) go();
    await settle();

    expect(waits).toHaveLength(1);
    expect(provider.requests).toHaveLength(2);
    expect(rows.map(tried)).toEqual([['first: status', 'second: answered']]);
    expect(inFlight(gateway)).toEqual([0, 0, 0]);
  });

  it('is not asked again beyond the cap of the call', async () => {
    const waits: (() => void)[] = [];
    const wait = () => new Promise<void>((resolve) => void waits.push(resolve));
    const clock = { ...hedgeClock(), delay: wait };
    const { openai, provider } = gated({ clock, maxRetries: 2 });
    const asking = openai.chat.completions.create(chat, perCall({ maxAttempts: 2 }));
    (await provider.request(0)).json({ error: { message: 'no' } }, 500);
    await settle();
    clock.advance(DELAY_MS);
    const second = await provider.request(1);
    for (const go of waits) go();
    await settle();
    second.json(chatAnswer('second'));
    await asking;

    expect(provider.requests).toHaveLength(2);
  });

  it('does not count against its target', async () => {
    providers.first.enqueue({ fault: 'hang' }, { times: 8 });
    const { askSlowly, gateway } = setUp(wayOf('JSON, chat, openai 7'), providers);
    for (let call = 0; call < 8; call += 1) await askSlowly();

    expect(gateway.targets.list()).toMatchObject([
      { state: 'closed', successRatio: 1, inFlight: 0 },
      { state: 'closed', successRatio: 1, inFlight: 0 },
    ]);
  });

  it('gives back the one try that an open breaker lets through', async () => {
    const { ask, askSlowly, clock, gateway } = setUp(wayOf('JSON, chat, openai 7'), providers);
    providers.first.enqueue({ status: 500 }, { times: 5 });
    for (let call = 0; call < 5; call += 1) await ask();
    const state = () => gateway.targets.list()[0]?.state;
    expect(state()).toBe('open');
    clock.advance(40_000);
    providers.first.enqueue({ fault: 'hang' });

    expect(await askSlowly()).toMatchObject({ text: 'second' });
    expect(state()).toBe('half_open');
    expect(await ask()).toMatchObject({ text: 'first' });
    expect(state()).toBe('closed');
  });
});
