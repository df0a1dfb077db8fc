import type { OpenAIBench, Row } from '../support/bench.js';
import { all } from '../support/observe.js';
import { chat } from './openai-chat.js';

const statuses = [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529];

/** How calls fail. */
export const openaiErrorRows: readonly Row<OpenAIBench>[] = [
  ...statuses.map((status) => ({
    name: `${status} is thrown as the SDK’s class, with everything in it`,
    async run({ client, provider, caught }: OpenAIBench) {
      provider.enqueue({
        status,
        error: { message: `no: ${status}`, code: 'some_code', param: 'model' },
      });
      return caught(client().chat.completions.create(chat));
    },
  })),
  {
    name: 'an error of a streamed call, of a raw call, and of .asResponse()',
    async run({ client, provider, caught }) {
      provider.enqueue({ status: 404 }, { times: 4 });
      const api = client();
      return [
        await caught(api.chat.completions.create({ ...chat, stream: true })),
        await caught(api.get('/any')),
        await caught(api.chat.completions.create(chat).asResponse()),
        await caught(api.chat.completions.create(chat).withResponse()),
      ];
    },
  },
  {
    name: 'an error with an unusual body: a string, a bare object, nothing',
    async run({ client, provider, caught }) {
      provider.enqueue({ status: 400, json: { error: 'just a string' } });
      provider.enqueue({ status: 400, json: { message: 'bare', code: 7 } });
      provider.enqueue({ status: 400, body: '' });
      const { completions } = client().chat;
      return [
        await caught(completions.create(chat)),
        await caught(completions.create(chat)),
        await caught(completions.create(chat)),
      ];
    },
  },
  {
    name: 'a refused connection is the SDK’s connection error',
    async run({ client, caught }) {
      const closed = client({ baseURL: 'http://127.0.0.1:1/v1' });
      const outcome = await caught(closed.chat.completions.create(chat));
      // The gateway puts the network's code behind the SDK's "Connection error": compared without it.
      return JSON.parse(
        JSON.stringify(outcome).replaceAll(/Connection error[^"]*/g, 'Connection error'),
      );
    },
  },
  {
    name: 'an error while paging',
    async run({ client, sdk, provider, caught }) {
      const { files } = client();
      for (const name of ['a', 'b']) {
        await files.create({
          file: await sdk.toFile(Buffer.from(name), name),
          purpose: 'assistants',
        });
      }
      const page = await files.list({ limit: 1 });
      provider.enqueue({ status: 500 });
      return [await caught(page.getNextPage()), await caught(all(page))];
    },
  },
];
