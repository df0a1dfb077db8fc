import { inspect } from 'node:util';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { AzureOpenAI } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CallOptions,
  type Gateway,
  type GatewayOptions,
  type GatewayRequest,
  type Interceptor,
  perCall,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { claudeMessage } from '../drop-in/support/claude-answer.js';
import { recordMetrics, recordSpans } from '../telemetry/support/recording.js';
import { ask, chat, setUp } from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const message = {
  model: 'claude-sonnet-4-6',
  max_tokens: 5,
  messages: [{ role: 'user' as const, content: 'Hi.' }],
};

/** Makes the same call, as one who calls; resolves with its status at the cache. */
type Caller = (gateway: Gateway) => Promise<unknown>;
type Pair = readonly [name: string, one: Caller, two: Caller];

const statusOf = async (call: { withResponse(): Promise<{ response: Response }> }) =>
  (await call.withResponse()).response.headers.get('x-zerohop-cache');

/** What the second of two calls through one gateway is given. */
async function second([, one, two]: Pair, options: GatewayOptions = {}): Promise<unknown> {
  const { gateway } = setUp(provider, options);
  await one(gateway);
  await gateway.flush();
  return two(gateway);
}

const openai = (options: object = {}, request?: OpenAI.RequestOptions): Caller => {
  return async (gateway) => {
    const { baseURL } = provider;
    const given = { apiKey: 'sk-one', baseURL, maxRetries: 0, ...options };
    return (await ask(gateway.wrap(new OpenAI(given)), chat, request)).cache;
  };
};
const elsewhere: Caller = (gateway) => openai({ baseURL: `${provider.url}/x/v1` })(gateway);
const headers = (given: Record<string, string | null>) => openai({}, { headers: given });
const as = (options: CallOptions, client: object = {}) => openai(client, perCall(options));

const azure = (options: object = {}, asked: CallOptions = {}): Caller => {
  return async (gateway) => {
    const given = { endpoint: provider.url, apiVersion: '2026-01-01', maxRetries: 0 };
    const key = 'azureADTokenProvider' in options ? {} : { apiKey: 'az-one' };
    return statusOf(
      gateway
        .wrap(new AzureOpenAI({ ...given, ...key, ...options }))
        .chat.completions.create(chat, perCall(asked)),
    );
  };
};

const claude = (options: object = {}, request?: Anthropic.RequestOptions): Caller => {
  return (gateway) => {
    const given = { apiKey: 'ant-one', baseURL: provider.url, maxRetries: 0, ...options };
    return statusOf(gateway.wrap(new Anthropic(given)).messages.create(message, request));
  };
};

const bedrock = (options: object): Caller => {
  return (gateway) => {
    provider.enqueue({ json: claudeMessage });
    const given = { awsRegion: 'us-east-1', baseURL: provider.url, apiKey: null, maxRetries: 0 };
    return statusOf(
      gateway.wrap(new AnthropicBedrock({ ...given, ...options })).messages.create(message),
    );
  };
};

const door = (given: Record<string, string> = {}, query = ''): Caller => {
  return async (gateway) => {
    const response = await gateway.fetch(`${provider.baseURL}/chat/completions${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-one', ...given },
      body: JSON.stringify(chat),
    });
    await response.text();
    return response.headers.get('x-zerohop-cache');
  };
};

/** Makes both calls with one client. */
function changed(change: (client: OpenAI) => OpenAI): Pair {
  let client: OpenAI | undefined;
  const call: Caller = async (gateway) => {
    const options = { apiKey: 'sk-one', baseURL: provider.baseURL, maxRetries: 0 };
    client = client ? change(client) : gateway.wrap(new OpenAI(options));
    return (await ask(client)).cache;
  };
  return ['', call, call];
}

const rotating = () => {
  let turn = 0;
  return async () => {
    turn += 1;
    return `sk-${turn}`;
  };
};
const shared = rotating();
const tokens = () => async () => ({ token: 'one', expiresAt: null });
const sharedTokens = tokens();
const oneFetch = (url: string, init: RequestInit) => fetch(url, init);
const anonymous = { authorization: null, 'x-api-key': null };
const keys = { awsAccessKey: 'AKIA1', awsSecretKey: 'one' };

describe('an answer is not shared by', () => {
  const pairs: readonly Pair[] = [
    ['two API keys', openai(), openai({ apiKey: 'sk-two' })],
    ['two organisations', openai({ organization: 'a' }), openai({ organization: 'b' })],
    ['an organisation and none', openai({ organization: 'a' }), openai()],
    ['two projects', openai({ project: 'a' }), openai({ project: 'b' })],
    ['an organisation and a project', openai({ organization: 'a' }), openai({ project: 'a' })],
    ['two base URLs', openai(), elsewhere],
    [
      'two default queries',
      openai({ defaultQuery: { v: '1' } }),
      openai({ defaultQuery: { v: '2' } }),
    ],
    ['a default query and none', openai({ defaultQuery: { v: '1' } }), openai()],
    ['two queries', openai({}, { query: { v: '1' } }), openai({}, { query: { v: '2' } })],
    [
      'two functions that give keys',
      openai({ apiKey: rotating() }),
      openai({ apiKey: rotating() }),
    ],
    ['a function that gives keys and a key', openai({ apiKey: shared }), openai()],
    [
      'two fetches that may each sign requests in their own way',
      openai({ fetch: (url: string, init: RequestInit) => fetch(url, init) }),
      openai({ fetch: (url: string, init: RequestInit) => fetch(url, init) }),
    ],
    ['two keys of Azure', azure(), azure({ apiKey: 'az-two' })],
    ['two API versions of Azure', azure(), azure({ apiVersion: '2026-02-02' })],
    ['two deployments of Azure', azure({ deployment: 'a' }), azure({ deployment: 'b' })],
    ['a deployment of Azure and none', azure({ deployment: 'a' }), azure()],
    [
      'two providers of tokens for Azure',
      azure({ azureADTokenProvider: rotating() }),
      azure({ azureADTokenProvider: rotating() }),
    ],
    ['two keys of Anthropic', claude(), claude({ apiKey: 'ant-two' })],
    ['a key and a token of Anthropic', claude(), claude({ apiKey: null, authToken: 'ant-one' })],
    [
      'two tokens of Anthropic',
      claude({ apiKey: null, authToken: 'a' }),
      claude({ apiKey: null, authToken: 'b' }),
    ],
    [
      'two providers of credentials for Anthropic',
      claude({ apiKey: null, credentials: tokens() }),
      claude({ apiKey: null, credentials: tokens() }),
    ],
    [
      'two clients whose middleware may change what they ask',
      claude({
        middleware: [(request: unknown, next: (sent: unknown) => unknown) => next(request)],
      }),
      claude({
        middleware: [(request: unknown, next: (sent: unknown) => unknown) => next(request)],
      }),
    ],
    [
      'two clients of which nobody knows who they are',
      claude({ apiKey: null, authToken: null, defaultHeaders: anonymous }),
      claude({ apiKey: null, authToken: null, defaultHeaders: anonymous }),
    ],
    ['two accounts of AWS', bedrock(keys), bedrock({ ...keys, awsAccessKey: 'AKIA2' })],
    ['two secrets of AWS', bedrock(keys), bedrock({ ...keys, awsSecretKey: 'two' })],
    [
      'two sessions of AWS',
      bedrock({ ...keys, awsSessionToken: 'a' }),
      bedrock({ ...keys, awsSessionToken: 'b' }),
    ],
    [
      'two clients that find the credentials of AWS by themselves',
      bedrock({
        providerChainResolver: async () => async () => ({ accessKeyId: 'A', secretAccessKey: 's' }),
      }),
      bedrock({
        providerChainResolver: async () => async () => ({ accessKeyId: 'B', secretAccessKey: 's' }),
      }),
    ],
    ['two keys at gateway.fetch', door(), door({ authorization: 'Bearer sk-two' })],
    ['two keys in the URL at gateway.fetch', door({}, '?key=one'), door({}, '?key=two')],
    ['two organisations at gateway.fetch', door(), door({ 'openai-organization': 'a' })],
    ['two sessions at gateway.fetch', door({ cookie: 'a' }), door({ cookie: 'b' })],
    ['two unknown headers at gateway.fetch', door(), door({ 'x-feature': 'a' })],
  ];

  it.each(pairs)('%s', async (...pair) => {
    expect(await second(pair)).toBe('MISS');
    expect(provider.requests.length).toBe(2);
  });

  const credentials = [
    'authorization',
    'api-key',
    'x-api-key',
    'x-goog-api-key',
    'cookie',
    'proxy-authorization',
    'x-auth-token',
    'x-amz-security-token',
    'cf-access-client-secret',
    'OpenAI-Organization',
    'openai-project',
    'anthropic-workspace-id',
    'x-goog-user-project',
  ];
  const semantic = [
    'anthropic-beta',
    'openai-beta',
    'anthropic-version',
    'x-feature',
    'helicone-user',
  ];

  it.each([...credentials, ...semantic])('two values of a request header: %s', async (name) => {
    expect(await second(['', headers({ [name]: 'a' }), headers({ [name]: 'b' })])).toBe('MISS');
  });

  it.each([...credentials, ...semantic])('two values of a default header: %s', async (name) => {
    const client = (value: string) => openai({ defaultHeaders: { [name]: value } });

    expect(await second(['', client('a'), client('b')])).toBe('MISS');
    expect(await second(['', client('a'), openai()])).toBe('MISS');
  });

  it('a default header and its removal', async () => {
    const options = { defaultHeaders: { 'anthropic-beta': 'a' } };
    const removed = openai(options, { headers: { 'anthropic-beta': null } });

    expect(await second(['', openai(options), removed])).toBe('MISS');
  });

  it('the betas of Anthropic', async () => {
    const beta =
      (betas: string[]): Caller =>
      (gateway) => {
        const client = gateway.wrap(new Anthropic({ apiKey: 'k', baseURL: provider.url }));
        return statusOf(client.beta.messages.create({ ...message, betas }));
      };

    expect(await second(['', beta(['a']), beta(['b'])])).toBe('MISS');
    expect(await second(['', beta(['a']), beta(['a'])])).toBe('HIT');
  });

  it.each<[string, (client: OpenAI) => OpenAI]>([
    ['withOptions()', (client) => client.withOptions({ apiKey: 'sk-two' })],
    ['a key that is assigned', (client) => Object.assign(client, { apiKey: 'sk-two' })],
    ['an organisation that is assigned', (client) => Object.assign(client, { organization: 'b' })],
    ['a project that is assigned', (client) => Object.assign(client, { project: 'b' })],
    [
      'a base URL that is assigned',
      (client) => Object.assign(client, { baseURL: `${provider.url}/x/v1` }),
    ],
  ])('a client before and after a change: %s', async (_name, change) => {
    expect(await second(changed(change))).toBe('MISS');
  });
});

describe('an answer is shared by', () => {
  const pairs: readonly Pair[] = [
    ['two clients with one key', openai(), openai()],
    ['one organisation', openai({ organization: 'a' }), openai({ organization: 'a' })],
    [
      'clients with other timeouts and retries',
      openai(),
      openai({ timeout: 1_000, maxRetries: 1 }),
    ],
    [
      'one function that gives another key each time',
      openai({ apiKey: shared }),
      openai({ apiKey: shared }),
    ],
    ['one fetch', openai({ fetch: oneFetch }), openai({ fetch: oneFetch })],
    ['one header', headers({ 'x-feature': 'a' }), headers({ 'X-Feature': 'a' })],
    [
      'a header, whoever sets it',
      headers({ 'x-feature': 'a' }),
      openai({ defaultHeaders: { 'x-feature': 'a' } }),
    ],
    ['one key that a request brings', headers({ 'x-api-key': 'a' }), headers({ 'x-api-key': 'a' })],
    ['one key of Azure', azure(), azure()],
    ['one deployment of Azure', azure({ deployment: 'a' }), azure({ deployment: 'a' })],
    [
      'one provider of tokens for Azure',
      azure({ azureADTokenProvider: shared }),
      azure({ azureADTokenProvider: shared }),
    ],
    ['one key of Anthropic', claude(), claude()],
    [
      'one provider of credentials for Anthropic',
      claude({ apiKey: null, credentials: sharedTokens }),
      claude({ apiKey: null, credentials: sharedTokens }),
    ],
    ['one key at gateway.fetch', door(), door()],
    [
      'one key at gateway.fetch, whatever metadata comes with it',
      door({ 'x-zerohop-metadata': '{"a":1}' }),
      door({ 'x-zerohop-metadata': '{"a":2}' }),
    ],
    ['a caller that calls itself a tenant in a header', door(), door({ 'x-zerohop-tenant': 'a' })],
    [
      'calls with a signal, a timeout or an idempotency key',
      openai({}, { signal: new AbortController().signal, timeout: 9_000 }),
      openai({}, { idempotencyKey: 'a' }),
    ],
  ];

  it.each(pairs)('%s', async (...pair) => {
    expect(await second(pair)).toBe('HIT');
  });

  it('one client, call after call', async () => {
    expect(await second(changed((client) => client))).toBe('HIT');
    expect(await second(changed((client) => client.withOptions({ timeout: 9_000 })))).toBe('HIT');
  });

  it('one client of AWS', async () => {
    const { gateway } = setUp(provider);
    const options = { ...keys, awsRegion: 'us-east-1', apiKey: null, baseURL: provider.url };
    const client = gateway.wrap(new AnthropicBedrock(options));
    provider.enqueue({ json: claudeMessage });
    await client.messages.create(message);

    expect(await statusOf(client.messages.create(message))).toBe('HIT');
  });

  it('one client of which nobody knows who it is', async () => {
    const { gateway } = setUp(provider);
    const client = gateway.wrap(
      new Anthropic({
        apiKey: null,
        authToken: null,
        baseURL: provider.url,
        defaultHeaders: anonymous,
      }),
    );
    await client.messages.create(message);

    expect(await statusOf(client.messages.create(message))).toBe('HIT');
  });

  it.each([
    'traceparent',
    'tracestate',
    'baggage',
    'b3',
    'X-B3-TraceId',
    'x-request-id',
    'x-client-request-id',
    'x-correlation-id',
    'x-amzn-trace-id',
    'x-cloud-trace-context',
    'x-datadog-trace-id',
    'sentry-trace',
    'user-agent',
    'x-stainless-retry-count',
    'idempotency-key',
    'accept-language',
    'x-zerohop-cache-control',
  ])('calls that differ in a header of tracing or of the transport: %s', async (name) => {
    const values = [headers({ [name]: 'a' }), headers({ [name]: 'b' })] as const;

    expect(await second(['', ...values])).toBe('HIT');
    expect(await second(['', door({ [name]: 'a' }), door({ [name]: 'b' })])).toBe('HIT');
  });
});

describe('tenants', () => {
  const two = { apiKey: 'sk-two' };
  const rows: readonly (readonly [
    string,
    Caller,
    Caller,
    expected: string,
    options: GatewayOptions,
  ])[] = [
    ['two never share', as({ tenant: 'a' }), as({ tenant: 'b' }), 'MISS', {}],
    ['one shares, whatever its keys', as({ tenant: 'a' }), as({ tenant: 'a' }, two), 'HIT', {}],
    ['a tenant and nobody do not share', as({ tenant: 'a' }), openai(), 'MISS', {}],
    ["a call's is over the gateway's", as({ tenant: 'a' }), openai(), 'MISS', { tenant: 'b' }],
    ["without one it is the gateway's", as({ tenant: 'b' }), openai(), 'HIT', { tenant: 'b' }],
    ["a scope's is over the gateway's", as({ tenant: 'a' }), inScope('a'), 'HIT', { tenant: 'b' }],
    ["a call's is over the scope's", as({ tenant: 'b' }), inScope('a', 'b'), 'HIT', {}],
    ['names are whole', as({ tenant: 'a' }), as({ tenant: 'A' }), 'MISS', {}],
    ['one that is named "shared" is one', as({ tenant: 'shared' }), everyone(), 'MISS', {}],
  ];

  it.each(rows)('%s', async (name, one, other, expected, options) => {
    expect(await second([name, one, other], options)).toBe(expected);
  });

  function inScope(tenant: string, own?: string): Caller {
    const call = own === undefined ? openai() : as({ tenant: own });
    return (gateway) => gateway.run({ tenant }, () => call(gateway));
  }
});

/** Makes the call with `scope: 'shared'`. */
function everyone(options: CallOptions = {}, client: object = {}): Caller {
  return as({ ...options, cache: { scope: 'shared' } }, client);
}

describe('deployments of Azure, which are other models,', () => {
  it.each<[string, CallOptions]>([
    ['with a tenant', { tenant: 't' }],
    ["with scope: 'shared'", { cache: { scope: 'shared' } }],
  ])('are told apart %s', async (_name, asked) => {
    const on = (deployment: string) => azure({ deployment }, asked);

    expect(await second(['', on('a'), on('b')])).toBe('MISS');
    expect(await second(['', on('a'), on('a')])).toBe('HIT');
  });
});

describe("scope: 'shared'", () => {
  const rows: readonly (readonly [...Pair, expected: string])[] = [
    ['lets two keys share', everyone(), everyone({}, { apiKey: 'sk-two' }), 'HIT'],
    [
      'lets two organisations share',
      everyone({}, { organization: 'a' }),
      everyone({}, { organization: 'b' }),
      'HIT',
    ],
    ['lets two tenants share', everyone({ tenant: 'a' }), everyone({ tenant: 'b' }), 'HIT'],
    ['gives nothing of it to those who do not ask for it', everyone(), openai(), 'MISS'],
    ['finds nothing of those who do not share', openai(), everyone(), 'MISS'],
    [
      'still tells base URLs apart',
      everyone(),
      (gateway) => everyone({}, { baseURL: `${provider.url}/x/v1` })(gateway),
      'MISS',
    ],
    [
      'still tells headers apart',
      everyone(),
      everyone({}, { defaultHeaders: { 'x-feature': 'a' } }),
      'MISS',
    ],
  ];

  it.each(rows)('%s', async (name, one, other, expected) => {
    expect(await second([name, one, other])).toBe(expected);
  });
});

describe('what an interceptor makes of a call', () => {
  /** Changes a call in the way its metadata says. */
  const rewriter: Interceptor = async function rewriter(request, next, { metadata }) {
    // What a test put there.
    const changes = metadata.changes as Partial<GatewayRequest> | undefined;
    return next({ ...request, ...changes });
  };
  const changing = (changes: Partial<GatewayRequest>, client: object = {}) =>
    as({ metadata: { changes } }, client);
  const feature = { defaultHeaders: { 'x-feature': 'on' } };
  const rows: readonly (readonly [...Pair, expected: string])[] = [
    ['a body', openai(), changing({ body: { ...chat, seed: 1 } }), 'MISS'],
    ['the same body', openai(), changing({ body: { ...chat } }), 'HIT'],
    ['a header', openai(), changing({ headers: { 'x-feature': 'on' } }), 'MISS'],
    [
      'a credential',
      changing({ headers: { authorization: 'Bearer a' } }),
      changing({ headers: { authorization: 'Bearer b' } }),
      'MISS',
    ],
    ['a header of tracing', openai(), changing({ headers: { traceparent: 'x' } }), 'HIT'],
    [
      'another value of a header',
      openai(feature),
      changing({ headers: { 'x-feature': 'off' } }, feature),
      'MISS',
    ],
    [
      'a header that is gone',
      openai(feature),
      changing({ headers: { 'x-feature': null } }, feature),
      'MISS',
    ],
  ];

  it.each(rows)('counts: %s', async (name, one, other, expected) => {
    expect(await second([name, one, other], { interceptors: [rewriter] })).toBe(expected);
  });

  it('includes the metadata that is forwarded to the provider', async () => {
    const forwardMetadata = { user: 'userId' };
    const call = (userId: string) => as({ metadata: { userId } });

    expect(await second(['', call('a'), call('b')], { forwardMetadata })).toBe('MISS');
    expect(await second(['', call('a'), call('a')], { forwardMetadata })).toBe('HIT');
    expect(await second(['', call('a'), call('b')])).toBe('HIT');
  });
});

describe('secrets', () => {
  const CANARY = 'canary-7f3a9c';
  const places = {
    defaultHeaders: {
      'x-api-key': `${CANARY}-x-api-key`,
      cookie: `session=${CANARY}-cookie`,
      'x-own': `${CANARY}-own`,
    },
    defaultQuery: { key: `${CANARY}-query` },
  };

  it('are in no key, row, settlement, span, metric or value of the store', async () => {
    const { tracerProvider, spans } = recordSpans();
    const { meterProvider, points } = recordMetrics();
    const store = new Map<string, unknown>();
    const headers = {
      'set-cookie': `${CANARY}-set-cookie`,
      'openai-organization': `${CANARY}-organization`,
      'x-ratelimit-limit-requests': `${CANARY}-limit`,
    };
    const { gateway, rows, settlements } = setUp(provider, {
      cache: { store, vary: ['secret'], tags: ['a'] },
      telemetry: { tracerProvider, meterProvider },
    });
    const own = { headers: { authorization: `Bearer ${CANARY}-call` } };
    const account = { organization: `${CANARY}-org`, project: `${CANARY}-project` };
    const calls: readonly Caller[] = [
      openai({ ...places, ...account, apiKey: `sk-${CANARY}` }, own),
      openai({ ...places, apiKey: async () => `sk-${CANARY}` }),
      claude({ ...places, apiKey: `ant-${CANARY}` }),
      claude({ ...places, apiKey: null, authToken: `${CANARY}-token` }),
      bedrock({ awsAccessKey: `${CANARY}-access`, awsSecretKey: `${CANARY}-secret` }),
      door({ authorization: `Bearer ${CANARY}-door` }, `?key=${CANARY}-query`),
      everyone({}, { ...places, apiKey: `sk-${CANARY}` }),
    ];
    const statuses: unknown[] = [];
    for (const call of calls) {
      provider.enqueue({ headers }, { match: /completions|v1.messages/ });
      for (const time of [1, 2]) {
        statuses.push([time, await call(gateway)]);
        await gateway.flush();
      }
    }

    const told = [
      [...store],
      rows,
      settlements,
      spans().map(({ name, attributes, events, links }) => [name, attributes, events, links]),
      await points(),
    ];
    expect(statuses.filter((status) => String(status) === '2,HIT').length).toBeGreaterThan(5);
    expect(store.size).toBeGreaterThan(5);
    expect(JSON.stringify(told)).not.toContain(CANARY);
    expect(inspect(told, { depth: 12, showHidden: true })).not.toContain(CANARY);
    for (const { cacheKey } of rows) expect(cacheKey).toMatch(/^[\da-f]{64}$/);
  });
});
