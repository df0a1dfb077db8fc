/**
 * The provider of the loopback parts, in a process of its own: HTTP answers written by hand on bare
 * sockets, so that what is measured is the client. The model's name says what to answer.
 */
import { createServer, type Socket } from 'node:net';
import { serve } from './serve.js';
import { ANSWER, type Asked, ERROR_ANSWER, readRequest, streamEvents, textEvent } from './wire.js';

const PACE_MS = 5;
const SLOW_MS = 20;
const ENDLESS_EVENT = chunked(Buffer.from(textEvent('x'.repeat(16 * 1024))));

function head(status: string, headers: readonly string[]): string {
  return `${[`HTTP/1.1 ${status}`, 'x-request-id: req_bench0000000000', 'openai-processing-ms: 1', ...headers].join('\r\n')}\r\n\r\n`;
}

function whole(status: string, body: string): Buffer {
  return Buffer.from(
    head(status, ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]) +
      body,
  );
}

function chunked(bytes: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
}

const STREAM_HEAD = Buffer.from(
  head('200 OK', ['content-type: text/event-stream', 'transfer-encoding: chunked']),
);
const END = Buffer.from('0\r\n\r\n');
const answers = {
  json: whole('200 OK', ANSWER),
  error: whole('400 Bad Request', ERROR_ANSWER),
  broken: whole('500 Oops', ERROR_ANSWER),
};
const bursts = new Map<Asked, Buffer>();

function burst(asked: Asked): Buffer {
  let bytes = bursts.get(asked);
  if (bytes === undefined) {
    bytes = Buffer.concat([
      STREAM_HEAD,
      ...streamEvents(asked.count, asked.includeUsage).map(chunked),
      END,
    ]);
    bursts.set(asked, bytes);
  }
  return bytes;
}

function pace(socket: Socket, asked: Asked): void {
  const events = streamEvents(asked.count, asked.includeUsage).map(chunked);
  socket.write(STREAM_HEAD);
  let index = 0;
  const timer = setInterval(() => {
    const event = events[index];
    index += 1;
    if (event !== undefined && !socket.destroyed) socket.write(event);
    else {
      clearInterval(timer);
      if (!socket.destroyed) socket.write(END);
    }
  }, PACE_MS);
}

/** As fast as the socket takes it. */
function flood(socket: Socket, mebibytes: number): void {
  socket.write(STREAM_HEAD);
  let left = Math.ceil((mebibytes * 1024 * 1024) / ENDLESS_EVENT.length);
  const write = () => {
    while (left > 0 && !socket.destroyed) {
      left -= 1;
      if (!socket.write(ENDLESS_EVENT)) {
        socket.once('drain', write);
        return;
      }
    }
    if (!socket.destroyed)
      socket.write(Buffer.concat([chunked(Buffer.from('data: [DONE]\n\n')), END]));
  };
  write();
}

function answer(socket: Socket, asked: Asked): void {
  if (asked.what === 'burst') socket.write(burst(asked));
  else if (asked.what === 'paced') pace(socket, asked);
  else if (asked.what === 'flood') flood(socket, asked.count);
  else if (asked.what === 'slow')
    setTimeout(() => socket.destroyed || socket.write(answers.json), SLOW_MS);
  else if (asked.what === 'reset') socket.resetAndDestroy();
  else if (asked.what === 'cut') {
    socket.write(burst(asked).subarray(0, STREAM_HEAD.length + 900));
    socket.destroySoon();
  } else
    socket.write(
      asked.what === 'error' || asked.what === 'broken' ? answers[asked.what] : answers.json,
    );
}

const sockets = new Set<Socket>();
let requests = 0;
let connections = 0;

function accept(socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  connections += 1;
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    const headEnd = pending.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(
      /\r\ncontent-length: *(\d+)/i.exec(pending.toString('latin1', 0, headEnd))?.[1] ?? 0,
    );
    const end = headEnd + 4 + length;
    if (pending.length < end) return;
    const body = pending.toString('utf8', headEnd + 4, end);
    pending = pending.subarray(end);
    requests += 1;
    answer(socket, readRequest(body));
  });
}

const server = createServer(accept);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });

serve({
  async port(): Promise<number> {
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new Error('the provider does not listen');
    return address.port;
  },
  async seen(): Promise<{ sockets: number; connections: number; requests: number }> {
    return { sockets: sockets.size, connections, requests };
  },
});
