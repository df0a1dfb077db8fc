import type { Socket } from 'node:net';

import type { Engine } from '../engine.js';
import type { RequestOutcome } from '../recorded-request.js';
import type { LiveRequest } from '../request-log.js';
import { playOnSocket } from './play-on-socket.js';
import { type RawRequest, RequestReader } from './request-reader.js';

/** What a connection is served with. */
export interface ConnectionOptions {
  /** Number of the connection, from 1. */
  readonly connection: number;
  readonly engine: Engine;
}

/** Reads requests off a socket and answers them one after the other. Gives a function that destroys the socket. */
export function serveConnection(
  socket: Socket,
  { connection, engine }: ConnectionOptions,
): () => void {
  const closed = new AbortController();
  const open = new Set<LiveRequest>();
  let turn: Promise<void> = Promise.resolve();
  const reader = new RequestReader(
    (raw) => {
      const live = engine.log.record(raw, connection);
      open.add(live);
      turn = turn.then(() => answer(raw, live));
    },
    () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
  );

  async function answer(raw: RawRequest, live: LiveRequest): Promise<void> {
    if (closed.signal.aborted) return;
    const script = await engine.script(live.request);
    const result = await playOnSocket(socket, script, {
      closed: closed.signal,
      omitBody: raw.method === 'HEAD',
      closeAfter: raw.headers.connection?.toLowerCase() === 'close',
    });
    if (result === 'ended') live.settle(endsCleanly(script) ? 'finished' : 'server-closed');
    else live.settle(result === 'open' ? 'finished' : 'client-closed');
    open.delete(live);
  }

  function stop(outcome: RequestOutcome): void {
    for (const live of open) live.settle(outcome);
    closed.abort();
    socket.destroy();
  }

  socket.on('error', () => socket.destroy());
  socket.once('close', () => stop('client-closed'));
  socket.on('data', (bytes: Buffer) => {
    try {
      reader.push(bytes);
    } catch {
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    }
  });
  return () => stop('server-closed');
}

function endsCleanly(script: Awaited<ReturnType<Engine['script']>>): boolean {
  return 'steps' in script && script.steps.at(-1)?.do === 'end';
}
