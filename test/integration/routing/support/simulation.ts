import OpenAI from 'openai';
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type TargetOptions,
  target,
} from 'zerohop';
import {
  createInMemoryFetch,
  type InMemoryFetch,
  type RecordedRequest,
  type Reply,
} from 'zerohop/testing';
import type { VirtualTime } from './virtual-time.js';

/** A provider that is simulated. What it does may change while calls run. */
export interface Upstream {
  readonly name: string;
  readonly client: OpenAI;
  /** When each request came, in virtual ms. */
  readonly arrivals: number[];
  /** How long an answer takes to begin, in virtual ms, give or take a tenth. */
  latencyMs: number;
  /** In its place, exactly. */
  delayMs: (() => number) | undefined;
  /** What is answered, if not its name. */
  reply: ((request: RecordedRequest) => Reply) | undefined;
}

/** A provider that answers with its name. */
export function simulate(time: VirtualTime, name: string, latencyMs = 200): Upstream {
  const upstream: Omit<Upstream, 'client'> = {
    name,
    arrivals: [],
    latencyMs,
    delayMs: undefined,
    reply: undefined,
  };
  const play = createInMemoryFetch((request) => ({ text: name, ...upstream.reply?.(request) }), {
    keepRequests: 1,
  });
  const usual = remembering(play);
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    upstream.arrivals.push(time.now());
    const delayMs = upstream.delayMs?.() ?? upstream.latencyMs * (0.9 + 0.2 * time.random());
    if (delayMs > 0) await time.delay(delayMs, init.signal ?? undefined);
    const answer = upstream.reply ? play(url, init) : usual(url, init);
    return unlessAborted(answer, init.signal ?? undefined);
  };
  const client = new OpenAI({ apiKey: 'k', baseURL: `http://${name}.test/v1`, fetch });
  return Object.assign(upstream, { client });
}

/** A request that hangs is not told of an abort once memory was collected: a `Request` follows its signal weakly. */
async function unlessAborted(
  answer: Promise<Response>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The usual answers, each of which is made once: there are thousands of calls. */
function remembering(play: InMemoryFetch): InMemoryFetchLike {
  const known = new Map<boolean, { readonly text: string; readonly headers: Headers }>();
  return async (url, init) => {
    const isStream = String(init.body).includes('"stream":true');
    let answer = known.get(isStream);
    if (answer === undefined) {
      const response = await play(url, init);
      answer = { text: await response.text(), headers: response.headers };
      known.set(isStream, answer);
    }
    return new Response(answer.text, { headers: answer.headers });
  };
}

type InMemoryFetchLike = (url: string | URL | Request, init: RequestInit) => Promise<Response>;

/** It, as a target of a route. */
export function targetOf({ name, client }: Upstream, options: TargetOptions = {}) {
  return target({ name, client, ...options });
}

/** A gateway whose time is virtual, with nothing on that is not looked at. */
export function simulatedGateway(time: VirtualTime, options: GatewayOptions): Gateway {
  return createGateway({ clock: time, telemetry: false, pricing: false, ...options });
}

/** Asks once, and gives the text of the answer: who gave it. */
export type Ask = () => Promise<string>;

const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };

/** Asks for JSON, or for a stream that is read to its end. */
export function asker(client: OpenAI, mode: 'JSON' | 'a stream'): Ask {
  if (mode === 'JSON') {
    return async () => {
      const { choices } = await client.chat.completions.create(body);
      return choices[0]?.message.content ?? '';
    };
  }
  return async () => {
    let text = '';
    for await (const { choices } of await client.chat.completions.create({
      ...body,
      stream: true,
    })) {
      text += choices[0]?.delta.content ?? '';
    }
    return text;
  };
}

/** What a call came to. */
export type Ended = { readonly by: string } | { readonly error: unknown };

/** Asks so often, each `gapMs` after the one before, whether that has ended or not. In the order of the calls. */
export async function traffic(
  time: VirtualTime,
  ask: Ask,
  { count, gapMs }: { readonly count: number; readonly gapMs: number },
): Promise<readonly Ended[]> {
  const ended: Promise<Ended>[] = [];
  const start = async () => {
    for (let call = 0; call < count; call += 1) {
      ended.push(
        ask().then(
          (by) => ({ by }),
          (error: unknown) => ({ error }),
        ),
      );
      if (gapMs > 0) await time.delay(gapMs);
    }
    return Promise.all(ended);
  };
  return time.run(start());
}

/** The share of calls that were answered by `name`. */
export function shareOf(ended: readonly Ended[], name: string): number {
  return ended.filter((one) => 'by' in one && one.by === name).length / ended.length;
}
