import type { OpenAIBench, Row } from '../support/bench.js';
import { all, plain } from '../support/observe.js';
import { chat } from './openai-chat.js';

const again = { status: 500, headers: { 'retry-after-ms': '1' } };

/** Options of the client and of one request, aborts and timeouts. */
export const openaiOptionRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'headers, query and idempotencyKey of one request',
    async run(bench) {
      const { completions } = bench.client({ defaultHeaders: { 'x-default': 'd' } }).chat;
      const answer = await completions.create(chat, {
        headers: { 'x-one': '1', 'x-default': null, 'OpenAI-Beta': 'assistants=v2' },
        query: { trace: 'yes' },
        idempotencyKey: 'mine-1',
      });
      return plain(answer);
    },
  },
  {
    name: 'defaultHeaders, defaultQuery, organization and project of the client',
    async run({ client }) {
      const options = {
        defaultHeaders: { 'x-default': 'd' },
        defaultQuery: { version: '1' },
        organization: 'org',
        project: 'proj',
      };
      return plain(await client(options).chat.completions.create(chat));
    },
  },
  {
    name: 'maxRetries of the client: every attempt is counted in its headers',
    async run(bench) {
      bench.provider.enqueue(again, { times: 2 });
      const options = { idempotencyKey: 'mine-2' };
      const answer = await bench.client({ maxRetries: 2 }).chat.completions.create(chat, options);
      return plain(answer);
    },
  },
  {
    name: 'maxRetries of one request, until they are used up',
    async run({ client, provider, caught }) {
      provider.enqueue(again, { times: 5 });
      const { completions } = client({ maxRetries: 4 }).chat;
      return caught(completions.create(chat, { maxRetries: 1 }));
    },
  },
  {
    name: 'a stream is retried before it begins',
    async run({ client, provider }) {
      provider.enqueue({ status: 429, headers: { 'retry-after-ms': '1' } });
      const { completions } = client({ maxRetries: 1 }).chat;
      return all(await completions.create({ ...chat, stream: true }));
    },
  },
  ...[400, 401, 404, 422].map((status) => ({
    name: `${status} is not retried`,
    async run({ client, provider, caught }: OpenAIBench) {
      provider.enqueue({ status });
      return caught(client({ maxRetries: 2 }).chat.completions.create(chat));
    },
  })),
  {
    name: 'x-should-retry of the provider decides',
    async run({ client, provider, caught }) {
      provider.enqueue({ status: 500, headers: { 'x-should-retry': 'false' } });
      provider.enqueue({
        status: 400,
        headers: { 'x-should-retry': 'true', 'retry-after-ms': '1' },
      });
      const { completions } = client({ maxRetries: 1 }).chat;
      return [await caught(completions.create(chat)), plain(await completions.create(chat))];
    },
  },
  {
    name: 'timeout of one request',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang' });
      const outcome = await caught(client().chat.completions.create(chat, { timeout: 500 }));
      return [outcome, await provider.requests[0]?.settled];
    },
  },
  {
    name: 'timeout of the client is retried',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'hang' });
      return plain(await client({ timeout: 500, maxRetries: 1 }).chat.completions.create(chat));
    },
  },
  {
    name: 'a signal that was aborted before: nothing is sent',
    async run({ client, provider, caught }) {
      const outcome = await caught(
        client().chat.completions.create(chat, { signal: AbortSignal.abort() }),
      );
      return [outcome, provider.requests.length];
    },
  },
  {
    name: 'an abort while waiting for headers',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang' });
      const abort = new AbortController();
      const outcome = caught(client().chat.completions.create(chat, { signal: abort.signal }));
      const request = await provider.waitForRequest();
      abort.abort();
      return [await outcome, await request.settled];
    },
  },
  {
    name: 'an abort while a stream waits for headers',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang' });
      const abort = new AbortController();
      const outcome = caught(
        client().chat.completions.create({ ...chat, stream: true }, { signal: abort.signal }),
      );
      const request = await provider.waitForRequest();
      abort.abort();
      return [await outcome, await request.settled];
    },
  },
  {
    name: 'an abort while the body is read',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang;after=bytes:40' });
      const abort = new AbortController();
      const promise = client().chat.completions.create(chat, { signal: abort.signal });
      const outcome = caught(promise);
      const request = await provider.waitForRequest();
      await Promise.race([promise.asResponse(), request.settled]).catch(() => undefined);
      abort.abort();
      return [await outcome, await request.settled];
    },
  },
  {
    name: 'withOptions() keeps what it does not change, and its calls go the same way',
    async run({ client, provider }) {
      const first = client({ defaultHeaders: { 'x-a': '1' }, maxRetries: 1 });
      const second = first.withOptions({ defaultHeaders: { 'x-b': '2' }, timeout: 9_000 });
      const third = second.withOptions({ apiKey: 'another-key' });
      provider.enqueue(again);
      return plain([
        await third.chat.completions.create(chat),
        [third.timeout, third.maxRetries, third.apiKey, third.baseURL === first.baseURL],
        third.constructor === first.constructor,
      ]);
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
      const answer = await client({ apiKey, maxRetries: 1 }).chat.completions.create(chat);
      return [plain(answer), turn, provider.requests.map(({ headers }) => headers.authorization)];
    },
  },
  {
    name: 'an apiKey function that fails',
    run: ({ client, caught }) => {
      const apiKey = () => Promise.reject(new Error('the vault is shut'));
      return caught(client({ apiKey }).chat.completions.create(chat));
    },
  },
];
