import type OpenAI from 'openai';

import type { OpenAIBench, Row } from '../support/bench.js';
import { all, plain } from '../support/observe.js';
import type { OpenAISdk } from '../support/sdks.js';
import { chat } from './openai-chat.js';

const again = { status: 500, headers: { 'retry-after-ms': '1' } };

/** The hooks of an SDK client, as far as the classes below use them. */
interface Hooks {
  prepareOptions(options: { readonly path: string }): Promise<void>;
  prepareRequest(
    request: { readonly headers: Headers },
    about: { readonly url: string },
  ): Promise<void>;
  authHeaders(...given: never[]): Promise<unknown>;
  fetchWithTimeout(...given: never[]): Promise<unknown>;
}

/** Where the hooks of a test's own classes write down that they ran. */
const trails = new WeakMap<object, string[]>();

/**
 * A class as an application derives it: every hook that the SDK offers is overridden. The hooks are
 * protected, so the class is written over a base that shows them.
 */
function hookedClass({ OpenAI }: OpenAISdk): typeof OpenAI {
  const Base = OpenAI as unknown as new (...given: unknown[]) => Hooks;
  class Hooked extends Base {
    override async prepareOptions(options: { path: string }): Promise<void> {
      note(this, `prepareOptions ${options.path}`);
    }
    override async prepareRequest(
      request: { headers: Headers },
      about: { url: string },
    ): Promise<void> {
      note(this, `prepareRequest ${new URL(about.url).pathname}`);
      request.headers.set('x-prepared', String(countOf(this)));
    }
    override async authHeaders(...given: never[]): Promise<unknown> {
      note(this, 'authHeaders');
      return super.authHeaders(...given);
    }
    override async fetchWithTimeout(...given: never[]): Promise<unknown> {
      note(this, 'fetchWithTimeout');
      return super.fetchWithTimeout(...given);
    }
  }
  return Hooked as unknown as typeof OpenAI;
}

function note(client: object, word: string): void {
  trailOf(client).push(word);
}

function countOf(client: object): number {
  return trailOf(client).length;
}

function trailOf(client: object): string[] {
  const known = trails.get(client) ?? [];
  trails.set(client, known);
  return known;
}

function hooked({ sdk, provider, connect }: OpenAIBench): OpenAI {
  const Hooked = hookedClass(sdk);
  const options = {
    apiKey: 'test-key',
    baseURL: provider.baseURL,
    logLevel: 'off',
    maxRetries: 2,
  } as const;
  return connect(new Hooked(options));
}

/** Classes that applications derive from the SDK's. */
export const openaiSubclassRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'a subclass’s hooks run on every attempt',
    async run(bench) {
      bench.provider.enqueue(again, { times: 2 });
      const client = hooked(bench);
      const answer = await client.chat.completions.create(chat);
      return [plain(answer), client.constructor.name, trailOf(client)];
    },
  },
  {
    name: 'a subclass’s hooks run for streams, files and pages',
    async run(bench) {
      const client = hooked(bench);
      const file = await bench.sdk.toFile(Buffer.from('x'), 'x.txt');
      const chunks = await all(await client.chat.completions.create({ ...chat, stream: true }));
      bench.provider.enqueue(again);
      const kept = await client.files.create({ file, purpose: 'assistants' });
      return [chunks, plain(kept), await all(client.files.list()), trailOf(client)];
    },
  },
  {
    name: 'a subclass with a method of its own, and another default',
    async run({ sdk, provider, connect }) {
      class Mine extends sdk.OpenAI {
        ask(question: string) {
          return this.chat.completions.create({
            model: 'm',
            messages: [{ role: 'user', content: question }],
          });
        }
      }
      const client = connect(new Mine({ apiKey: 'k', baseURL: provider.baseURL, logLevel: 'off' }));
      return [
        plain(await client.ask('hello')),
        client instanceof Mine,
        client instanceof sdk.OpenAI,
      ];
    },
  },
  {
    name: 'AzureOpenAI: deployment in the path, api-key in the headers',
    async run({ sdk, provider, connect }) {
      const azure = connect(
        new sdk.AzureOpenAI({
          endpoint: provider.url,
          apiKey: 'azure-key',
          apiVersion: '2025-04-01-preview',
          deployment: 'my-deployment',
          logLevel: 'off',
          maxRetries: 1,
        }),
      );
      provider.enqueue(again);
      const whole = plain(await azure.chat.completions.create(chat));
      return [whole, await all(await azure.chat.completions.create({ ...chat, stream: true }))];
    },
  },
  {
    name: 'AzureOpenAI with a token provider: a token for every attempt',
    async run({ sdk, provider, connect }) {
      let turn = 0;
      const azureADTokenProvider = async () => {
        turn += 1;
        return `token-${turn}`;
      };
      const apiVersion = '2025-04-01-preview';
      const options = {
        endpoint: provider.url,
        azureADTokenProvider,
        apiVersion,
        logLevel: 'off',
      } as const;
      const azure = connect(new sdk.AzureOpenAI({ ...options, maxRetries: 1 }));
      provider.enqueue(again);
      return [plain(await azure.chat.completions.create(chat)), turn];
    },
  },
  {
    name: 'workload identity: the token is exchanged once, and again where it is refused',
    async run({ sdk, provider, connect }) {
      let turn = 0;
      const exchanges: string[] = [];
      const fetchToo: typeof fetch = async (input, init) => {
        const url = String(input instanceof Request ? input.url : input);
        if (url.startsWith(provider.url)) return fetch(input, init);
        exchanges.push(new URL(url).pathname);
        return Response.json({
          access_token: `access-${exchanges.length}`,
          token_type: 'Bearer',
          expires_in: 3600,
        });
      };
      const getToken = async () => {
        turn += 1;
        return `subject-${turn}`;
      };
      const workloadIdentity = {
        identityProviderId: 'idp_1',
        serviceAccountId: 'sa_1',
        provider: { tokenType: 'jwt', getToken },
      } as const;
      const client = connect(
        new sdk.OpenAI({
          workloadIdentity,
          fetch: fetchToo,
          baseURL: provider.baseURL,
          logLevel: 'off',
          maxRetries: 1,
        }),
      );
      const first = plain(await client.chat.completions.create(chat));
      provider.enqueue({ status: 401 });
      return [first, plain(await client.chat.completions.create(chat)), exchanges, turn];
    },
  },
];
