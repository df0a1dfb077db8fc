import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway, isGatewayError, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { message } from '../drop-in/rows/anthropic-messages.js';
import { chat } from '../drop-in/rows/openai-chat.js';
import { collect } from '../drop-in/support/observe.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const clientOf = (gateway: Gateway) =>
  gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: provider.baseURL }));

/** A promise and what resolves it. */
function latch(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe('close()', () => {
  it('refuses new calls with an error of the caller’s SDK', async () => {
    const gateway = createGateway();
    const openai = clientOf(gateway);
    const anthropic = gateway.wrap(
      new Anthropic({ apiKey: 'k', baseURL: provider.anthropicBaseURL }),
    );
    await gateway.close();

    const outcomes = await Promise.allSettled([
      openai.chat.completions.create(chat),
      openai.models.list(),
      openai.chat.completions.stream(chat).finalContent(),
      anthropic.messages.create(message),
    ]);

    const errors = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason : undefined,
    );
    expect(
      errors.map(
        (error) => error instanceof OpenAI.APIError || error instanceof Anthropic.APIError,
      ),
    ).toEqual([true, true, true, true]);
    expect(errors.map((error) => Reflect.get(Object(error), 'code'))).toEqual(
      Array(4).fill('zerohop_closed'),
    );
    expect(provider.requests).toHaveLength(0);
  });

  it('waits for the calls that run', async () => {
    const gateway = createGateway();
    const gate = latch();
    provider.enqueue(async () => {
      await gate.opened;
      return { text: 'late but whole' };
    });
    const call = clientOf(gateway).chat.completions.create(chat);
    await provider.waitForRequest();

    let closed = false;
    const closing = gateway.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    const before = closed;
    gate.open();
    await closing;

    expect([before, closed, (await call).choices[0]?.message.content]).toEqual([
      false,
      true,
      'late but whole',
    ]);
  });

  it('waits for a stream that is being read', async () => {
    const gateway = createGateway();
    provider.enqueue({ pacing: { gapMs: 5 } });
    const stream = await clientOf(gateway).chat.completions.create({ ...chat, stream: true });
    const order: string[] = [];

    const closing = gateway.close().then(() => order.push('closed'));
    for await (const _ of stream) order.push('chunk');
    await closing;

    // The call is over when its last event has come in, which may be before it is read.
    expect(order.indexOf('closed')).toBeGreaterThan(2);
    expect(order.filter((word) => word === 'chunk')).toHaveLength(6);
  });

  it('aborts what takes longer than timeoutMs, and says who it was', async () => {
    const gateway = createGateway();
    provider.enqueue({ fault: 'hang' });
    const call = clientOf(gateway)
      .chat.completions.create(chat)
      .catch((error: unknown) => error);
    const request = await provider.waitForRequest();

    await gateway.close({ timeoutMs: 20 });

    const error: unknown = await call;
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'zerohop_closed' });
    expect(isGatewayError(Reflect.get(Object(error), 'cause'))).toBe(true);
    expect(await request.settled).toBe('client-closed');
  });

  it('runs at the end of a block with await using', async () => {
    const seen: string[] = [];
    let client: OpenAI | undefined;
    {
      await using gateway = createGateway();
      client = clientOf(gateway);
      gateway.on('settled', async () => {
        await new Promise(setImmediate);
        seen.push('flushed');
      });
      await client.chat.completions.create(chat);
    }

    expect(seen).toEqual(['flushed']);
    await expect(client.chat.completions.create(chat)).rejects.toMatchObject({
      code: 'zerohop_closed',
    });
  });

  it('may be called twice', async () => {
    const gateway = createGateway();

    await Promise.all([gateway.close(), gateway.close()]);

    await expect(gateway.close()).resolves.toBeUndefined();
  });
});

describe('flush()', () => {
  it('waits for async listeners and callbacks, and for what they start', async () => {
    const done: string[] = [];
    const gate = latch();
    const gateway = createGateway({
      interceptors: [
        (request, next, context) => {
          context.onSettled(async () => {
            await gate.opened;
            done.push('callback');
          });
          return next(request);
        },
      ],
    });
    gateway.on('settled', async () => {
      await gate.opened;
      done.push('listener');
    });
    await clientOf(gateway).chat.completions.create(chat);

    const flushed = gateway.flush().then(() => done.push('flushed'));
    gate.open();
    await flushed;

    expect(done.at(-1)).toBe('flushed');
    expect(done.toSorted()).toEqual(['callback', 'flushed', 'listener']);
  });

  it('outlives a listener that throws or rejects, and tells the logger', async () => {
    const errors: string[] = [];
    const gateway = createGateway({ logger: { error: (text) => errors.push(text) } });
    gateway.on('settled', () => {
      throw new Error('listener threw');
    });
    gateway.on('settled', () => Promise.reject(new Error('listener rejected')));

    const answer = await clientOf(gateway).chat.completions.create(chat);
    await gateway.flush();

    expect(answer.choices).toHaveLength(1);
    expect(errors).toHaveLength(2);
  });

  it('hands the work to waitUntil', async () => {
    const handed: Promise<unknown>[] = [];
    const gateway = createGateway({ waitUntil: (work) => handed.push(work) });
    const seen: Settlement[] = [];
    gateway.on('settled', async (settlement) => {
      await new Promise(setImmediate);
      seen.push(settlement);
    });

    await clientOf(gateway).chat.completions.create(chat);
    await Promise.all(handed);

    expect(seen.map(({ outcome }) => outcome)).toEqual(['success']);
  });
});

describe('on()', () => {
  it('tells of every call once, until it is stopped', async () => {
    const gateway = createGateway();
    const operations: unknown[] = [];
    const stop = gateway.on('settled', ({ operation }) => operations.push(operation));
    const client = clientOf(gateway);

    await client.chat.completions.create(chat);
    await collect(await client.chat.completions.create({ ...chat, stream: true }));
    await client.models.list();
    stop();
    await client.chat.completions.create(chat);

    expect(operations).toEqual(['chat', 'chat', 'passthrough']);
  });
});
