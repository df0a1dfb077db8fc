import { once } from 'node:events';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { ByteSource } from '../pipeline/byte-source.js';
import { GatewayError } from '../pipeline/errors.js';

type Decode = (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Uint8Array>;

interface Coding {
  readonly all: Decode;
  /** Given the first bytes. */
  readonly stream: (first: Uint8Array) => zlib.Gunzip | zlib.BrotliDecompress;
}

const flush = { flush: zlib.constants.Z_SYNC_FLUSH };

const inflate = promisify(zlib.inflate);
const inflateRaw = promisify(zlib.inflateRaw);

/** `deflate` names the zlib format; some servers send what is inside it. The first byte tells them apart, as in `fetch`. */
function isZlib([first = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 0x08;
}

const CODINGS: ReadonlyMap<string, Coding> = new Map(
  Object.entries<Coding>({
    gzip: { all: promisify(zlib.gunzip), stream: () => zlib.createGunzip(flush) },
    'x-gzip': { all: promisify(zlib.gunzip), stream: () => zlib.createGunzip(flush) },
    deflate: {
      all: (bytes, options) => (isZlib(bytes) ? inflate : inflateRaw)(bytes, options),
      stream: (first) => (isZlib(first) ? zlib.createInflate(flush) : zlib.createInflateRaw(flush)),
    },
    br: {
      all: (bytes, options) =>
        promisify(zlib.brotliDecompress)(bytes, { maxOutputLength: options.maxOutputLength }),
      stream: () => zlib.createBrotliDecompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH }),
    },
  }),
);

/** The most codings that may lie over one another, as in `fetch`. */
const MAX_CODINGS = 5;

/**
 * The codings a `content-encoding` header names, the outermost first; `undefined` where the body is to be left
 * as it is: there are none, or one that nobody knows.
 */
export function codingsOf(contentEncoding: string | null): readonly Coding[] | undefined {
  if (contentEncoding === null) return undefined;
  const names = contentEncoding.toLowerCase().split(',', MAX_CODINGS + 1);
  const codings = names.flatMap((name) => CODINGS.get(name.trim()) ?? []);
  return codings.length === names.length && names.length <= MAX_CODINGS
    ? codings.reverse()
    : undefined;
}

function malformed(cause: unknown): GatewayError {
  return new GatewayError('response body does not decode as its content-encoding says', {
    code: 'zerohop_malformed',
    cause,
  });
}

/** Decodes a whole body. */
export async function decodeAll(
  codings: readonly Coding[],
  bytes: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const maxOutputLength = Math.min(maxBytes, 2 ** 31 - 1);
  let decoded = bytes;
  try {
    for (const coding of codings) decoded = await coding.all(decoded, { maxOutputLength });
  } catch (error) {
    throw asFailure(error, maxBytes);
  }
  return decoded;
}

function asFailure(error: unknown, maxBytes: number): GatewayError {
  if (error instanceof RangeError) {
    return new GatewayError(`response body passed ${maxBytes} bytes (limits.maxBodyBytes)`, {
      code: 'zerohop_limit',
    });
  }
  return malformed(error);
}

/** Decodes a body as it comes. A body that was cut fails. */
export function decodeSource(codings: readonly Coding[], source: ByteSource): ByteSource {
  return codings.reduce(decodeOne, source);
}

function decodeOne(source: ByteSource, coding: Coding): ByteSource {
  let decoded: DecodedSource | undefined;
  let givenUp: { readonly reason: unknown } | undefined;
  return {
    async pull() {
      if (decoded === undefined) {
        const first = await source.pull();
        // A body of nothing is nothing in every coding.
        if (first === null) return null;
        decoded = new DecodedSource(coding, source, first);
        if (givenUp) decoded.cancel(givenUp.reason);
      }
      return decoded.pull();
    },
    cancel(reason) {
      givenUp ??= { reason };
      if (decoded) decoded.cancel(reason);
      else source.cancel(reason);
    },
  };
}

/** A body that has begun, on its way through a decoder. */
class DecodedSource implements ByteSource {
  readonly #decoder: zlib.Gunzip | zlib.BrotliDecompress;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #source: ByteSource;
  #broken: unknown;

  constructor(coding: Coding, source: ByteSource, first: Uint8Array) {
    this.#source = source;
    this.#decoder = coding.stream(first);
    this.#chunks = this.#decoder[Symbol.asyncIterator]();
    this.#decoder.once('error', (error) => {
      this.#broken ??= malformed(error);
      source.cancel(this.#broken);
    });
    void this.#feed(first);
  }

  async #feed(first: Uint8Array): Promise<void> {
    try {
      for (
        let chunk: Uint8Array | null = first;
        chunk !== null;
        chunk = await this.#source.pull()
      ) {
        if (!this.#decoder.write(chunk)) await once(this.#decoder, 'drain');
      }
      this.#decoder.end();
    } catch (error) {
      this.#broken ??= error;
      this.#decoder.destroy();
    }
  }

  async pull(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.#chunks.next();
      if (!done) return value;
    } catch (error) {
      throw this.#broken ?? malformed(error);
    }
    if (this.#broken !== undefined) throw this.#broken;
    return null;
  }

  cancel(reason?: unknown): void {
    this.#broken ??= reason ?? new DOMException('This operation was aborted', 'AbortError');
    this.#source.cancel(reason);
    this.#decoder.destroy();
  }
}
