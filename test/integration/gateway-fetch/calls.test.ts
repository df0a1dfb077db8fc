import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  editJson,
  type GatewayOptions,
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

describe('a call through gateway.fetch', () => {
  it('is answered, labelled and settled', async () => {
    const { gateway, settled } = setUp();

    const response = await gateway.fetch(chatURL, chatInit());

    expect(response).toBeInstanceOf(Response);
    expect(response.url).toBe(chatURL);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-zerohop-attempts': '1',
      'x-zerohop-target': new URL(chatURL).host,
      'x-zerohop-call-id': settled[0]?.callId,
      'x-request-id': expect.any(String),
    });
    expect(await response.json()).toMatchObject({
      choices: [{ message: { content: 'echo: one two' } }],
    });
    expect(settled).toMatchObject([
      { operation: 'chat', outcome: 'success', text: 'echo: one two', requestModel: 'm' },
    ]);
    expect(await settlementOf(response)).toBe(settled[0]);
  });

  it('sends what it was given, byte by byte', async () => {
    const { gateway } = setUp();
    const body =
      '{ "model": "m",\n "messages": [{"role":"user","content":"h\u00e9"}], "seed": 12345678901234567890 }';

    await gateway.fetch(chatURL, { ...chatInit({ headers: { 'x-own': '1' } }), body });

    expect(provider.requests[0]?.text).toBe(body);
    expect(provider.requests[0]?.headers).toMatchObject({
      'x-own': '1',
      authorization: 'Bearer test',
    });
  });

  it('is repeated after a failure, and says how often', async () => {
    const { gateway } = setUp();
    provider.enqueue({ status: 503 }, { times: 2 });

    const response = await gateway.fetch(chatURL, chatInit());

    expect([response.status, response.headers.get('x-zerohop-attempts')]).toEqual([200, '3']);
  });

  it('that fails ends with what the provider said, and a word not to try again', async () => {
    const { gateway, settled } = setUp();
    provider.enqueue(
      {
        status: 429,
        error: { message: 'slow down', code: 'rate' },
        headers: { 'retry-after': '1' },
      },
      { times: 9 },
    );

    const response = await gateway.fetch(chatURL, chatInit());

    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ error: { message: 'slow down', code: 'rate' } });
    expect(settled).toMatchObject([{ outcome: 'error', failure: { kind: 'status', status: 429 } }]);
  });

  it('that fails with a page ends with that page', async () => {
    const { gateway } = setUp();
    const page = '<html><body>Bad Gateway</body></html>';
    provider.enqueue(
      { status: 502, body: page, headers: { 'content-type': 'text/html' } },
      { times: 9 },
    );

    const response = await gateway.fetch(chatURL, chatInit());

    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html']);
    expect(await response.text()).toBe(page);
  });

  it('whose answer is an error in a 200 ends with the status that it names', async () => {
    const { gateway } = setUp();
    provider.enqueue({ json: { error: { message: 'no credits', code: 402 } } });

    const response = await gateway.fetch(chatURL, chatInit());

    expect(response.status).toBe(402);
    expect(await response.json()).toMatchObject({ error: { message: 'no credits' } });
  });

  it('whose connection breaks ends as fetch does', async () => {
    const { gateway, settled } = setUp();
    provider.enqueue({ fault: 'reset' }, { times: 9 });

    await expect(gateway.fetch(chatURL, chatInit())).rejects.toBeInstanceOf(TypeError);
    expect(settled).toMatchObject([{ outcome: 'error', failure: { kind: 'connection' } }]);
  });

  it('that is redirected elsewhere is refused', async () => {
    const { gateway } = setUp();
    provider.enqueue(
      { status: 307, body: '', headers: { location: 'http://127.0.0.1:9/' } },
      { times: 9 },
    );

    const call = gateway.fetch(chatURL, chatInit({ redirect: 'follow' }));

    await expect(call).rejects.toMatchObject({ cause: { code: 'zerohop_redirect' } });
    expect(provider.requests).toHaveLength(1);
  });

  it('hands over a redirect where that is wanted', async () => {
    const { gateway } = setUp();
    provider.enqueue({ status: 307, body: '', headers: { location: '/there' } });

    const response = await gateway.fetch(chatURL, chatInit({ redirect: 'manual' }));

    expect([response.status, response.headers.get('location')]).toEqual([307, '/there']);
    expect(provider.requests).toHaveLength(1);
  });

  it('lets interceptors change what is sent and what comes back', async () => {
    const { gateway } = setUp({
      interceptors: [
        async (request, next) => {
          const body = { ...Object(request.body), model: 'other' };
          const response = await next({
            ...request,
            body,
            headers: { 'x-team': 'a', 'x-own': null },
          });
          return editJson(response, (answer) => ({ ...Object(answer), edited: true }));
        },
      ],
    });

    const response = await gateway.fetch(
      chatURL,
      chatInit({ headers: { 'x-own': '1', 'content-length': '5' } }),
    );

    expect(await response.json()).toMatchObject({ model: 'other', edited: true });
    const [sent] = provider.requests;
    expect(sent?.json).toMatchObject({ model: 'other', messages: [{ content: 'one two' }] });
    expect(sent?.headers).toMatchObject({
      'x-team': 'a',
      'content-length': String(sent?.body.byteLength),
    });
    expect(sent?.headers).not.toHaveProperty('x-own');
  });

  it('ends with an error of the gateway where an interceptor fails', async () => {
    const { gateway } = setUp({
      interceptors: [
        function broken() {
          throw new Error('oops');
        },
      ],
    });

    const response = await gateway.fetch(chatURL, chatInit());

    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      error: {
        code: 'zerohop_interceptor',
        message: expect.stringContaining('interceptor "broken" threw'),
      },
    });
  });
});
