import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A server on a free port of 127.0.0.1, for one test. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Origin, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The sockets that are open. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Starts an HTTP server; `onConnect` is called where a tunnel is asked for. */
export async function startHttp(
  listener: RequestListener,
  onConnect?: (request: IncomingMessage, socket: Duplex) => void,
): Promise<TestServer> {
  const server = createServer(listener);
  if (onConnect) server.on('connect', onConnect);
  return started(server);
}

/** Starts a server of bare sockets; `onRequest` is called with the head of each request, and writes what it likes. */
export async function startRaw(
  onRequest: (socket: Socket, head: string) => void,
): Promise<TestServer> {
  const server = createSocketServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      text = '';
      onRequest(socket, head);
    });
  });
  return started(server);
}

async function started(
  server: Server | ReturnType<typeof createSocketServer>,
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a string
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
