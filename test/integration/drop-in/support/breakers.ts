import type { Connect } from './bench.js';

/** A deliberately broken wrapper of a client: what a row must notice. */
export interface Breaker {
  readonly name: string;
  readonly connect: Connect;
}

type Answer = (response: Response) => Promise<Response>;
interface Breakable {
  fetch: typeof fetch;
  request: (...given: unknown[]) => Promise<unknown>;
  withOptions(options: object): object;
}

/** Clones a client over a `fetch` that changes what comes back, as a wrapper would that is wrong. */
function answers(name: string, change: Answer): Breaker {
  return overFetch(name, (send) => async (input, init) => change(await send(input, init)));
}

function overFetch(name: string, wrap: (send: typeof fetch) => typeof fetch): Breaker {
  return {
    name,
    connect(client) {
      const broken = client as unknown as Breakable;
      // In place, because not every class can be cloned by its own withOptions() (Azure of openai 6).
      broken.fetch = wrap(broken.fetch);
      return client;
    },
  };
}

/** The same response over a changed body; a stream that hangs is not waited for. */
function through(response: Response, change: TransformStream<Uint8Array, Uint8Array>): Response {
  const { status, statusText, headers, url } = response;
  const body = status === 204 ? null : response.body?.pipeThrough(change);
  const changed = new Response(body, { status, statusText, headers });
  return Object.defineProperty(changed, 'url', { value: url });
}

/** Latin 1, so that any byte survives. */
function withText(response: Response, change: (text: string) => string): Response {
  const transform = (bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) =>
    controller.enqueue(Buffer.from(change(Buffer.from(bytes).toString('latin1')), 'latin1'));
  return through(response, new TransformStream({ transform }));
}

function withoutLastEvent(): TransformStream<Uint8Array, Uint8Array> {
  let held = '';
  return new TransformStream({
    transform(bytes, controller) {
      const events = (held + Buffer.from(bytes).toString('latin1')).split(/(?<=\n\n)/);
      held = events.splice(-3).join('');
      controller.enqueue(Buffer.from(events.join(''), 'latin1'));
    },
    flush(controller) {
      const events = held.split(/(?<=\n\n)/);
      const last = events.findLastIndex((event) => /^(data: \{|event: )/.test(event));
      controller.enqueue(Buffer.from(events.toSpliced(last, 1).join(''), 'latin1'));
    },
  });
}

/** The SDK's own promise, over an empty answer where the call failed. */
function swallowing(client: object, promise: Promise<unknown>): Promise<unknown> {
  const responses: Promise<unknown> = Reflect.get(promise, 'responsePromise');
  const empty = () => ({
    response: Response.json({}),
    options: {},
    controller: new AbortController(),
    requestLogID: 'log_broken',
    startTime: Date.now(),
  });
  return Reflect.construct(promise.constructor, [client, responses.catch(empty)]);
}

/** Wrappers that get an answer wrong; every row must notice at least one of them in what the caller sees. */
export const answerBreakers: readonly Breaker[] = [
  answers('changes text', async (response) => {
    return withText(response, (text) => text.replaceAll('one', '0ne').replaceAll('echo', '3cho'));
  }),
  answers('drops the last event of a stream', async (response) => {
    const isStream = response.headers.get('content-type')?.includes('event-stream');
    return isStream ? through(response, withoutLastEvent()) : response;
  }),
  answers('changes every byte', async (response) =>
    withText(response, (text) => 'x'.repeat(text.length)),
  ),
  answers('says that errors are answers', async (response) => {
    return response.ok ? response : Response.json({}, { status: 200 });
  }),
  answers('invents a header', async (response) => {
    const changed = new Response(response.body, response);
    changed.headers.set('x-request-id', 'invented');
    Object.defineProperty(changed, 'url', { value: response.url });
    return changed;
  }),
  {
    name: 'swallows what a call throws',
    connect(client) {
      const broken = client as unknown as Breakable;
      const request = broken.request.bind(client);
      broken.request = (...given) => swallowing(client, request(...given));
      return client;
    },
  },
];

/** A wrapper that gets every request wrong; every row that sends one must notice it on the provider's side. */
export const requestBreaker: Breaker = overFetch('changes the request', (send) => (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('x-stainless-lang', 'broken');
  return send(input, { ...init, headers });
});
