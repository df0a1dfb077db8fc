import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { OpenAIBench, Row } from '../support/bench.js';
import { all, plain, responseOf, textOf } from '../support/observe.js';

const fixture = fileURLToPath(new URL('./openai-files.ts', import.meta.url));
const purpose = 'assistants';

async function uploadThree({ client, sdk }: OpenAIBench): Promise<void> {
  for (const name of ['a', 'b', 'c']) {
    const file = await sdk.toFile(Buffer.from(name), `${name}.txt`);
    await client().files.create({ file, purpose });
  }
}

/** Files and uploads: multipart out, pages and binary in. */
export const openaiFileRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'files.create from a Buffer by toFile()',
    async run({ client, sdk }) {
      const file = await sdk.toFile(Buffer.from('line\r\nline'), 'lines.txt', {
        type: 'text/plain',
      });
      return plain(await client().files.create({ file, purpose }));
    },
  },
  {
    name: 'files.create from a stream of the file system',
    run: async ({ client }) =>
      plain(await client().files.create({ file: createReadStream(fixture), purpose })),
  },
  {
    name: 'files.create from a File, a Response and an async iterable',
    async run({ client, sdk }) {
      const { files } = client();
      async function* pieces() {
        yield Buffer.from('one ');
        yield Buffer.from('two');
      }
      return plain([
        await files.create({
          file: new File(['in memory'], 'm.txt', { type: 'text/plain' }),
          purpose,
        }),
        await files.create({ file: await sdk.toFile(new Response('fetched'), 'r.txt'), purpose }),
        await files.create({ file: await sdk.toFile(pieces(), 'pieces.txt'), purpose }),
      ]);
    },
  },
  {
    name: 'files.create from a Blob, which has no name',
    async run({ client, sdk }) {
      const file = await sdk.toFile(new Blob(['blob'], { type: 'application/json' }), 'blob.json');
      return plain(
        await client().files.create({
          file,
          purpose,
          expires_after: { anchor: 'created_at', seconds: 3600 },
        }),
      );
    },
  },
  {
    name: 'files.create is retried, the form sent whole again',
    async run({ client, sdk, provider }) {
      provider.enqueue({ status: 500, headers: { 'retry-after-ms': '1' } });
      const file = await sdk.toFile(Buffer.from('again'), 'again.txt');
      return plain(await client({ maxRetries: 1 }).files.create({ file, purpose }));
    },
  },
  {
    name: 'files: retrieve, content as binary, delete, not found',
    async run({ client, sdk, caught }) {
      const { files } = client();
      const file = await sdk.toFile(Buffer.from([0, 1, 254, 255]), 'bytes.bin');
      const { id } = await files.create({ file, purpose });
      const content = await files.content(id);
      return [
        plain(await files.retrieve(id)),
        plain(await content.arrayBuffer()),
        await responseOf(await files.content(id).asResponse()),
        plain(await files.delete(id)),
        await caught(files.retrieve(id)),
      ];
    },
  },
  {
    name: 'files.content read as a stream',
    async run({ client, sdk }) {
      const { files } = client();
      const { id } = await files.create({
        file: await sdk.toFile(Buffer.from('streamed'), 's'),
        purpose,
      });
      const { body } = await files.content(id);
      return body && textOf(body);
    },
  },
  {
    name: 'files.list: for await over all pages',
    async run(bench) {
      await uploadThree(bench);
      return all(bench.client().files.list({ limit: 2 }));
    },
  },
  {
    name: 'files.list: page by page with getNextPage()',
    async run(bench) {
      await uploadThree(bench);
      const page = await bench.client().files.list({ limit: 2, order: 'desc' });
      const next = await page.getNextPage();
      return [
        plain(page),
        page.hasNextPage(),
        plain(next),
        next.hasNextPage(),
        await bench.caught(() => next.getNextPage()),
      ];
    },
  },
  {
    name: 'files.list: iterPages(), getPaginatedItems() and withResponse()',
    async run(bench) {
      await uploadThree(bench);
      const { files } = bench.client();
      const pages: unknown[] = [];
      const start = await files.list({ limit: 1 });
      for await (const page of start.iterPages()) pages.push(plain(page.getPaginatedItems()));
      const { data, request_id } = await files.list({ limit: 1 }).withResponse();
      return [
        pages,
        plain(data.data),
        request_id,
        await responseOf(await files.list().asResponse()),
      ];
    },
  },
  {
    name: 'files.list is retried on every page',
    async run(bench) {
      await uploadThree(bench);
      const { files } = bench.client({ maxRetries: 1 });
      bench.provider.enqueue({ status: 503, headers: { 'retry-after-ms': '1' } });
      const page = await files.list({ limit: 2 });
      bench.provider.enqueue({ status: 503, headers: { 'retry-after-ms': '1' } });
      return [plain(page.data), plain((await page.getNextPage()).data)];
    },
  },
  {
    name: 'files.list fails with the provider’s error',
    async run({ client, provider, caught }) {
      provider.enqueue({ status: 403 }, { times: 2 });
      return [await caught(client().files.list()), await caught(all(client().files.list()))];
    },
  },
  {
    name: 'uploads: create, add parts, complete, cancel',
    async run({ client, sdk }) {
      const { uploads } = client();
      const start = { bytes: 6, filename: 'six.txt', mime_type: 'text/plain', purpose } as const;
      const { id } = await uploads.create(start);
      const parts = [];
      for (const text of ['abc', 'def']) {
        parts.push(
          await uploads.parts.create(id, { data: await sdk.toFile(Buffer.from(text), 'part') }),
        );
      }
      const done = await uploads.complete(id, { part_ids: parts.map((part) => part.id) });
      const other = await uploads.create(start);
      return plain([parts, done, await uploads.cancel(other.id)]);
    },
  },
];
