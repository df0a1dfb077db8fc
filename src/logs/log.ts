import type { CallContext } from '../pipeline/call-context.js';
import type { GatewayRequest, Logger } from '../pipeline/contract.js';
import type { CallFollower, Feature } from '../pipeline/feature.js';
import { isThenable } from '../pipeline/is-thenable.js';
import { FileSink, type FileSinkOptions } from './file-sink.js';
import { type LogRow, responseText, rowOf } from './log-row.js';

/** Takes one row. A promise it returns is awaited by `gateway.flush()`, never by the call. */
export type LogSink = (row: LogRow) => unknown;

/** What is in a row beyond the facts. */
export interface LogContentOptions {
  /** Puts request and response bodies into rows. @defaultValue false */
  readonly bodies?: boolean | undefined;
  /** Longest body in a row, in bytes of UTF-8. @defaultValue 32768 */
  readonly maxBodyBytes?: number | undefined;
  /** Changes a body's text before it is cut and stored; what throws leaves the body out. */
  readonly redact?: ((text: string) => string) | undefined;
}

/** A request log with a sink of the user's. */
export interface SinkLogOptions extends LogContentOptions {
  readonly sink: LogSink;
}

/** A request log in a file of JSON lines. */
export interface FileLogOptions extends LogContentOptions, FileSinkOptions {}

/** One row for every call: to a function, or to a file of JSON lines. */
export type LogOptions = LogSink | SinkLogOptions | FileLogOptions;

const DEFAULT_MAX_BODY_BYTES = 32 * 1024;
const MAX_PENDING = 10_000;

/** The request log, as a feature of a gateway. */
export class CallLog implements Feature {
  readonly name = 'log';
  readonly #content: LogContentOptions;
  readonly #file: FileSink | undefined;
  readonly #sink: LogSink | undefined;
  readonly #logger: Logger;
  readonly #pending = new Set<Promise<unknown>>();
  #dropped = 0;
  #complained = false;

  constructor(options: LogOptions, logger: Logger) {
    this.#logger = logger;
    this.#content = typeof options === 'function' ? {} : options;
    if (typeof options === 'function') this.#sink = options;
    else if ('sink' in options) this.#sink = options.sink;
    else this.#file = new FileSink(options, logger);
  }

  /** Rows that did not reach the sink. */
  get dropped(): number {
    return this.#dropped + (this.#file?.dropped ?? 0);
  }

  open(call: CallContext, request: GatewayRequest): CallFollower {
    const body = this.#content.bodies ? request.body : undefined;
    return { settled: () => this.#settled(call, body) };
  }

  #settled(call: CallContext, body: unknown): void {
    const settlement = call.settlement();
    const row = rowOf(settlement);
    this.#write(
      this.#content.bodies
        ? {
            ...row,
            request: this.#bodyText(() => JSON.stringify(body)),
            response: this.#bodyText(() => responseText(settlement.choices)),
          }
        : row,
    );
  }

  #bodyText(read: () => string | undefined): string | undefined {
    try {
      const text = read();
      if (text === undefined) return undefined;
      const { redact, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = this.#content;
      return cut(redact ? redact(text) : text, maxBodyBytes);
    } catch {
      return undefined;
    }
  }

  #write(row: LogRow): void {
    if (this.#file) {
      this.#file.write(JSON.stringify(row));
      return;
    }
    if (this.#pending.size >= MAX_PENDING) {
      this.#dropped += 1;
      return;
    }
    try {
      const result = this.#sink?.(row);
      if (isThenable(result)) this.#track(Promise.resolve(result));
    } catch (error) {
      this.#lost(error);
    }
  }

  #track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error: unknown) => this.#lost(error))
      .finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  #lost(error: unknown): void {
    this.#dropped += 1;
    if (this.#complained) return;
    this.#complained = true;
    this.#logger.error?.('the log sink failed; further failures are only counted', {
      error: String(error),
    });
  }

  /** As {@link flush}; rows that a file cannot take are given up, and counted. */
  async close(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#file?.close();
  }

  /** Resolves when every row so far has been taken, or could not be. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#file?.flush();
  }
}

/** Cuts a text to so many bytes, at a character. */
function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= maxBytes) return text;
  let end = maxBytes;
  // A continuation byte (10xxxxxx) is never a character's first.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}…`;
}
