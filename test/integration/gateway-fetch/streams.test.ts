import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  type GatewayOptions,
  mapEvents,
  type Settlement,
  settlementOf,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { quickClock } from '../../support/quick-clock.js';
import { chatInit } from './chat-init.js';

let provider: FakeProvider;
let chatURL: string;
beforeAll(async () => {
  provider = await startFakeProvider();
  chatURL = `${provider.baseURL}/chat/completions`;
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

function setUp(options: GatewayOptions = {}) {
  const gateway = createGateway({ clock: quickClock(), ...options });
  const settled: Settlement[] = [];
  gateway.on('settled', (settlement) => settled.push(settlement));
  return { gateway, settled };
}

const streaming = () => chatInit({ body: { stream: true } });

describe('a stream through gateway.fetch', () => {
  it('passes on its bytes, and settles at its end', async () => {
    // Nothing asks for usage, so nothing is added.
    const gateway = createGateway();
    const paced = { pacing: { comment: 'busy', newline: '\r\n', bytesPerWrite: 7 } } as const;

    provider.enqueue(paced);
    const response = await gateway.fetch(chatURL, streaming());
    const text = await response.text();
    provider.reset();
    provider.enqueue(paced);

    expect(text).toBe(await (await fetch(chatURL, streaming())).text());
    expect(await settlementOf(response)).toMatchObject({
      stream: true,
      outcome: 'success',
      text: 'echo: one two',
    });
  });

  it('settles at its end, and not before', async () => {
    const { gateway, settled } = setUp();

    const response = await gateway.fetch(chatURL, streaming());
    const before = settled.length;
    await response.text();

    expect([before, settled.length]).toEqual([0, 1]);
  });

  it('that breaks before anything was said is replaced, unseen', async () => {
    const { gateway } = setUp();
    provider.enqueue({ fault: 'reset;after=1' });

    const response = await gateway.fetch(chatURL, streaming());

    expect(await response.text()).toContain('"content":" two"');
    expect(provider.requests).toHaveLength(2);
  });

  it('that is cut fails its reader', async () => {
    const { gateway, settled } = setUp();
    provider.enqueue({ fault: 'end;after=3' });

    const response = await gateway.fetch(chatURL, streaming());

    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
    expect(settled).toMatchObject([{ outcome: 'error', failure: { kind: 'truncated' } }]);
  });

  it.each([
    ['chat', '/v1/chat/completions', {}, /\ndata: \{"error":\{"message":"it broke"/],
    [
      'responses',
      '/v1/responses',
      { input: 'one two' },
      /\nevent: error\ndata: \{"type":"error".*"it broke"/,
    ],
    [
      'messages',
      '/v1/messages',
      { max_tokens: 9 },
      /\nevent: error\ndata: \{"type":"error","error":\{.*"it broke"/,
    ],
  ])(
    'that ends with an error says so in the words of its API: %s',
    async (_, path, extra, event) => {
      const { gateway, settled } = setUp();
      provider.enqueue({
        text: 'one two three four',
        fault: 'error-event;after=6;message=it broke',
      });

      const response = await gateway.fetch(
        `${provider.url}${path}`,
        chatInit({ body: { ...extra, stream: true } }),
      );
      const text = await response.text();

      expect(text).toMatch(event);
      expect(text.indexOf('it broke')).toBeGreaterThan(text.indexOf('one'));
      expect(settled).toMatchObject([
        { outcome: 'error', failure: { kind: 'upstream_error', message: 'it broke' } },
      ]);
    },
  );

  it('lets interceptors change its events', async () => {
    const { gateway } = setUp({
      interceptors: [
        async (request, next) =>
          mapEvents(await next(request), (data) => ({ ...Object(data), model: 'mapped' })),
      ],
    });

    const text = await (await gateway.fetch(chatURL, streaming())).text();

    expect(text.match(/"model":"mapped"/g)?.length).toBe(text.match(/^data: \{/gm)?.length);
  });

  it('closes the upstream when its reader gives up', async () => {
    const { gateway, settled } = setUp();
    provider.enqueue({ fault: 'hang;after=3' });

    const { body } = await gateway.fetch(chatURL, streaming());
    const reader = body?.getReader();
    await reader?.read();
    await reader?.cancel();

    expect(await provider.requests[0]?.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });
});

describe('an abort of gateway.fetch', () => {
  it('before it is sent sends nothing', async () => {
    const { gateway, settled } = setUp();

    const call = gateway.fetch(chatURL, chatInit({ signal: AbortSignal.abort() }));

    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(provider.requests).toHaveLength(0);
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });

  it.each([
    ['given with the request', (signal: AbortSignal) => [chatURL, chatInit({ signal })] as const],
    [
      'of a Request',
      (signal: AbortSignal) => [new Request(chatURL, chatInit({ signal }))] as const,
    ],
  ])('while it waits ends it, and closes the socket: %s', async (_, input) => {
    const { gateway, settled } = setUp();
    provider.enqueue({ fault: 'hang' });
    const controller = new AbortController();

    const [target, init] = input(controller.signal);
    const call = gateway.fetch(target, init);
    void call.catch(() => undefined);
    const request = await provider.waitForRequest();
    controller.abort();

    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(await request.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });

  it('in the middle of a stream fails its reader, and closes the socket', async () => {
    const { gateway, settled } = setUp();
    provider.enqueue({ fault: 'hang;after=3' });
    const controller = new AbortController();

    const { body } = await gateway.fetch(chatURL, { ...streaming(), signal: controller.signal });
    const reader = body?.getReader();
    await reader?.read();
    const next = reader?.read();
    next?.catch(() => undefined);
    controller.abort();

    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
    expect(await provider.requests[0]?.settled).toBe('client-closed');
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });
});
