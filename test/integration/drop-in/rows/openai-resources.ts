import type { OpenAIBench, Row } from '../support/bench.js';
import { all, headOf, plain, responseOf, textOf } from '../support/observe.js';

const embed = { model: 'text-embedding-3-small', input: ['one', 'two'] };
const complete = { model: 'gpt-3.5-turbo-instruct', prompt: 'one two three' } as const;
const say = { model: 'tts-1', voice: 'alloy', input: 'hello' } as const;
const batch = {
  input_file_id: 'file-1',
  endpoint: '/v1/chat/completions',
  completion_window: '24h',
} as const;

/** Everything that is neither chat, nor responses, nor files. */
export const openaiResourceRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'embeddings, as base64 behind the scenes, as floats, and as base64 by wish',
    async run({ client }) {
      const { embeddings } = client();
      return plain([
        await embeddings.create(embed),
        await embeddings.create({ ...embed, encoding_format: 'float' }),
        await embeddings.create({ ...embed, encoding_format: 'base64', dimensions: 4 }),
      ]);
    },
  },
  {
    name: 'embeddings.create().withResponse()',
    async run({ client }) {
      const { data, response } = await client().embeddings.create(embed).withResponse();
      return [plain(data), headOf(response)];
    },
  },
  {
    name: 'legacy completions, whole and streamed',
    async run({ client }) {
      const { completions } = client();
      const whole = plain(await completions.create({ ...complete, n: 2 }));
      const stream = await completions.create({
        ...complete,
        stream: true,
        stream_options: { include_usage: true },
      });
      return [whole, await all(stream)];
    },
  },
  {
    name: 'models: list, retrieve, delete, not found',
    async run({ client, caught }) {
      const { models } = client();
      const page = await models.list();
      return [
        page.data.map((model) => model.id),
        page.hasNextPage(),
        await all(models.list()),
        plain(await models.retrieve('gpt-5')),
        plain(await models.delete('ft:gpt-5')),
        await caught(models.retrieve('missing-model')),
      ];
    },
  },
  {
    name: 'images: generate, edit, and a stream of partial pictures',
    async run({ client, sdk }) {
      const { images } = client();
      const image = await sdk.toFile(Buffer.from('png'), 'picture.png', { type: 'image/png' });
      const stream = await images.generate({ model: 'gpt-image-1', prompt: 'a cat', stream: true });
      return [
        plain(await images.generate({ model: 'gpt-image-1', prompt: 'a cat', n: 2 })),
        plain(await images.edit({ image, prompt: 'a hat' })),
        await all(stream),
      ];
    },
  },
  {
    name: 'audio.speech gives a binary response: arrayBuffer and body',
    async run({ client }) {
      const { speech } = client().audio;
      const bytes = plain(await (await speech.create(say)).arrayBuffer());
      const response = await speech.create({ ...say, response_format: 'wav' });
      const text = response.body && (await textOf(response.body));
      return [bytes, headOf(response), text, response.bodyUsed];
    },
  },
  {
    name: 'audio.speech with .asResponse() and .withResponse()',
    async run({ client }) {
      const { speech } = client().audio;
      const raw = await speech.create(say).asResponse();
      const { data, response } = await speech.create(say).withResponse();
      return [await responseOf(raw), data === response, await data.text()];
    },
  },
  {
    name: 'audio.transcriptions: json, text, and streamed',
    async run({ client, sdk }) {
      const { transcriptions } = client().audio;
      const file = await sdk.toFile(Buffer.from('wave'), 'speech.wav');
      const ask = { file, model: 'gpt-4o-transcribe' };
      return [
        plain(await transcriptions.create(ask)),
        plain(await transcriptions.create({ ...ask, response_format: 'text' })),
        await all(await transcriptions.create({ ...ask, stream: true })),
      ];
    },
  },
  {
    name: 'audio.translations',
    async run({ client, sdk }) {
      const file = await sdk.toFile(Buffer.from('wave'), 'speech.wav');
      return plain(await client().audio.translations.create({ file, model: 'whisper-1' }));
    },
  },
  {
    name: 'batches: create, poll, list, cancel',
    async run({ client }) {
      const { batches } = client();
      const { id } = await batches.create(batch);
      const seen = [await batches.retrieve(id), await batches.retrieve(id)];
      const second = await batches.create(batch);
      return [
        plain(seen),
        plain(await batches.cancel(second.id)),
        await all(batches.list({ limit: 1 })),
      ];
    },
  },
  {
    name: 'moderations',
    async run({ client }) {
      const { moderations } = client();
      return plain(await moderations.create({ input: ['fine', 'flag-me'] }));
    },
  },
  {
    name: 'client.get, post, put, patch and delete on any path',
    async run({ client, provider }) {
      const raw = client();
      provider.enqueue({ json: { any: ['thing'] } }, { times: 4 });
      return [
        plain(await raw.get('/any', { query: { a: 'b c', d: ['e', 'f'] } })),
        plain(await raw.post('/any', { body: { x: 1 } })),
        plain(await raw.put('/any', { body: { x: 2 }, headers: { 'x-mine': 'yes' } })),
        plain(await raw.patch('/any', { body: { x: 3 } })),
        plain(await raw.delete('/models/m')),
      ];
    },
  },
  {
    name: 'raw calls: text, no content, an absolute URL, and a stream',
    async run({ client, provider }) {
      const raw = client();
      provider.enqueue({ body: 'plain text', headers: { 'content-type': 'text/plain' } });
      provider.enqueue({ status: 204, body: '', headers: { 'content-length': null } });
      provider.enqueue({ json: { absolute: true } });
      provider.enqueue({ events: ['{"a":1}', { event: 'named', data: { b: 2 } }, '[DONE]'] });
      return [
        plain(await raw.get('/text')),
        plain(await raw.post('/none')),
        plain(await raw.get(`${provider.url}/elsewhere`)),
        await all(await raw.post<AsyncIterable<unknown>>('/events', { body: {}, stream: true })),
      ];
    },
  },
  {
    name: 'raw calls with .asResponse()',
    async run({ client, provider }) {
      provider.enqueue({ body: Buffer.from([0, 255, 1]) });
      return responseOf(await client().get('/bytes').asResponse());
    },
  },
  {
    name: 'what no resource recognises passes through: a JSON body that is not an object',
    async run({ client, provider }) {
      provider.enqueue({ json: [1, null, 'three'] });
      provider.enqueue({ json: null });
      const raw = client();
      return [plain(await raw.post('/odd', { body: [1, 2] })), plain(await raw.get('/null'))];
    },
  },
];
