import { type ByteSource, joinChunks } from '../pipeline/byte-source.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Exchange } from '../pipeline/exchange.js';
import { HIGH_WATER_BYTES, isCollected, MAX_ERROR_BODY_BYTES } from './exchange.js';

/** The head of a response, and its body: all of it where it was collected. */
export interface DispatchedResponse {
  readonly status: number;
  readonly statusText: string;
  /** Name and value by turns. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | DispatchExchange;
}

type Waiter = { resolve(chunk: Uint8Array | null): void; reject(error: unknown): void };

/**
 * One request on a dispatcher: the handler it calls, and the body it fills. It speaks the handler
 * protocol of undici 6 and 7, which every Node's own global dispatcher understands.
 */
export class DispatchExchange implements ByteSource {
  readonly response: Promise<DispatchedResponse>;
  readonly #exchange: Exchange | undefined;
  readonly #signal: AbortSignal | undefined;
  #settleResponse!: (response: DispatchedResponse) => void;
  #failResponse!: (error: unknown) => void;
  #head: Omit<DispatchedResponse, 'body'> | undefined;
  #collecting = false;
  #maxBytes = Number.POSITIVE_INFINITY;
  #truncateAtLimit = false;
  /** Set where the body goes through a decoder. */
  isDecoded = false;
  #chunks: Uint8Array[] = [];
  #next = 0;
  #queuedBytes = 0;
  #paused = false;
  #resume: (() => void) | undefined;
  #ended = false;
  #failed = false;
  #error: unknown;
  #waiter: Waiter | undefined;
  #abort: ((reason?: unknown) => void) | undefined;
  #stopTimer: (() => void) | undefined;
  readonly #onAbort = () => this.cancel(abortReason(this.#signal, this.#exchange?.signal));

  constructor(exchange: Exchange | undefined, signal: AbortSignal | undefined) {
    this.#exchange = exchange;
    this.#signal = signal;
    this.response = new Promise((resolve, reject) => {
      this.#settleResponse = resolve;
      this.#failResponse = reject;
    });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    exchange?.signal.addEventListener('abort', this.#onAbort, { once: true });
    const connectTimeoutMs = exchange?.connectTimeoutMs;
    if (connectTimeoutMs !== undefined) {
      this.#stopTimer = exchange?.clock.timer(connectTimeoutMs, () =>
        this.cancel(
          new GatewayError(`no connection within ${connectTimeoutMs} ms (timeouts.connect)`, {
            code: 'zerohop_timeout',
          }),
        ),
      );
    }
  }

  onConnect(abort: (reason?: unknown) => void): void {
    this.#stopTimer?.();
    if (this.#failed) abort(this.#error);
    else this.#abort = abort;
  }

  onHeaders(
    status: number,
    rawHeaders: readonly (Buffer | string)[],
    resume: () => void,
    statusText: string,
  ): boolean {
    if (status < 200) return true;
    this.#resume = resume;
    const headers: string[] = [];
    let contentType: string | null = null;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = asLatin1(rawHeaders[index]).toLowerCase();
      const value = asLatin1(rawHeaders[index + 1]);
      if (name === 'content-type') contentType = value.trim().toLowerCase();
      headers.push(name, value);
    }
    this.#head = { status, statusText, headers };
    if (this.#exchange) {
      this.#exchange.headersAt = this.#exchange.clock.now();
      this.#exchange.status = status;
    }
    this.#collecting = isCollected(this.#exchange, status, contentType);
    if (this.#collecting) {
      this.#truncateAtLimit = status >= 400;
      this.#maxBytes = this.#truncateAtLimit
        ? MAX_ERROR_BODY_BYTES
        : (this.#exchange?.maxBodyBytes ?? this.#maxBytes);
    } else {
      this.#settleResponse({ ...this.#head, body: this });
    }
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#failed || this.#ended) return true;
    if (!this.#collecting) this.#count(chunk);
    const waiter = this.#waiter;
    if (waiter && !this.#collecting) {
      this.#waiter = undefined;
      waiter.resolve(chunk);
      return true;
    }
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    if (this.#collecting) {
      if (this.#queuedBytes > this.#maxBytes) this.#overLimit();
      return true;
    }
    this.#paused = this.#queuedBytes >= HIGH_WATER_BYTES;
    return !this.#paused;
  }

  /** What is decoded afterwards is counted then. */
  #count(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined || this.isDecoded) return;
    exchange.firstByteAt ??= exchange.clock.now();
    exchange.bytesReceived += chunk.byteLength;
  }

  #overLimit(): void {
    if (this.#truncateAtLimit) {
      // An error page that never ends: what is here is enough to say what went wrong.
      this.onComplete();
      this.#abort?.(new Error('error body too large'));
      return;
    }
    this.cancel(
      new GatewayError(`response body passed ${this.#maxBytes} bytes (limits.maxBodyBytes)`, {
        code: 'zerohop_limit',
      }),
    );
  }

  onComplete(): void {
    if (this.#failed || this.#ended) return;
    this.#ended = true;
    this.#release();
    if (this.#collecting && this.#head) {
      const body = joinChunks(this.#chunks);
      this.#chunks = [];
      this.#settleResponse({ ...this.#head, body });
      return;
    }
    this.#waiter?.resolve(null);
    this.#waiter = undefined;
  }

  onError(error: unknown): void {
    if (this.#failed || this.#ended) return;
    this.#fail(error);
  }

  /** Called where a connection answers with an upgrade nobody asked for. */
  onUpgrade(): void {
    this.cancel(new TypeError('unexpected upgrade'));
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#error = this.#head && !this.#collecting ? this.#bodyError(error) : error;
    this.#release();
    if (this.#head === undefined || this.#collecting) this.#failResponse(error);
    this.#waiter?.reject(this.#error);
    this.#waiter = undefined;
  }

  /** The error `fetch` gives a body that broke. */
  #bodyError(error: unknown): unknown {
    const reason = abortReason(this.#signal, this.#exchange?.signal);
    if (reason !== undefined) return reason;
    if (error instanceof DOMException || error instanceof TypeError) return error;
    return new TypeError('terminated', { cause: error });
  }

  #release(): void {
    this.#stopTimer?.();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#exchange?.signal.removeEventListener('abort', this.#onAbort);
  }

  pull(): Promise<Uint8Array | null> {
    const chunk = this.more();
    if (chunk) return Promise.resolve(chunk);
    if (this.#ended) return Promise.resolve(null);
    if (this.#failed) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  more(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return undefined;
    this.#next += 1;
    this.#queuedBytes -= chunk.byteLength;
    if (this.#next === this.#chunks.length) {
      this.#chunks = [];
      this.#next = 0;
    }
    if (this.#paused && this.#queuedBytes === 0) {
      this.#paused = false;
      this.#resume?.();
    }
    return chunk;
  }

  get isOver(): boolean {
    return this.#ended && this.#chunks.length === 0;
  }

  cancel(reason?: unknown): void {
    if (this.#failed || this.#ended) return;
    const error = reason ?? new DOMException('This operation was aborted', 'AbortError');
    this.#chunks = [];
    this.#fail(error);
    this.#abort?.(error);
  }
}

/** The reason of whichever of the two has fired. */
export function abortReason(...signals: readonly (AbortSignal | undefined)[]): unknown {
  return signals.find((signal) => signal?.aborted)?.reason;
}

function asLatin1(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '');
}

interface DispatchController {
  readonly rawHeaders?: readonly (Buffer | string)[] | null;
  abort(reason?: unknown): void;
  pause(): void;
  resume(): void;
}

/** The same for a dispatcher the user brought: it also speaks the protocol of undici 8, which knows no other. */
export class AnyDispatchExchange extends DispatchExchange {
  onRequestStart(controller: DispatchController): void {
    this.onConnect((reason) => controller.abort(reason));
  }
  onResponseStart(
    controller: DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[]>>,
    statusText = '',
  ): void {
    const raw = controller.rawHeaders ?? flattenHeaders(headers);
    this.onHeaders(status, raw, () => controller.resume(), statusText);
  }
  onResponseData(controller: DispatchController, chunk: Uint8Array): void {
    if (!this.onData(chunk)) controller.pause();
  }
  onResponseEnd(): void {
    this.onComplete();
  }
  onResponseError(_controller: DispatchController, error: unknown): void {
    this.onError(error);
  }
}

function flattenHeaders(headers: Readonly<Record<string, string | string[]>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, value],
  );
}
