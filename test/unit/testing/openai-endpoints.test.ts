import OpenAI, { toFile } from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type FakeProvider, startFakeProvider } from '../../../src/testing/index.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

describe.each([
  ['openai 7', OpenAI],
  ['openai 6', OpenAI6 as unknown as typeof OpenAI], // same surface for what is tested here
])('other endpoints through %s', (_, Client) => {
  const client = () => new Client({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });

  it('embeds alike in base64, which the SDK asks for by itself, and in floats', async () => {
    const { embeddings } = client();
    const coded = await embeddings.create({ model: 'e', input: ['a', 'b'], dimensions: 4 });
    const plain = await embeddings.create({
      model: 'e',
      input: ['a', 'b'],
      dimensions: 4,
      encoding_format: 'float',
    });

    expect(provider.requests[0]?.json).toMatchObject({ encoding_format: 'base64' });
    expect(coded.data).toEqual(plain.data);
    expect(coded.data[0]?.embedding).toHaveLength(4);
    expect(coded.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
  });

  it('takes scripted vectors and token inputs', async () => {
    provider.enqueue({ embeddings: [[0.5, -1]] });
    const answer = await client().embeddings.create({ model: 'e', input: [1, 2, 3] });

    expect(answer.data.map(({ embedding }) => embedding)).toEqual([[0.5, -1]]);
  });

  it('completes prompts the legacy way, plain and streamed', async () => {
    const { completions } = client();
    const whole = await completions.create({ model: 'm', prompt: 'once' });
    const stream = await completions.create({ model: 'm', prompt: 'once', stream: true });
    const chunks = await collect(stream);

    expect(whole.choices[0]).toMatchObject({ text: 'echo: once', finish_reason: 'stop' });
    expect(chunks.map((chunk) => chunk.choices[0]?.text).join('')).toBe('echo: once');
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  it('lists and retrieves models', async () => {
    const { models } = client();

    expect((await collect(models.list())).length).toBeGreaterThan(2);
    expect((await models.retrieve('gpt-5')).id).toBe('gpt-5');
    await expect(models.retrieve('missing')).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it('keeps uploaded files byte for byte and lists them page by page', async () => {
    const { files } = client();
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255]);
    const ids: string[] = [];
    for (const name of ['a.bin', 'b.bin', 'c.bin']) {
      const file = await toFile(bytes, name);
      ids.push((await files.create({ file, purpose: 'assistants' })).id);
    }
    const listed = await collect(files.list({ limit: 2 }));
    const [first = ''] = ids;
    const content = await files.content(first);

    expect(listed.map(({ filename, bytes: size }) => [filename, size])).toEqual([
      ['a.bin', 6],
      ['b.bin', 6],
      ['c.bin', 6],
    ]);
    expect(Buffer.from(await content.arrayBuffer())).toEqual(bytes);
    expect(await files.delete(first)).toMatchObject({ deleted: true });
    await expect(files.retrieve(first)).rejects.toMatchObject({ status: 404 });
  });

  it('joins the parts of an upload', async () => {
    const { uploads, files } = client();
    const shape = { bytes: 6, filename: 'x.txt', mime_type: 'text/plain' };
    const { id } = await uploads.create({ ...shape, purpose: 'assistants' });
    const one = await uploads.parts.create(id, { data: await toFile(Buffer.from('abc'), 'p') });
    const two = await uploads.parts.create(id, { data: await toFile(Buffer.from('def'), 'p') });
    const done = await uploads.complete(id, { part_ids: [one.id, two.id] });
    const content = await files.content(done.file?.id ?? '');

    expect(done.status).toBe('completed');
    expect(await content.text()).toBe('abcdef');
  });

  it('draws, speaks and transcribes', async () => {
    const { images, audio } = client();
    const file = await toFile(Buffer.from('sound'), 'talk.mp3');
    const picture = await images.generate({ prompt: 'a dot', model: 'gpt-image-1', n: 2 });
    const speech = await audio.speech.create({ model: 't', voice: 'alloy', input: 'hello' });
    const text = await audio.transcriptions.create({ file, model: 'w' });
    const events = await collect(
      await audio.transcriptions.create({ file, model: 'gpt-4o-transcribe', stream: true }),
    );

    expect(picture.data).toHaveLength(2);
    expect(speech.headers.get('content-type')).toBe('audio/mpeg');
    expect(Buffer.from(await speech.arrayBuffer()).toString()).toBe('ID3 fake audio: hello');
    expect(text.text).toBe('transcript of talk.mp3 (5 bytes)');
    expect(events.at(-1)).toMatchObject({ type: 'transcript.text.done', text: text.text });
  });

  it('runs batches and moderates', async () => {
    const { batches, moderations } = client();
    const body = { input_file_id: 'f', completion_window: '24h' as const };
    const { id } = await batches.create({ ...body, endpoint: '/v1/chat/completions' });
    const seen = [(await batches.retrieve(id)).status, (await batches.retrieve(id)).status];
    const verdict = await moderations.create({ input: ['fine', 'flag-me'] });

    expect(seen).toEqual(['validating', 'completed']);
    expect((await batches.cancel(id)).status).toBe('cancelling');
    expect(await collect(batches.list())).toHaveLength(1);
    expect(verdict.results.map(({ flagged }) => flagged)).toEqual([false, true]);
  });

  it('finds the endpoint behind any prefix and answers 404 to what it does not know', async () => {
    const baseURL = `${provider.url}/groq/openai/v1`;
    const prefixed = new Client({ apiKey: 'test', baseURL, maxRetries: 0 });

    expect((await prefixed.models.retrieve('x')).id).toBe('x');
    await expect(prefixed.get('/nowhere')).rejects.toMatchObject({ status: 404 });
  });
});

it('serves Azure deployments', async () => {
  const { AzureOpenAI } = await import('openai');
  const shape = { apiKey: 'test', apiVersion: '2025-04-01-preview', deployment: 'mine' };
  const azure = new AzureOpenAI({ ...shape, endpoint: provider.url });

  const messages = [{ role: 'user' as const, content: 'hi' }];
  const answer = await azure.chat.completions.create({ model: 'm', messages });

  expect(provider.requests[0]?.path).toBe('/openai/deployments/mine/chat/completions');
  expect(answer.choices[0]?.message.content).toBe('echo: hi');
});

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
