import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type Origin, until } from './origin.js';

/** What a flow sends. */
export interface FlowOptions {
  /** Sent once, after the headers of a stream. */
  readonly opening: readonly string[];
  /** Sent over and over, each a chunk. */
  readonly piece: string;
  /** How many pieces, should nobody stop them. */
  readonly pieces: number;
  /** Pause after each piece. Without it the next follows as soon as the socket takes it. */
  readonly gapMs?: number;
  readonly closing: readonly string[];
}

/** An upstream that sends for as long as it can, and counts. */
export interface FlowOrigin extends Origin {
  /** Pieces handed to the socket so far. */
  readonly sent: number;
}

const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

/** Starts a flow. */
export async function startFlow(options: FlowOptions): Promise<FlowOrigin> {
  const sockets = new Set<Socket>();
  const counts = { hits: 0, sent: 0, closed: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      sockets.delete(socket);
      counts.closed += 1;
    });
    let head = '';
    socket.on('data', (bytes) => {
      if (head.includes('\r\n\r\n')) return;
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      counts.hits += 1;
      void flow(socket, options, () => {
        counts.sent += 1;
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    get hits() {
      return counts.hits;
    },
    get sent() {
      return counts.sent;
    },
    lastClosed: () => until(() => counts.closed > 0),
    quiet: () => until(() => sockets.size === 0),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function frame(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

async function flow(socket: Socket, options: FlowOptions, onSent: () => void): Promise<void> {
  const { opening, piece, pieces, gapMs, closing } = options;
  socket.write(HEAD);
  for (const event of opening) socket.write(frame(event));
  const framed = frame(piece);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (let count = 0; count < pieces && socket.writable; count += 1) {
    onSent();
    if (!socket.write(framed)) await Promise.race([drained(socket), closed]);
    if (gapMs !== undefined) await Promise.race([pause(gapMs), closed]);
  }
  if (!socket.writable) return;
  for (const event of closing) socket.write(frame(event));
  socket.write('0\r\n\r\n');
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('drain', () => resolve()));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
