import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that answers every command with the same error. */
export interface RefusingRedis extends AsyncDisposable {
  readonly url: string;
  /** Connections that were made. */
  readonly connections: () => number;
}

/** Starts one; end it by `await using`. */
export async function startRefusingRedis(reply: string): Promise<RefusingRedis> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      // Each command begins with how many words it has.
      const commands = String(bytes).match(/^\*\d+\r$/gm) ?? [];
      socket.write(`-${reply}\r\n`.repeat(commands.length));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
