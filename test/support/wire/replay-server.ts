import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { bodyBytes, type WireExchange } from './exchange.js';

/** A request as it came over the wire. */
export interface SeenRequest {
  readonly method: string;
  /** Without the part that names the exchange. */
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Serves exchanges by number: whatever is asked for under `url/3/…` gets the answer of the fourth. */
export interface ReplayServer extends AsyncDisposable {
  readonly urlOf: (index: number) => string;
  /** What the latest request for an exchange looked like. */
  readonly lastRequest: (index: number) => SeenRequest | undefined;
}

/** Headers that described another connection, or a body that was stored decoded. */
const DROPPED = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Starts a server for exchanges; bodies are cut at places that depend on the exchange's id and the turn only. */
export async function startReplayServer(exchanges: readonly WireExchange[]): Promise<ReplayServer> {
  const seen = new Map<number, SeenRequest>();
  let turn = 0;
  const server = createServer(async (request, response) => {
    const [, number, ...path] = request.url?.split('/') ?? [];
    const index = Number(number);
    const exchange = exchanges[index];
    const { method = '', headers } = request;
    seen.set(index, { method, headers, path: path.join('/'), body: await textOf(request) });
    if (exchange === undefined) response.writeHead(599).end();
    else await answer(exchange, response, seedOf(`${exchange.id}#${turn++ % 4}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a string
  return {
    urlOf: (index) => `http://127.0.0.1:${port}/${index}`,
    lastRequest: (index) => seen.get(index),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function answer(
  exchange: WireExchange,
  response: ServerResponse,
  seed: number,
): Promise<void> {
  const { status, sse } = exchange.response;
  response.sendDate = false;
  response.writeHead(status, headersOf(exchange));
  for (const piece of cut(bodyBytes(exchange), sse ? seed : undefined)) {
    if (response.destroyed) return;
    response.write(piece);
    await nextTurn();
  }
  response.end();
}

function headersOf({ response }: WireExchange): Record<string, string> {
  const kept = Object.entries(response.headers ?? {}).filter(([name]) => !DROPPED.has(name));
  const contentType = response.sse ? 'text/event-stream' : 'application/json';
  return { 'content-type': contentType, ...Object.fromEntries(kept) };
}

/** Cuts bytes into pieces of 1 to about 4,000, more small ones than large; without a seed into one. */
export function cut(bytes: Uint8Array, seed: number | undefined): readonly Uint8Array[] {
  if (seed === undefined) return bytes.byteLength === 0 ? [] : [bytes];
  const random = randomFrom(seed);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.byteLength; ) {
    const end = start + Math.ceil(2 ** (random() * 12));
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

/** A number from a text (FNV-1a). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Numbers in [0, 1) that depend on the seed only (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
