import type { Reply } from 'zerohop/testing';

/** What a span of a scenario must say. */
export interface ExpectedSpan {
  readonly name: string;
  readonly status?: 'UNSET' | 'ERROR';
  readonly errorType?: string;
  /** `null` where there must be none. */
  readonly finishReasons?: readonly string[] | null;
  readonly aborted?: boolean;
  /** `[input, output]`; `null` where there must be none. */
  readonly usage?: readonly [number, number?] | null;
  readonly firstChunk?: boolean;
}

/** One way to use a client, and the spans it must make. */
export interface Scenario<Client> {
  readonly name: string;
  readonly replies?: readonly Reply[];
  readonly run: (client: Client) => Promise<unknown>;
  readonly spans: readonly ExpectedSpan[];
  /** The gateway is better here than the SDK, on purpose, so the two are not compared. */
  readonly differs?: string;
}

/** Everything of an async iterable, and what ended it. */
export async function drain(items: AsyncIterable<unknown>): Promise<unknown> {
  const seen: unknown[] = [];
  try {
    for await (const item of items) seen.push(item);
    return { seen };
  } catch (error) {
    return { seen: seen.length, error: error instanceof Error ? error.constructor.name : error };
  }
}

/** The error that `work` ends with, as far as an application can tell errors apart. */
export async function failure(work: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    return { unexpected: await work() };
  } catch (error) {
    if (!(error instanceof Error)) return error;
    const { name, message } = error;
    return { class: error.constructor.name, name, message, status: Reflect.get(error, 'status') };
  }
}

/** All text of a byte stream. */
export async function textOf(stream: unknown): Promise<string> {
  // Both SDKs type their stream by the DOM's types.
  return new Response(stream as ReadableStream<Uint8Array>).text();
}
