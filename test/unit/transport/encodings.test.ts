import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGatewayClient } from 'zerohop';

import { createTransport } from '../../../src/transport/transport.js';
import { startHttp, type TestServer } from '../../support/servers.js';

const answer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'h\u00e9llo' }, finish_reason: 'stop' },
  ],
};
const chunk = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
const events = [chunk('h\u00e9'), chunk('llo'), chunk('', 'stop'), 'data: [DONE]\n\n'];

type Encode = (bytes: Buffer) => Promise<Buffer>;

const codings: readonly (readonly [string, Encode])[] = [
  ['gzip', promisify(zlib.gzip)],
  ['x-gzip', promisify(zlib.gzip)],
  ['GZIP', promisify(zlib.gzip)],
  ['deflate', promisify(zlib.deflate)],
  ['deflate', promisify(zlib.deflateRaw)],
  ['br', promisify(zlib.brotliCompress)],
  ['gzip, br', async (bytes) => promisify(zlib.brotliCompress)(await promisify(zlib.gzip)(bytes))],
];

/** Sends a body in two pieces, and then ends it, or breaks the connection. */
function send(
  response: ServerResponse,
  contentType: string,
  coding: string,
  body: Buffer,
  whole = true,
): void {
  response.writeHead(200, { 'content-type': contentType, 'content-encoding': coding });
  const half = Math.ceil(body.byteLength / 2);
  response.write(body.subarray(0, half), () => {
    if (whole) response.end(body.subarray(half));
    else response.destroy();
  });
}

const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
const clientOf = ({ url }: TestServer) =>
  createGatewayClient({ apiKey: 'test', baseURL: url, maxRetries: 0 });

async function streamed(client: OpenAI): Promise<string> {
  let text = '';
  for await (const { choices } of await client.chat.completions.create({ ...body, stream: true })) {
    text += choices[0]?.delta.content ?? '';
  }
  return text;
}

describe.each(codings)('a body in %s', (coding, encode) => {
  it('that is JSON is decoded, and no longer says that it is encoded', async () => {
    const encoded = await encode(Buffer.from(JSON.stringify(answer)));
    await using server = await startHttp((_, response) =>
      send(response, 'application/json', coding, encoded),
    );

    const { data, response } = await clientOf(server).chat.completions.create(body).withResponse();

    expect(data.choices[0]?.message.content).toBe('h\u00e9llo');
    expect(response.headers.has('content-encoding')).toBe(false);
    expect(response.headers.has('content-length')).toBe(false);
  });

  it('that is a stream is decoded', async () => {
    const encoded = await encode(Buffer.from(events.join('')));
    await using server = await startHttp((_, response) =>
      send(response, 'text/event-stream', coding, encoded),
    );

    expect(await streamed(clientOf(server))).toBe('h\u00e9llo');
  });

  it('is what fetch makes of it', async () => {
    const encoded = await encode(Buffer.from(JSON.stringify(answer)));
    await using server = await startHttp((_, response) =>
      send(response, 'application/json', coding, encoded),
    );

    const ours = await createTransport()(server.url);
    const standard = await fetch(server.url);

    expect(await ours.text()).toBe(await standard.text());
  });

  it('that was cut fails with a typed error', async () => {
    const encoded = await encode(Buffer.from(JSON.stringify(answer)));
    await using server = await startHttp((_, response) => {
      const cut = encoded.subarray(0, -8);
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding });
      response.end(cut);
    });

    const error = await clientOf(server)
      .chat.completions.create(body)
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(error).toMatchObject({ cause: { code: 'zerohop_malformed' } });
  });
});

describe('an encoded body', () => {
  it('reaches the reader of a stream event by event', async () => {
    const gzip = zlib.createGzip({ flush: zlib.constants.Z_SYNC_FLUSH });
    await using server = await startHttp((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      gzip.pipe(response);
      gzip.write(events[0]);
    });

    const seen: unknown[] = [];
    const stream = await clientOf(server).chat.completions.create({ ...body, stream: true });
    for await (const { choices } of stream) {
      seen.push(choices[0]?.delta.content);
      // Only now that the first has been seen does the server say more.
      if (seen.length === 1) gzip.end(events.slice(1).join(''));
    }

    expect(seen).toEqual(['h\u00e9', 'llo', '']);
  });

  it.each(['gzip', 'deflate', 'br'])(
    'that is not in %s at all fails with a typed error',
    async (coding) => {
      await using server = await startHttp((_, response) =>
        send(response, 'application/json', coding, Buffer.from(JSON.stringify(answer))),
      );

      const error = await clientOf(server)
        .chat.completions.create(body)
        .catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
      expect(error).toMatchObject({ cause: { code: 'zerohop_malformed' } });
      expect(String(error)).not.toContain('chatcmpl');
    },
  );

  it.each([
    ['lies', Buffer.from(events.join(''))],
    ['was cut', zlib.gzipSync(events.join('')).subarray(0, -12)],
  ])('of a stream that %s fails with a typed error', async (_, bytes) => {
    await using server = await startHttp((_request, response) =>
      send(response, 'text/event-stream', 'gzip', bytes),
    );

    await expect(streamed(clientOf(server))).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });

  it('of a stream whose connection breaks fails with a typed error', async () => {
    const bytes = zlib.gzipSync(events.join(''));
    await using server = await startHttp((_, response) =>
      send(response, 'text/event-stream', 'gzip', bytes, false),
    );

    await expect(streamed(clientOf(server))).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });

  it('is left alone where nobody knows its coding', async () => {
    await using server = await startHttp((_, response) =>
      send(response, 'application/json', 'rot13', Buffer.from(JSON.stringify(answer))),
    );

    const { data, response } = await clientOf(server).chat.completions.create(body).withResponse();

    expect(data).toMatchObject({ id: 'chatcmpl-1' });
    expect(response.headers.get('content-encoding')).toBe('rot13');
  });

  it('of an error is decoded', async () => {
    await using server = await startHttp((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(zlib.gzipSync('{"error":{"message":"no","code":"nope"}}'));
    });

    const call = clientOf(server).chat.completions.create(body);

    await expect(call).rejects.toMatchObject({ status: 400, code: 'nope', message: '400 no' });
  });

  it('that is empty is empty', async () => {
    await using server = await startHttp((_, response) =>
      send(response, 'application/json', 'gzip', Buffer.alloc(0)),
    );

    expect(await (await createTransport()(server.url)).text()).toBe('');
  });

  it('is asked for as fetch asks for it', async () => {
    const asked: unknown[] = [];
    await using server = await startHttp(({ headers }, response) => {
      asked.push(headers['accept-encoding']);
      response.end();
    });

    await createTransport()(server.url);
    await fetch(server.url);

    expect(asked[0]).toBe(asked[1]);
  });
});
