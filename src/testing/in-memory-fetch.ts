import { createEngine, type Engine, type FakeProviderOptions } from './engine.js';
import { playInMemory } from './in-memory/play-in-memory.js';
import { readFetchRequest } from './in-memory/read-fetch-request.js';
import type { RecordedRequest } from './recorded-request.js';
import type { Replier } from './reply.js';
import type { EnqueueOptions } from './reply-queue.js';

/** A `fetch` that answers from the fake provider's replies without a socket. */
export interface InMemoryFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Everything received since the last reset, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Queues a one-shot reply, ahead of the handler. */
  readonly enqueue: (reply: Replier, options?: EnqueueOptions) => void;
  /** Forgets requests, queued replies, ids, files and fault counts. */
  readonly reset: () => void;
}

const MAX_REDIRECTS = 5;

/**
 * Creates a `fetch` for tests and benchmarks. It gives real `Response` objects whose bodies are read on demand,
 * and fails as `fetch` does: a `TypeError` with a cause for a broken connection, the signal's reason for an abort.
 *
 * @example
 * const fetch = createInMemoryFetch({ text: 'hello' });
 * const client = new OpenAI({ apiKey: 'test', fetch });
 */
export function createInMemoryFetch(
  handler: Replier = {},
  options: Omit<FakeProviderOptions, 'reply'> = {},
): InMemoryFetch {
  const engine = createEngine({ ...options, reply: handler }, false);
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, withDuplex(init));
    // A request's own signal follows its caller's no longer once the request is collected.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : request.signal);
    return follow(engine, request, { signal, redirects: 0 });
  };
  return Object.assign(fetch, {
    requests: engine.log.requests,
    enqueue: engine.enqueue,
    reset: engine.reset,
  });
}

interface Following {
  readonly signal: AbortSignal;
  readonly redirects: number;
}

async function follow(
  engine: Engine,
  request: Request,
  { signal, redirects }: Following,
): Promise<Response> {
  signal.throwIfAborted();
  const raw = await readFetchRequest(request);
  const live = engine.log.record(raw, 0);
  const script = await engine.script(live.request);
  const response = await playInMemory(script, signal, live.settle);
  const location = response.headers.get('location');
  const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
  if (!isRedirect || request.redirect === 'manual') return response;
  if (request.redirect === 'error' || redirects >= MAX_REDIRECTS) {
    throw new TypeError('fetch failed', { cause: new Error('unexpected redirect') });
  }
  const { method, headers } = request;
  const body = raw.body.length === 0 ? {} : { body: Uint8Array.from(raw.body) };
  const next = new Request(new URL(location, request.url), { method, headers, signal, ...body });
  return follow(engine, next, { signal, redirects: redirects + 1 });
}

/** A streamed request body needs `duplex`, which SDKs set only where they stream. */
function withDuplex(init: RequestInit | undefined): RequestInit | undefined {
  return init?.body instanceof ReadableStream ? { duplex: 'half', ...init } : init;
}
