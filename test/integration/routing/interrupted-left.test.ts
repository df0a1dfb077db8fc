import { describe, expect, it } from 'vitest';
import type { Interceptor, OnInterrupted } from 'zerohop';
import type { Reply } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';
import {
  breaks,
  goingOnOf,
  PARTIAL,
  readingOf,
  readings,
  setUp,
  usePair,
} from './support/interrupting.js';

const pair = usePair();
const chat = readingOf('openai 7 create()');

/** What goes on takes for ever to begin, until the caller has gone. */
const never = { fault: 'hang' } as const;

/** A clock that knows which of its timers are still to go off. */
function countingClock() {
  const clock = quickClock();
  let timers = 0;
  return {
    ...clock,
    get timers() {
      return timers;
    },
    timer(delayMs: number, callback: () => void) {
      timers += 1;
      let isOver = false;
      const end = () => {
        if (!isOver) timers -= 1;
        isOver = true;
      };
      const stop = clock.timer(delayMs, () => {
        end();
        callback();
      });
      return () => {
        end();
        stop();
      };
    },
  };
}

/** A signal that knows who listens to it. */
function countingSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  return { signal, abort: () => controller.abort(), listeners: () => listeners };
}

/** Does something once an attempt has its answer, and before anybody else has. */
function onAnswer(index: number, work: () => Promise<void> | undefined): Interceptor {
  return async (request, next, { attempt }) => {
    const response = await next(request);
    if (attempt === index) await work();
    return response;
  };
}

describe.each(readings)('a caller who leaves ($name)', (reading) => {
  it('while another is asked to go on closes that request at once', async () => {
    pair.first.enqueue(breaks(reading, 'end'));
    pair.first.enqueue(never);
    const leaving = new AbortController();
    const { ask, settled } = setUp(reading, pair);
    const asking = ask({ options: { signal: leaving.signal } }).catch((error: unknown) => error);
    const request = await pair.first.waitForRequest(2);
    leaving.abort();
    await asking;

    expect(await request.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted', text: PARTIAL }]);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'aborted' }]);
    expect(pair.first.requests).toHaveLength(2);
  });

  it('in the middle of what goes on closes it at once', async () => {
    pair.first.enqueue(breaks(reading, 'end'));
    pair.first.enqueue({ text: ' four five', fault: { kind: 'hang', after: { events: 5 } } });
    const { ask, settled } = setUp(reading, pair);
    const { text } = await ask({ onText: (so) => (so.endsWith('four') ? 'break' : undefined) });

    expect(text).toBe(`${PARTIAL} four`);
    expect(await pair.first.requests[1]?.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted', text: expect.stringContaining(text) }]);
    expect(settled[0]?.attempts[1]).toMatchObject({ failure: { kind: 'aborted' } });
  });
});

describe('what is left of an answer of two parts', () => {
  it('is no timer, no listener and no socket that anybody reads', async () => {
    pair.first.enqueue(breaks(chat, 'end'));
    const clock = countingClock();
    const { signal, listeners } = countingSignal();
    const { ask, gateway } = setUp(chat, pair, {
      clock,
      timeouts: { idle: 60_000, total: 60_000 },
    });
    await ask({ options: { signal } });
    await gateway.close();

    expect([clock.timers, listeners()]).toEqual([0, 0]);
    expect(pair.first.requests.map(({ outcome }) => outcome)).not.toContain('pending');
  });

  it('is nothing of a part that nobody waits for any more, where the body is let go in the midst', async () => {
    pair.first.enqueue(breaks(chat, 'end'));
    pair.first.enqueue(never);
    const { gateway, settled } = setUp(chat, pair);
    const body = JSON.stringify({ model: 'm', stream: true, messages: [] });
    const headers = { 'content-type': 'application/json' };
    const url = `${pair.first.baseURL}/chat/completions`;
    const response = await gateway.fetch(url, { method: 'POST', headers, body });
    const reader = response.body?.getReader();
    const reading = (async () => {
      while (!(await reader?.read())?.done);
    })();
    const request = await pair.first.waitForRequest(2);
    await reader?.cancel();
    await reading.catch(() => undefined);

    expect(await request.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });

  it.each<[when: string, onInterrupted: OnInterrupted, first: Reply]>([
    ['goes on', 'continue', breaks(chat, 'end')],
    ['stands in', 'error', { text: 'lost', fault: { kind: 'reset', after: { events: 1 } } }],
  ])(
    'is nothing of an answer that %s when the body has just been let go',
    async (_when, onInterrupted, first) => {
      pair.first.enqueue(first);
      pair.first.enqueue({ text: ' four', fault: { kind: 'hang', after: 'headers' } });
      const clock = countingClock();
      let leave: (() => Promise<void> | undefined) | undefined;
      const { gateway, settled } = setUp(chat, pair, {
        clock,
        onInterrupted,
        attemptInterceptors: [onAnswer(1, () => leave?.())],
      });
      const body = JSON.stringify({ model: 'm', stream: true, messages: [] });
      const headers = { 'content-type': 'application/json' };
      const url = `${pair.first.baseURL}/chat/completions`;
      const response = await gateway.fetch(url, { method: 'POST', headers, body });
      const reader = response.body?.getReader();
      leave = () => reader?.cancel();
      while (!(await reader?.read())?.done);

      expect(await pair.first.requests[1]?.settled).toBe('client-closed');
      expect(settled).toMatchObject([{ outcome: 'aborted' }]);
      await gateway.close();
      expect(clock.timers).toBe(0);
    },
  );

  it('is nothing of an attempt that stands in before any content, where the body is let go', async () => {
    pair.first.enqueue({ text: 'lost', fault: { kind: 'reset', after: { events: 1 } } });
    pair.first.enqueue(never);
    const { gateway, settled } = setUp(chat, pair, { onInterrupted: 'error' });
    const body = JSON.stringify({ model: 'm', stream: true, messages: [] });
    const headers = { 'content-type': 'application/json' };
    const url = `${pair.first.baseURL}/chat/completions`;
    const response = await gateway.fetch(url, { method: 'POST', headers, body });
    const reader = response.body?.getReader();
    const reading = reader?.read();
    const request = await pair.first.waitForRequest(2);
    await reader?.cancel();
    await reading?.catch(() => undefined);

    expect(await request.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });
});
