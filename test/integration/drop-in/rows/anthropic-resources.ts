import type { AnthropicBench, Row } from '../support/bench.js';
import { all, first, headOf, plain } from '../support/observe.js';
import { message } from './anthropic-messages.js';

const again = { status: 500, headers: { 'retry-after-ms': '1' } };
const statuses = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 503, 504, 529];

function batch(...ids: readonly string[]) {
  return { requests: ids.map((custom_id) => ({ custom_id, params: message })) };
}

/** What else an Anthropic client does: batches, models, errors, options. */
export const anthropicResourceRows: readonly Row<AnthropicBench>[] = [
  {
    name: 'messages.countTokens, plain and beta',
    async run({ client }) {
      const api = client();
      const { max_tokens: _, ...ask } = message;
      return plain([await api.messages.countTokens(ask), await api.beta.messages.countTokens(ask)]);
    },
  },
  {
    name: 'batches: create, poll, results line by line',
    async run({ client }) {
      const { batches } = client().messages;
      const { id } = await batches.create(batch('a', 'b', 'c'));
      const polls = [await batches.retrieve(id), await batches.retrieve(id)];
      return [plain(polls), await all(await batches.results(id))];
    },
  },
  {
    name: 'batches: results broken off',
    async run({ client }) {
      const { batches } = client().messages;
      const { id } = await batches.create(batch('a', 'b'));
      for (let poll = 0; poll < 2; poll += 1) await batches.retrieve(id);
      return first(await batches.results(id), 1);
    },
  },
  {
    name: 'batches: list page by page, cancel, delete, results not ready',
    async run({ client, caught }) {
      const { batches } = client().messages;
      for (const id of ['a', 'b', 'c']) await batches.create(batch(id));
      const page = await batches.list({ limit: 2 });
      const next = await page.getNextPage();
      const id = page.data[0]?.id ?? '';
      return [
        plain(page),
        plain(next),
        await all(batches.list({ limit: 1 })),
        await caught(batches.results(id)),
        plain(await batches.cancel(id)),
        plain(await batches.delete(id)),
      ];
    },
  },
  {
    name: 'models: list, retrieve, not found',
    async run({ client, caught }) {
      const { models } = client();
      return [
        await all(models.list({ limit: 2 })),
        plain(await models.retrieve('claude-haiku-4-5')),
        await caught(models.retrieve('missing')),
      ];
    },
  },
  {
    name: 'client.get, post, put, patch and delete on any path',
    async run({ client, provider }) {
      const raw = client();
      provider.enqueue({ json: { any: ['thing'] } }, { times: 5 });
      return [
        plain(await raw.get('/v1/any', { query: { a: 'b c' } })),
        plain(await raw.post('/v1/any', { body: { x: 1 } })),
        plain(await raw.put('/v1/any', { body: { x: 2 } })),
        plain(await raw.patch('/v1/any', { body: { x: 3 } })),
        plain(await raw.delete('/v1/any')),
      ];
    },
  },
  ...statuses.map((status) => ({
    name: `${status} is thrown as the SDK’s class, with everything in it`,
    async run({ client, provider, caught }: AnthropicBench) {
      provider.enqueue({ status, error: { message: `no: ${status}` } });
      return caught(client().messages.create(message));
    },
  })),
  {
    name: 'a refused connection is the SDK’s connection error',
    async run({ client, caught }) {
      const outcome = await caught(
        client({ baseURL: 'http://127.0.0.1:1' }).messages.create(message),
      );
      // The gateway puts the network's code behind the SDK's "Connection error": compared without it.
      return JSON.parse(
        JSON.stringify(outcome).replaceAll(/Connection error[^"]*/g, 'Connection error'),
      );
    },
  },
  {
    name: 'maxRetries, headers and query of one request; every attempt is counted',
    async run({ client, provider }) {
      provider.enqueue(again, { times: 2 });
      const options = { maxRetries: 2, headers: { 'x-one': '1' }, query: { trace: 'yes' } };
      const { data, response } = await client().messages.create(message, options).withResponse();
      return [plain(data), headOf(response)];
    },
  },
  {
    name: 'retries are used up',
    async run({ client, provider, caught }) {
      provider.enqueue(again, { times: 5 });
      return caught(client({ maxRetries: 1 }).messages.create(message));
    },
  },
  {
    name: 'timeout of one request',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang' });
      const outcome = await caught(client().messages.create(message, { timeout: 500 }));
      return [outcome, await provider.requests[0]?.settled];
    },
  },
  {
    name: 'a signal that was aborted before, and one that is while waiting',
    async run({ client, provider, caught }) {
      const { messages } = client();
      const before = await caught(messages.create(message, { signal: AbortSignal.abort() }));
      provider.enqueue({ fault: 'hang' });
      const abort = new AbortController();
      const outcome = caught(messages.create(message, { signal: abort.signal }));
      const request = await provider.waitForRequest();
      abort.abort();
      return [before, await outcome, await request.settled];
    },
  },
  {
    name: 'withOptions() keeps what it does not change',
    async run({ client, provider }) {
      const one = client({ defaultHeaders: { 'x-a': '1' }, maxRetries: 1 });
      const second = one.withOptions({ defaultHeaders: { 'x-b': '2' }, timeout: 9_000 });
      provider.enqueue(again);
      const answer = plain(await second.messages.create(message));
      return [answer, second.timeout, second.maxRetries, second.constructor === one.constructor];
    },
  },
  {
    name: 'an apiKey function is asked on every attempt',
    async run({ client, provider }) {
      let turn = 0;
      provider.enqueue(again);
      const apiKey = async () => {
        turn += 1;
        return `key-${turn}`;
      };
      const answer = await client({ apiKey, maxRetries: 1 }).messages.create(message);
      return [plain(answer), turn];
    },
  },
  {
    name: 'credentials are renewed when a 401 refuses them',
    async run({ client, provider }) {
      const asked: unknown[] = [];
      provider.enqueue({ status: 401, headers: { 'retry-after-ms': '1' } });
      const credentials = async (options?: { forceRefresh?: boolean }) => {
        asked.push(options?.forceRefresh ?? false);
        return { token: `token-${asked.length}`, expiresAt: null };
      };
      const answer = await client({ apiKey: null, credentials, maxRetries: 1 }).messages.create(
        message,
      );
      return [plain(answer), asked];
    },
  },
  {
    name: 'the SDK’s own middleware runs on every attempt',
    async run({ client, provider }) {
      const trail: unknown[] = [];
      provider.enqueue(again);
      const api = client({
        maxRetries: 1,
        middleware: [
          async (request, next) => {
            trail.push(['in', new URL(request.url).pathname]);
            const response = await next(request);
            trail.push(['out', response.status]);
            return response;
          },
        ],
      });
      return [plain(await api.messages.create(message)), trail];
    },
  },
];
