import type { RequestOutcome } from '../recorded-request.js';
import { pause, untilAborted } from '../wire/pause.js';
import type { Script, ScriptStep } from '../wire/script.js';

type Settle = (outcome: RequestOutcome) => void;
type Head = Extract<ScriptStep, { do: 'head' }>;

const bodiless = new Set([101, 204, 205, 304]);

/** Plays an answer as a `Response` whose body goes on only as far as it is read. */
export async function playInMemory(
  script: Script,
  signal: AbortSignal,
  settle: Settle,
): Promise<Response> {
  if (!('steps' in script))
    throw new TypeError('raw bytes (`wire`) need startFakeProvider, a fetch has none');
  for (const [index, step] of script.steps.entries()) {
    if (step.do === 'head') return respond(step, script.steps.slice(index + 1), { signal, settle });
    await playQuietly(step, signal);
    if (signal.aborted) {
      settle('client-closed');
      signal.throwIfAborted();
    }
    if (step.do === 'reset' || step.do === 'close') {
      settle('server-closed');
      throw new TypeError('fetch failed', { cause: connectionError(step.do) });
    }
  }
  throw new TypeError('fetch failed');
}

interface Play {
  readonly signal: AbortSignal;
  readonly settle: Settle;
}

function respond(head: Head, steps: readonly ScriptStep[], play: Play): Response {
  const headers = new Headers(
    head.headers.filter(([name]) => name !== 'transfer-encoding').map(toPair),
  );
  if (bodiless.has(head.status)) {
    play.settle('finished');
    return new Response(null, { status: head.status, headers });
  }
  return new Response(bodyStream(steps, play), { status: head.status, headers });
}

function toPair([name, value]: readonly [string, string]): [string, string] {
  return [name, value];
}

function bodyStream(
  steps: readonly ScriptStep[],
  { signal, settle }: Play,
): ReadableStream<Uint8Array> {
  const left = [...steps];
  const cancelled = new AbortController();
  const stopped = AbortSignal.any([signal, cancelled.signal]);
  let controllerOf: ReadableStreamDefaultController<Uint8Array> | undefined;
  const abort = (): void => {
    settle('client-closed');
    controllerOf?.error(signal.reason);
  };
  const detach = (): void => signal.removeEventListener('abort', abort);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controllerOf = controller;
        signal.addEventListener('abort', abort, { once: true });
      },
      async pull(controller) {
        while (!stopped.aborted) {
          const step = left.shift() ?? { do: 'end' };
          if (step.do === 'body') return controller.enqueue(step.bytes);
          if (step.do === 'end' || step.do === 'reset' || step.do === 'close') {
            detach();
            settle(step.do === 'end' ? 'finished' : 'server-closed');
            if (step.do === 'end') return controller.close();
            return controller.error(
              new TypeError('terminated', { cause: connectionError(step.do) }),
            );
          }
          await playQuietly(step, stopped);
        }
      },
      cancel() {
        detach();
        settle('client-closed');
        cancelled.abort();
      },
    },
    { highWaterMark: 0 },
  );
}

async function playQuietly(step: ScriptStep, signal: AbortSignal): Promise<void> {
  if (step.do === 'sleep') await pause(step.ms, signal);
  else if (step.do === 'hang') await untilAborted(signal);
  else if (step.do === 'turn') await new Promise((resolve) => setImmediate(resolve));
}

function connectionError(how: 'reset' | 'close'): Error {
  const [code, message] =
    how === 'reset' ? ['ECONNRESET', 'read ECONNRESET'] : ['UND_ERR_SOCKET', 'other side closed'];
  return Object.assign(new Error(message), { code });
}
