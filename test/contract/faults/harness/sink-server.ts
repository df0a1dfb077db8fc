import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Origin, until } from './origin.js';

/** Starts an upstream that counts the bytes of a request, keeps none, and answers JSON. */
export async function startSink(answer: string): Promise<Origin & { readonly received: number }> {
  const counts = { hits: 0, received: 0, sockets: 0, closed: 0 };
  const server = createServer((request, response) => {
    counts.hits += 1;
    request.on('data', (bytes: Uint8Array) => {
      counts.received += bytes.length;
    });
    request.on('end', () => response.setHeader('content-type', 'application/json').end(answer));
  });
  server.on('connection', (socket) => {
    counts.sockets += 1;
    socket.once('close', () => {
      counts.sockets -= 1;
      counts.closed += 1;
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
    get received() {
      return counts.received;
    },
    lastClosed: () => until(() => counts.closed > 0),
    quiet: () => until(() => counts.sockets === 0),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
