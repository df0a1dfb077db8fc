import {
  type ByteSource,
  joinChunks,
  sourceFromBytes,
  sourceFromStream,
  streamFromSource,
} from './byte-source.js';
import { type EventSource, sourceFromEvents } from './event-source.js';

/** What a response carries: a body that is all here, one that is pulled, or server-sent events. */
export type ResponsePayload =
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array | null;
      /** The same, decoded, where that was done already. */
      readonly text?: string;
      /** The same, parsed, where that was done already. */
      readonly json?: unknown;
    }
  | { readonly kind: 'source'; readonly source: ByteSource }
  | { readonly kind: 'events'; readonly events: EventSource };

/** What a {@link GatewayResponse} is made of. */
export interface GatewayResponseInit {
  readonly status: number;
  readonly statusText?: string | undefined;
  readonly headers: Headers;
  readonly url?: string | undefined;
  readonly redirected?: boolean | undefined;
  readonly payload: ResponsePayload;
}

// Its members are overridden one by one; the lib's types forbid that for properties, so they are left out.
const ResponseBase = Response as unknown as new (body: null) => object;

const decoder = new TextDecoder();

/**
 * A `Response` that builds the fetch standard's machinery only where someone asks for it: `body`,
 * `clone()`, `blob()` and `formData()` make a full one, everything else reads the payload as it is.
 */
export class GatewayResponse extends ResponseBase implements Response {
  readonly #init: GatewayResponseInit;
  #used = false;
  #full: Response | undefined;
  #isCloned = false;

  constructor(init: GatewayResponseInit) {
    super(null);
    this.#init = init;
  }

  get status(): number {
    return this.#init.status;
  }
  get ok(): boolean {
    return this.#init.status >= 200 && this.#init.status < 300;
  }
  get statusText(): string {
    return this.#init.statusText ?? '';
  }
  get headers(): Headers {
    return this.#init.headers;
  }
  get url(): string {
    return this.#init.url ?? '';
  }
  get redirected(): boolean {
    return this.#init.redirected ?? false;
  }
  get type(): 'basic' {
    return 'basic';
  }
  get bodyUsed(): boolean {
    return this.#used || this.#full?.bodyUsed === true;
  }
  get body(): Response['body'] {
    return this.#used ? null : this.#materialise().body;
  }

  /** The payload without using it up; `undefined` once it is used, or its body has a reader. */
  peekPayload(): ResponsePayload | undefined {
    return this.#used || this.#hasReader() ? undefined : this.#init.payload;
  }

  /** Whether someone reads the full response. One whose body was only looked at, as Anthropic's SDK does, has read nothing. */
  #hasReader(): boolean {
    if (this.#full === undefined) return false;
    return this.#isCloned || this.#full.bodyUsed || this.#full.body?.locked === true;
  }

  /** Takes the payload: the body counts as used from here on. */
  takePayload(): ResponsePayload {
    this.#claim();
    return this.#init.payload;
  }

  /** The same status, headers and URL over another payload. Takes nothing. */
  withPayload(payload: ResponsePayload, headers?: Headers): GatewayResponse {
    return new GatewayResponse({ ...this.#init, headers: headers ?? this.#init.headers, payload });
  }

  #claim(): void {
    if (this.#used || this.#hasReader()) throw unusable();
    this.#used = true;
    this.#full = undefined;
  }

  #materialise(): Response {
    if (this.#full) return this.#full;
    const { payload, status, headers } = this.#init;
    const nullBody = payload.kind === 'bytes' && payload.bytes === null;
    // A null-body status admits no body, and the constructor admits no status below 200.
    this.#full = new Response(nullBody ? null : streamFromSource(payloadSource(payload)), {
      status: status < 200 || nullBody ? 200 : status,
      headers,
    });
    return this.#full;
  }

  async #collect(): Promise<Uint8Array> {
    const payload = this.takePayload();
    if (payload.kind === 'bytes') return payload.bytes ?? new Uint8Array(0);
    const source = payloadSource(payload);
    const chunks: Uint8Array[] = [];
    for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) {
      chunks.push(chunk);
    }
    return joinChunks(chunks);
  }

  async text(): Promise<string> {
    if (this.#full) return this.#full.text();
    const { payload } = this.#init;
    if (payload.kind === 'bytes' && payload.text !== undefined) {
      this.#claim();
      return payload.text;
    }
    return decoder.decode(await this.#collect());
  }
  // The standard's own type: callers of `json()` say what they expect.
  async json(): ReturnType<Response['json']> {
    if (this.#full) return this.#full.json();
    const { payload } = this.#init;
    if (payload.kind === 'bytes' && payload.json !== undefined) {
      this.#claim();
      return payload.json;
    }
    return JSON.parse(decoder.decode(await this.#collect()));
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#full) return new Uint8Array(await this.#full.arrayBuffer());
    return new Uint8Array(await this.#collect());
  }
  async blob(): Promise<Blob> {
    if (this.bodyUsed) throw unusable();
    return this.#materialise().blob();
  }
  async formData(): Promise<FormData> {
    if (this.bodyUsed) throw unusable();
    return this.#materialise().formData();
  }
  clone(): Response {
    if (this.bodyUsed) throw new TypeError('Response.clone: Body has already been consumed.');
    const { payload } = this.#init;
    if (payload.kind === 'bytes' && !this.#full) {
      return this.withPayload({ kind: 'bytes', bytes: payload.bytes });
    }
    const copy = this.#materialise().clone();
    this.#isCloned = true;
    return new GatewayResponse({
      ...this.#init,
      payload: copy.body
        ? { kind: 'source', source: sourceFromStream(copy.body) }
        : { kind: 'bytes', bytes: null },
    });
  }
}

function unusable(): TypeError {
  return new TypeError('Body is unusable: Body has already been read');
}

/** Any payload as bytes. */
export function payloadSource(payload: ResponsePayload): ByteSource {
  if (payload.kind === 'source') return payload.source;
  if (payload.kind === 'events') return sourceFromEvents(payload.events);
  return sourceFromBytes(payload.bytes);
}
