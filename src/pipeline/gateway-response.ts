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
  readonly #status: number;
  readonly #statusText: string;
  readonly #headers: Headers;
  readonly #url: string;
  readonly #redirected: boolean;
  /** Until it is taken: who holds on to a response that was read holds nothing large. */
  #payload: ResponsePayload | undefined;
  #full: Response | undefined;
  #isCloned = false;

  constructor(init: GatewayResponseInit) {
    super(null);
    this.#status = init.status;
    this.#statusText = init.statusText ?? '';
    this.#headers = init.headers;
    this.#url = init.url ?? '';
    this.#redirected = init.redirected ?? false;
    this.#payload = init.payload;
  }

  get status(): number {
    return this.#status;
  }
  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }
  get statusText(): string {
    return this.#statusText;
  }
  get headers(): Headers {
    return this.#headers;
  }
  get url(): string {
    return this.#url;
  }
  get redirected(): boolean {
    return this.#redirected;
  }
  get type(): 'basic' {
    return 'basic';
  }
  get bodyUsed(): boolean {
    return this.#payload === undefined || this.#full?.bodyUsed === true;
  }
  get body(): Response['body'] {
    return this.#payload === undefined ? null : this.#materialise(this.#payload).body;
  }

  /** The payload without using it up; `undefined` once it is used, or its body has a reader. */
  peekPayload(): ResponsePayload | undefined {
    return this.#hasReader() ? undefined : this.#payload;
  }

  /** Whether someone reads the full response. One whose body was only looked at, as Anthropic's SDK does, has read nothing. */
  #hasReader(): boolean {
    if (this.#full === undefined) return false;
    return this.#isCloned || this.#full.bodyUsed || this.#full.body?.locked === true;
  }

  /** Takes the payload: the body counts as used from here on. */
  takePayload(): ResponsePayload {
    const payload = this.peekPayload();
    if (payload === undefined) throw unusable();
    this.#payload = undefined;
    this.#full = undefined;
    return payload;
  }

  /** Puts another payload in the place of the one that was taken. For who has the response to itself. */
  refill(payload: ResponsePayload): this {
    this.#payload = payload;
    return this;
  }

  /** The same status, headers and URL over another payload. Takes nothing. */
  withPayload(payload: ResponsePayload, headers?: Headers): GatewayResponse {
    return new GatewayResponse({
      status: this.#status,
      statusText: this.#statusText,
      headers: headers ?? this.#headers,
      url: this.#url,
      redirected: this.#redirected,
      payload,
    });
  }

  #materialise(payload: ResponsePayload): Response {
    if (this.#full) return this.#full;
    const status = this.#status;
    const headers = this.#headers;
    const nullBody = payload.kind === 'bytes' && payload.bytes === null;
    // A null-body status admits no body, and the constructor admits no status below 200.
    this.#full = new Response(nullBody ? null : streamFromSource(payloadSource(payload)), {
      status: status < 200 || nullBody ? 200 : status,
      headers,
    });
    return this.#full;
  }

  async #collect(payload: ResponsePayload): Promise<Uint8Array> {
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
    const payload = this.takePayload();
    if (payload.kind === 'bytes' && payload.text !== undefined) return payload.text;
    return decoder.decode(await this.#collect(payload));
  }
  // The standard's own type: callers of `json()` say what they expect.
  async json(): ReturnType<Response['json']> {
    if (this.#full) return this.#full.json();
    const payload = this.takePayload();
    if (payload.kind === 'bytes' && payload.json !== undefined) return payload.json;
    return JSON.parse(decoder.decode(await this.#collect(payload)));
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#full) return new Uint8Array(await this.#full.arrayBuffer());
    return new Uint8Array(await this.#collect(this.takePayload()));
  }
  async blob(): Promise<Blob> {
    return this.#unread().blob();
  }
  async formData(): Promise<FormData> {
    return this.#unread().formData();
  }
  clone(): Response {
    const payload = this.#payload;
    if (payload === undefined || this.bodyUsed) {
      throw new TypeError('Response.clone: Body has already been consumed.');
    }
    if (payload.kind === 'bytes' && !this.#full) {
      return this.withPayload({ kind: 'bytes', bytes: payload.bytes });
    }
    const { body } = this.#materialise(payload).clone();
    this.#isCloned = true;
    return this.withPayload(
      body ? { kind: 'source', source: sourceFromStream(body) } : { kind: 'bytes', bytes: null },
    );
  }

  /** The full response, of which nothing has been read. */
  #unread(): Response {
    if (this.#payload === undefined || this.bodyUsed) throw unusable();
    return this.#materialise(this.#payload);
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
