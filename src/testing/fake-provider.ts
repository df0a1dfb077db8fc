import { createServer, type Server, type Socket } from 'node:net';

import { errorBody } from './answer.js';
import { createEngine, type Engine, type FakeProviderOptions } from './engine.js';
import type { RecordedRequest } from './recorded-request.js';
import type { Replier } from './reply.js';
import type { EnqueueOptions } from './reply-queue.js';
import { serveConnection } from './wire/serve-connection.js';

/** A provider that runs in this process and listens on 127.0.0.1. */
export interface FakeProvider extends AsyncDisposable {
  /** Origin, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** What an OpenAI client takes as `baseURL`. */
  readonly baseURL: string;
  /** What an Anthropic client takes as `baseURL`. */
  readonly anthropicBaseURL: string;
  readonly port: number;
  /** Everything received since the last reset, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Connections now open. */
  readonly openSockets: number;
  /** Connections accepted since the start. */
  readonly connections: number;
  /** Queued answers not given yet. */
  readonly queued: number;
  /** Queues a one-shot reply, ahead of the `reply` option. */
  readonly enqueue: (reply: Replier, options?: EnqueueOptions) => void;
  /** Settles with the `count`-th request (from 1) since the reset, now or when it comes in. */
  readonly waitForRequest: (count?: number) => Promise<RecordedRequest>;
  /** A base URL whose requests all meet a fault in its short form; put `/v1` after it for OpenAI. */
  readonly faultURL: (fault: string) => string;
  /** Forgets requests, queued replies, ids, files and fault counts. Sockets stay as they are. */
  readonly reset: () => void;
  /** Destroys every socket and stops listening. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a fake OpenAI and Anthropic API on a free port. Answers are deterministic: after `reset()` the same
 * requests get the same answers.
 *
 * @example
 * await using provider = await startFakeProvider({ reply: { text: 'hello' } });
 * provider.enqueue({ status: 429, headers: { 'retry-after': '1' } });
 * const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL });
 */
export async function startFakeProvider(options: FakeProviderOptions = {}): Promise<FakeProvider> {
  const engine = createEngine(options, true);
  const sockets = new Map<Socket, () => void>();
  const counter = { connections: 0 };
  const server = createServer({ noDelay: true }, (socket) => {
    counter.connections += 1;
    const guarded = guard(engine);
    const connection = counter.connections;
    sockets.set(socket, serveConnection(socket, { connection, engine: guarded }));
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  const close = (): Promise<void> => closeServer(server, sockets);
  return {
    url,
    port,
    baseURL: `${url}/v1`,
    anthropicBaseURL: url,
    requests: engine.log.requests,
    get openSockets() {
      return sockets.size;
    },
    get connections() {
      return counter.connections;
    },
    get queued() {
      return engine.queued();
    },
    enqueue: engine.enqueue,
    waitForRequest: (count = 1) => engine.log.wait(count),
    faultURL: (fault) => `${url}/fault/${encodeURIComponent(fault)}`,
    reset: engine.reset,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A reply function or fault that throws becomes an answer that says so. */
function guard(engine: Engine): Engine {
  return {
    ...engine,
    script: (request) => engine.script(request).catch((error: unknown) => failedScript(error)),
  };
}

function failedScript(error: unknown): Awaited<ReturnType<Engine['script']>> {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `The fake provider was set up wrongly: ${reason}`;
  const bytes = Buffer.from(
    JSON.stringify(errorBody('openai', 400, { message, code: 'fake_setup' })),
  );
  const headers = [
    ['content-type', 'application/json'],
    ['content-length', String(bytes.length)],
    ['x-should-retry', 'false'],
  ] as const;
  return { steps: [{ do: 'head', status: 400, headers }, { do: 'body', bytes }, { do: 'end' }] };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string')
        reject(new Error('no port to listen on'));
      else resolve(address.port);
    });
  });
}

function closeServer(server: Server, sockets: Map<Socket, () => void>): Promise<void> {
  for (const stop of sockets.values()) stop();
  sockets.clear();
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
