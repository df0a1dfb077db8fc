import { describe, expect, it } from 'vitest';
import { hedge, mirror, partialOf, primary, target } from 'zerohop';
import { handClock } from '../../support/quick-clock.js';
import { recordSpans, see } from '../telemetry/support/recording.js';
import {
  breaks,
  goesOn,
  goingOnOf,
  PARTIAL,
  type Reading,
  readingOf,
  setUp,
  usePair,
  WHOLE,
} from './support/interrupting.js';

const pair = usePair();
const chat = readingOf('openai 7 create()');
const messages = readingOf('anthropic 1 create()');

/** A dollar a token. */
const dollar = { input: 1e6, output: 1e6 };
const pricing = { models: { 'gpt-5-mini': dollar, 'claude-sonnet-4-6': dollar } };

describe.each([chat, messages])('an answer of two parts ($name)', (reading: Reading) => {
  it('has each part’s usage in its attempt, and the cost of both', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    const { ask, settled, rows } = setUp(reading, pair, { pricing });
    await ask();

    // Anthropic tells what came in when it begins, OpenAI only when it ends.
    const broken = reading.dialect === 'messages' ? { inputTokens: 7, outputTokens: 1 } : undefined;
    expect(settled[0]?.attempts).toMatchObject([
      { failure: { kind: 'connection' }, ...(broken && { usage: broken }) },
      { usage: { inputTokens: 10, outputTokens: 4 } },
    ]);
    expect(settled[0]?.attempts.map(({ usage }) => usage === undefined)).toEqual([
      broken === undefined,
      false,
    ]);
    expect(settled[0]?.cost?.amount).toBe(14 + (broken ? 8 : 0));
    expect(settled[0]).toMatchObject({ usage: { inputTokens: 10, outputTokens: 4 } });
    expect(rows).toMatchObject([{ outcome: 'success', cost: settled[0]?.cost?.amount }]);
  });

  it('is settled once, as a success, with all of its text', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    const { ask, settled } = setUp(reading, pair);
    await ask();

    expect(settled).toHaveLength(1);
    expect(settled[0]).toMatchObject({
      outcome: 'success',
      failure: undefined,
      complete: true,
      continued: true,
      text: WHOLE,
      choices: [{ text: WHOLE, finishReason: reading.dialect === 'chat' ? 'stop' : 'end_turn' }],
      status: 200,
    });
    expect(goingOnOf(settled[0])).toEqual([
      { kind: 'continued', target: new URL(pair.first.url).host },
    ]);
  });

  it('is named as its first part, and each attempt as what answered it', async () => {
    pair.first.enqueue({ ...breaks(reading, 'reset'), model: 'the-first' });
    pair.first.enqueue(goesOn({ model: 'another' }));
    const { ask, settled } = setUp(reading, pair, { log: undefined, telemetry: false });
    const { events } = await ask();

    expect(settled[0]?.model).toBe('the-first');
    expect(JSON.stringify(events[0])).toContain(`"id":"${settled[0]?.id}"`);
    expect(settled[0]?.attempts[1]?.model).toBe('another');
  });

  it('is not stored, and the cache says why', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    const { ask, settled, gateway } = setUp(reading, pair, { cache: true });
    await ask();
    const again = await ask();

    expect(again.text).toBe(WHOLE);
    expect(pair.first.requests).toHaveLength(3);
    expect(settled[0]?.decisions).toContainEqual({
      kind: 'cache-not-stored',
      detail: { reason: 'continued' },
    });
    await ask();
    expect(pair.first.requests).toHaveLength(3);
    expect(settled.map(({ cache }) => cache?.status)).toEqual(['MISS', 'MISS', 'HIT']);
    await gateway.close();
  });

  it('counts against the target that it broke at', async () => {
    const { ask, gateway } = setUp(reading, pair, {
      two: true,
      breaker: { consecutive: 1 },
    });
    pair.first.enqueue(breaks(reading, 'reset'));
    const { text } = await ask();

    expect(text).toBe(WHOLE);
    expect(gateway.targets.list().map(({ state }) => state)).toEqual(['open', 'closed']);
    // It was left alone already when somebody was asked to go on.
    expect([pair.first.requests.length, pair.second.requests.length]).toEqual([1, 1]);
  });

  it('is shared by identical calls that are under way', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    const { ask, settled } = setUp(reading, pair, { cache: true });
    const seen = await Promise.all([ask(), ask()]);

    expect(seen.map(({ text }) => text)).toEqual([WHOLE, WHOLE]);
    expect(pair.first.requests).toHaveLength(2);
    expect(settled.map(({ text }) => text)).toEqual([WHOLE, WHOLE]);
  });
});

describe('what follows a call of two parts', () => {
  it('is a span for each target, of which the first has failed', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ status: 503 });
    const recording = recordSpans();
    const { ask } = setUp(chat, pair, {
      two: true,
      telemetry: { tracerProvider: recording.tracerProvider },
    });
    await ask();
    await recording.allEnded();

    const spans = recording.spans().map(see);
    expect(spans.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'CLIENT ERROR',
      'CLIENT ERROR',
      'CLIENT UNSET',
      'INTERNAL UNSET',
    ]);
    expect(spans[2]?.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 4 });
    expect(recording.ends()).toEqual([1, 1, 1, 1]);
  });

  it('is a second race, where its route has one', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ fault: 'hang' });
    const clock = handClock();
    const other = target({ name: 'second', client: chat.client(pair.second) });
    const { ask, settled } = setUp(chat, pair, {
      clock,
      route: hedge(primary, other, { after: 100, share: 1 }),
    });
    const asking = ask();
    await pair.first.waitForRequest(2);
    clock.advance(100);
    const { text } = await asking;

    expect(text).toBe(WHOLE);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'continued', target: 'second' }]);
    expect(settled[0]?.attempts.map(({ failure }) => failure?.code ?? failure?.kind)).toEqual([
      'ECONNRESET',
      'hedge_lost',
      undefined,
    ]);
  });

  it('is the interceptor that failed when it was asked to go on', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const { fail, settled } = setUp(chat, pair, {
      two: true,
      attemptInterceptors: [
        function strict(request, next, { attempt }) {
          if (attempt > 0) throw new Error('no more');
          return next(request);
        },
      ],
    });
    const error = await fail();

    expect(partialOf(error)?.text).toBe(PARTIAL);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'failed' }]);
    expect(settled[0]?.attempts[1]).toMatchObject({ failure: { kind: 'interceptor' } });
    expect(pair.second.requests).toHaveLength(0);
  });

  it('is no mirror of the request that goes on', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const shadow = target({ name: 'shadow', client: chat.client(pair.second) });
    const { ask, gateway } = setUp(chat, pair, { route: mirror(primary, shadow) });
    await ask();
    await gateway.close();

    expect(pair.second.requests).toHaveLength(1);
  });
});
