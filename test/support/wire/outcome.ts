import type { Asked } from './invoke.js';

/** An error, as far as a caller can tell two of them apart. */
export interface ErrorFacts {
  /** The names of its class and the classes above it, up to `Error`. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly status: unknown;
  readonly code: unknown;
  readonly type: unknown;
  readonly param: unknown;
  readonly requestId: unknown;
  readonly body: unknown;
}

/** What a caller got for a call. */
export interface Outcome {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly value?: unknown;
  readonly requestId?: unknown;
  readonly chunks?: readonly unknown[];
  readonly error?: ErrorFacts;
}

/** Runs a call to its end, streams included. Never throws. */
export async function outcomeOf(ask: () => Asked): Promise<Outcome> {
  const head: { status?: number; headers?: Record<string, string> } = {};
  const chunks: unknown[] = [];
  let streamed = false;
  try {
    const { data, response } = await ask().withResponse();
    head.status = response.status;
    head.headers = comparableHeaders(response.headers);
    if (!isStream(data)) {
      return { ...head, value: data, requestId: Reflect.get(Object(data), '_request_id') };
    }
    streamed = true;
    for await (const chunk of data) chunks.push(chunk);
    return { ...head, chunks };
  } catch (error) {
    const facts = factsOf(error);
    return streamed ? { ...head, chunks, error: facts } : { ...head, error: facts };
  }
}

function isStream(data: unknown): data is AsyncIterable<unknown> {
  return typeof data === 'object' && data !== null && 'controller' in data;
}

/** Ours are additions; `date` and the connection's own differ between any two answers. */
function comparableHeaders(headers: Headers): Record<string, string> {
  const ignored = /^(?:x-zerohop-.*|connection|keep-alive|transfer-encoding)$/;
  return Object.fromEntries([...headers].filter(([name]) => !ignored.test(name)));
}

function factsOf(error: unknown): ErrorFacts {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const member = (name: string): unknown => Reflect.get(thrown, name);
  return {
    classes: classNames(thrown),
    message: thrown.message,
    status: member('status'),
    code: member('code'),
    type: member('type'),
    param: member('param'),
    requestId: member('requestID'),
    body: member('error'),
  };
}

function classNames(error: Error): readonly string[] {
  const names: string[] = [];
  let prototype: unknown = Object.getPrototypeOf(error);
  while (typeof prototype === 'object' && prototype !== null && prototype !== Error.prototype) {
    names.push(prototype.constructor.name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

/** A body's bytes, and whether it ended well. */
export interface RawOutcome {
  readonly status?: number;
  readonly bytes: Buffer;
  readonly error?: unknown;
}

/** Reads a response to its end as bytes. Never throws. */
export async function rawOutcomeOf(ask: () => Promise<Response>): Promise<RawOutcome> {
  const pieces: Uint8Array[] = [];
  let status: number | undefined;
  try {
    const response = await ask();
    status = response.status;
    for await (const piece of response.body ?? []) pieces.push(piece);
    return { status, bytes: Buffer.concat(pieces) };
  } catch (error) {
    const bytes = Buffer.concat(pieces);
    return status === undefined ? { bytes, error } : { status, bytes, error };
  }
}
