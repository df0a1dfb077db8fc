import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { AzureOpenAI } from 'openai';
import { fromX509 } from 'openai/auth/x509-transport';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createGateway, type GatewayError } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { chat } from './rows/openai-chat.js';
import { anthropicSdks, openaiSdks } from './support/sdks.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

/** What wrapping a client throws. */
function refusalOf(client: object): GatewayError {
  try {
    createGateway().wrap(client);
  } catch (error) {
    // wrap() throws nothing else.
    return error as GatewayError;
  }
  throw new Error('it was not refused');
}

/** A private key and a certificate for it, or nothing where there is no openssl. */
function makeCertificate(): { privateKey: string; certificateChain: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'zerohop-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ];
  try {
    const options = { stdio: 'ignore' } as const;
    execFileSync(
      'openssl',
      [...request, '-subj', '/CN=test', '-keyout', key, '-out', certificate],
      options,
    );
    return {
      privateKey: readFileSync(key, 'utf8'),
      certificateChain: readFileSync(certificate, 'utf8'),
    };
  } catch {
    process.stderr.write('other-clients.test.ts: the X.509 test is skipped, there is no openssl\n');
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const certificate = makeCertificate();

describe('a client that cannot be cloned is refused with the cure', () => {
  const options = { apiKey: 'k', baseURL: 'http://127.0.0.1:1/v1' };

  it('a subclass whose constructor takes something else', () => {
    class Tenant extends OpenAI {
      readonly tenant: string;
      constructor(tenant: string) {
        super(options);
        this.tenant = tenant;
      }
    }

    const error = refusalOf(new Tenant('acme'));

    expect(error).toMatchObject({ code: 'zerohop_client' });
    expect(error.message).toContain(
      "let Tenant's constructor take the SDK's options object, or override withOptions()",
    );
  });

  it('a subclass whose constructor throws on the SDK’s options', () => {
    class Strict extends OpenAI {
      constructor(tenant: { id: string }) {
        super({ ...options, project: tenant.id.toUpperCase() });
      }
    }

    const error = refusalOf(new Strict({ id: 'acme' }));

    expect(error).toMatchObject({ code: 'zerohop_client' });
    expect(error.message).toMatch(
      /Strict\.withOptions\(\) failed .* must override withOptions\(\)/s,
    );
  });

  it('a subclass whose withOptions() gives another class', () => {
    class Forgetful extends OpenAI {
      override withOptions(): this {
        // What an application may get wrong.
        return new OpenAI(options) as this;
      }
    }

    expect(refusalOf(new Forgetful(options)).message).toContain(
      'does not return another Forgetful',
    );
  });

  it('a subclass that answers with something else than the SDK’s promise', () => {
    class Eager extends OpenAI {
      override request(): never {
        // What an application may get wrong.
        return Promise.resolve('answer') as never;
      }
    }

    expect(refusalOf(new Eager(options)).message).toContain(
      'let it return what super.request() gives',
    );
  });

  it.each([
    ['an object', {}],
    ['a function', () => undefined],
    ['a Response', new Response()],
  ])('%s', (_, client) => {
    const error = refusalOf(client);

    expect(error).toMatchObject({ code: 'zerohop_client' });
    expect(error.message).toContain('pass a client of the OpenAI or Anthropic SDK');
  });

  it('and is wrapped once it overrides withOptions()', async () => {
    class Tenant extends OpenAI {
      readonly tenant: string;
      constructor(tenant: string, more: ConstructorParameters<typeof OpenAI>[0] = {}) {
        super({ apiKey: 'k', baseURL: provider.baseURL, ...more });
        this.tenant = tenant;
      }
      override withOptions(more: object): this {
        return new Tenant(this.tenant, { ...this._options, ...more }) as this;
      }
    }

    const client = createGateway().wrap(new Tenant('acme'));
    const { response } = await client.chat.completions.create(chat).withResponse();

    expect(client.tenant).toBe('acme');
    expect(response.headers.has('x-zerohop-call-id')).toBe(true);
  });
});

describe('clients of other copies and majors of the SDK', () => {
  it.each([...openaiSdks])(
    '$name: keeps its class, and errors are of its own copy',
    async ({ OpenAI: Own }) => {
      const client = createGateway().wrap(
        new Own({ apiKey: 'k', baseURL: provider.baseURL, maxRetries: 0 }),
      );
      provider.enqueue({ status: 429 });

      const error: unknown = await client.chat.completions
        .create(chat)
        .catch((thrown: unknown) => thrown);

      expect(client).toBeInstanceOf(Own);
      expect(error).toBeInstanceOf(Own.RateLimitError);
    },
  );

  it.each([...anthropicSdks])(
    '$name: keeps its class, and errors are of its own copy',
    async ({ Anthropic: Own }) => {
      const options = { apiKey: 'k', baseURL: provider.anthropicBaseURL, maxRetries: 0 };
      const client = createGateway().wrap(new Own(options));
      provider.enqueue({ status: 529 });

      const error: unknown = await client.models.list().catch((thrown: unknown) => thrown);

      expect(client).toBeInstanceOf(Own);
      expect(error).toBeInstanceOf(Own.InternalServerError);
    },
  );

  it('all of them at once over one gateway', async () => {
    const ids = new Set<string>();
    const gateway = createGateway({
      interceptors: [(request, next, { id }) => next(request).finally(() => ids.add(id))],
    });

    const clients = openaiSdks.map((sdk) =>
      gateway.wrap(new sdk.OpenAI({ apiKey: 'k', baseURL: provider.baseURL })),
    );
    await Promise.all(clients.map((client) => client.chat.completions.create(chat)));

    expect(ids.size).toBe(openaiSdks.length);
  });
});

describe('wrap()', () => {
  it('leaves the client it was given as it is', async () => {
    const given = new OpenAI({ apiKey: 'k', baseURL: provider.baseURL });
    const before = Reflect.ownKeys(given);
    createGateway().wrap(given);

    const { response } = await given.chat.completions.create(chat).withResponse();

    expect(Reflect.ownKeys(given)).toEqual(before);
    expect([...response.headers.keys()].filter((name) => name.startsWith('x-zerohop'))).toEqual([]);
  });

  it('wraps a wrapped client anew, not twice', async () => {
    const calls: string[] = [];
    const [one, two] = ['one', 'two'].map((name) =>
      createGateway({
        interceptors: [
          (request, next) => {
            calls.push(name);
            return next(request);
          },
        ],
      }),
    );

    const client = two?.wrap(
      one?.wrap(new OpenAI({ apiKey: 'k', baseURL: provider.baseURL })) ?? {},
    );
    await (client as OpenAI | undefined)?.chat.completions.create(chat);

    expect(calls).toEqual(['two']);
    expect(client?.gateway).toBe(two);
  });

  it('keeps a fetch of the user’s, through withOptions() as well', async () => {
    const sent: string[] = [];
    const own: typeof fetch = (input, init) => {
      sent.push(String(input));
      return fetch(input, init);
    };
    const client = createGateway().wrap(
      new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, fetch: own }),
    );

    await client.chat.completions.create(chat);
    await client
      .withOptions({ timeout: 5_000 })
      .withOptions({ maxRetries: 1 })
      .chat.completions.create(chat);

    expect(sent).toHaveLength(2);
  });

  it('keeps deployment and version of an Azure client through withOptions()', async () => {
    const azure = new AzureOpenAI({
      endpoint: provider.url,
      apiKey: 'k',
      apiVersion: '2025-04-01',
      deployment: 'mine',
    });

    await createGateway().wrap(azure).withOptions({ timeout: 5_000 }).chat.completions.create(chat);

    expect(provider.requests[0]?.target).toBe(
      '/openai/deployments/mine/chat/completions?api-version=2025-04-01',
    );
  });

  it.skipIf(certificate === undefined)(
    'leaves an X.509 client on its own transport, and says so',
    async () => {
      const credential = fromX509({
        privateKey: certificate?.privateKey ?? '',
        certificateChain: certificate?.certificateChain ?? '',
        identityProviderId: 'idp_1',
        serviceAccountId: 'sa_1',
      });
      onTestFinished(() => credential.close());
      const notes: string[] = [];
      const gateway = createGateway({
        logger: { warn: (message) => notes.push(message) },
        interceptors: [async () => Response.json({ id: 'from the pipeline' })],
      });

      const client = gateway.wrap(new OpenAI({ credential }));
      const answer = await client.chat.completions.create(chat);

      expect(answer.id).toBe('from the pipeline');
      expect(notes).toEqual([expect.stringContaining('X.509 client keeps its own transport')]);
    },
  );
});
