import { parseJson } from './json.js';
import type { RecordedRequest, RequestOutcome } from './recorded-request.js';
import { parseMultipart } from './wire/multipart.js';
import type { RawRequest } from './wire/request-reader.js';

/** A recorded request together with the means to settle it. */
export interface LiveRequest {
  readonly request: RecordedRequest;
  readonly settle: (outcome: RequestOutcome) => void;
}

interface Waiter {
  readonly count: number;
  readonly resolve: (request: RecordedRequest) => void;
}

/** Everything a fake provider has received since its last reset. */
export class RequestLog {
  readonly requests: RecordedRequest[] = [];
  readonly #keep: number;
  #count = 0;
  #waiters: Waiter[] = [];

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** How many have come in, kept or not. */
  get count(): number {
    return this.#count;
  }

  record(raw: RawRequest, connection: number): LiveRequest {
    const live = recordRequest(raw, connection, this.#count);
    this.#count += 1;
    this.requests.push(live.request);
    if (this.requests.length > this.#keep) this.requests.shift();
    this.#notify(live.request);
    return live;
  }

  /** Settles with the `count`-th request (from 1) as soon as it has come in. */
  wait(count: number): Promise<RecordedRequest> {
    const there = this.requests.find(({ index }) => index === count - 1);
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  clear(): void {
    this.requests.length = 0;
    this.#count = 0;
  }

  #notify(request: RecordedRequest): void {
    const ready = this.#waiters.filter(({ count }) => count === this.#count);
    this.#waiters = this.#waiters.filter(({ count }) => count !== this.#count);
    for (const { resolve } of ready) resolve(request);
  }
}

function recordRequest(raw: RawRequest, connection: number, index: number): LiveRequest {
  const listeners: ((outcome: RequestOutcome) => void)[] = [];
  const settled = new Promise<RequestOutcome>((resolve) => listeners.push(resolve));
  const url = new URL(raw.target, 'http://fake');
  const text = raw.body.toString();
  const ending: { outcome: RequestOutcome; settledAt: number | undefined } = {
    outcome: 'pending',
    settledAt: undefined,
  };
  const request: RecordedRequest = {
    index,
    connection,
    method: raw.method,
    target: raw.target,
    path: url.pathname,
    query: url.searchParams,
    headers: raw.headers,
    rawHeaders: raw.rawHeaders,
    body: raw.body,
    text,
    json: parseJson(text),
    form: parseMultipart(raw.headers['content-type'], raw.body),
    receivedAt: Date.now(),
    get outcome() {
      return ending.outcome;
    },
    get settledAt() {
      return ending.settledAt;
    },
    settled,
  };
  const settle = (outcome: RequestOutcome): void => {
    if (ending.outcome !== 'pending') return;
    ending.outcome = outcome;
    ending.settledAt = Date.now();
    for (const listener of listeners) listener(outcome);
  };
  return { request, settle };
}
