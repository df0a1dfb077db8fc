import OpenAI from 'openai';
import { ANSWER_TEXT } from './wire.js';
import { bodyOf } from './workload.js';

/** One call in ten is aborted, one fails, one is broken off; the rest end well. */
export const KINDS = [
  'abort',
  'json',
  'stream',
  'error',
  'json',
  'stream',
  'break',
  'json',
  'stream',
  'json',
] as const;
export type Kind = (typeof KINDS)[number];

interface Mixed {
  readonly index: number;
  /** One for all calls that nobody aborts. */
  readonly signal: AbortSignal;
}

const FAULTS = ['error', 'broken', 'reset', 'cut-10'] as const;
const CHUNKS = 10;

/** Makes one call; says what was wrong with its end, if anything was. */
export async function callMixed(
  client: OpenAI,
  kind: Kind,
  { index, signal }: Mixed,
): Promise<string | undefined> {
  const turn = Math.floor(index / KINDS.length);
  if (kind === 'json') {
    const answer = await client.chat.completions.create(bodyOf('json'), { signal });
    return answer.choices[0]?.message.content === ANSWER_TEXT ? undefined : 'wrong answer';
  }
  if (kind === 'stream') {
    const read = await readChunks(client, `burst-${CHUNKS}`, { signal });
    return read === CHUNKS ? undefined : `${read} chunks`;
  }
  if (kind === 'break') {
    const read = await readChunks(client, turn % 2 === 0 ? 'burst-50' : 'paced-50', {
      signal,
      atMost: 3,
    });
    return read === 3 ? undefined : `${read} chunks`;
  }
  return kind === 'abort'
    ? abort(client, turn)
    : fail(client, FAULTS[turn % FAULTS.length] ?? 'error', signal);
}

async function readChunks(
  client: OpenAI,
  model: string,
  { signal, atMost = Number.POSITIVE_INFINITY }: { signal: AbortSignal; atMost?: number },
): Promise<number> {
  const stream = await client.chat.completions.create(
    { ...bodyOf(model), stream: true },
    { signal },
  );
  let read = 0;
  for await (const _chunk of stream) {
    read += 1;
    if (read >= atMost) break;
  }
  return read;
}

/** Before the headers, or within a stream, of which more or all has arrived. The SDK ends a stream that its caller aborts without an error. */
async function abort(client: OpenAI, turn: number): Promise<string | undefined> {
  const own = new AbortController();
  if (turn % 3 === 0) {
    setTimeout(() => own.abort(), 2);
    const error = await client.chat.completions.create(bodyOf('slow'), { signal: own.signal }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof OpenAI.APIUserAbortError
      ? undefined
      : `not aborted but ${String(error).slice(0, 80)}`;
  }
  const stream = await client.chat.completions.create(
    { ...bodyOf(turn % 3 === 1 ? 'paced-50' : 'burst-50'), stream: true },
    { signal: own.signal },
  );
  let read = 0;
  for await (const _chunk of stream) {
    read += 1;
    if (read !== 2) continue;
    own.abort();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return read < 50 ? undefined : 'a stream goes on after its abort';
}

async function fail(
  client: OpenAI,
  model: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    if (model.startsWith('cut')) await readChunks(client, model, { signal });
    else await client.chat.completions.create(bodyOf(model), { signal });
  } catch (error) {
    if (error instanceof OpenAI.APIError) return undefined;
    // The bare SDK lets what broke a stream through as it is.
    return model.startsWith('cut') && error instanceof TypeError
      ? undefined
      : `threw ${String(error).slice(0, 80)}`;
  }
  return `no error from ${model}`;
}
