/** A whole HTTP/1.1 request, as read from a socket. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Head = Omit<RawRequest, 'body'>;
type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer';

/** Reads HTTP/1.1 requests out of arbitrarily cut bytes, with content-length and chunked bodies, pipelined or not. */
export class RequestReader {
  readonly #onRequest: (request: RawRequest) => void;
  readonly #onContinue: () => void;
  #state: State = 'head';
  #buffer: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #body: Buffer[] = [];
  #remaining = 0;

  constructor(onRequest: (request: RawRequest) => void, onContinue: () => void) {
    this.#onRequest = onRequest;
    this.#onContinue = onContinue;
  }

  /** Takes the next bytes; calls back for every request they complete. Throws on bytes that are not HTTP. */
  push(bytes: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    while (this.#step());
  }

  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'body':
        return this.#readBytes('head');
      case 'chunk':
        return this.#readBytes('chunk-end');
      case 'chunk-end':
        return this.#takeLine() !== undefined && this.#enter('chunk-size');
      case 'chunk-size':
        return this.#readChunkSize();
      case 'trailer':
        return this.#readTrailer();
    }
  }

  #enter(state: State): true {
    this.#state = state;
    return true;
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = parseHead(this.#buffer.subarray(0, end).toString('latin1'));
    this.#buffer = this.#buffer.subarray(end + 4);
    this.#head = head;
    this.#body = [];
    if (head.headers.expect?.toLowerCase() === '100-continue') this.#onContinue();
    if (/\bchunked\b/i.test(head.headers['transfer-encoding'] ?? ''))
      return this.#enter('chunk-size');
    this.#remaining = Number(head.headers['content-length'] ?? 0);
    return this.#enter('body');
  }

  #readBytes(next: 'head' | 'chunk-end'): boolean {
    const taken = this.#buffer.subarray(0, this.#remaining);
    if (taken.length > 0) this.#body.push(taken);
    this.#buffer = this.#buffer.subarray(taken.length);
    this.#remaining -= taken.length;
    if (this.#remaining > 0) return false;
    if (next === 'head') this.#finish();
    return this.#enter(next);
  }

  #readChunkSize(): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    this.#remaining = Number.parseInt(line, 16);
    if (Number.isNaN(this.#remaining)) throw new Error(`bad chunk size "${line}"`);
    return this.#enter(this.#remaining === 0 ? 'trailer' : 'chunk');
  }

  #readTrailer(): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    if (line !== '') return true;
    this.#finish();
    return this.#enter('head');
  }

  #takeLine(): string | undefined {
    const end = this.#buffer.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#buffer.subarray(0, end).toString('latin1');
    this.#buffer = this.#buffer.subarray(end + 2);
    return line;
  }

  #finish(): void {
    if (this.#head !== undefined)
      this.#onRequest({ ...this.#head, body: Buffer.concat(this.#body) });
    this.#head = undefined;
    this.#body = [];
  }
}

function parseHead(text: string): Head {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const match = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(requestLine);
  if (match === null)
    throw new Error(`not an HTTP/1.1 request line: "${requestLine.slice(0, 80)}"`);
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return {
    method: match[1] ?? '',
    target: match[2] ?? '',
    rawHeaders,
    headers: joinHeaders(rawHeaders),
  };
}

/** Folds a flat list of names and values into an object with lower-case names. */
export function joinHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
