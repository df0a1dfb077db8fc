import { once } from 'node:events';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { ByteSource } from '../pipeline/byte-source.js';
import { GatewayError } from '../pipeline/errors.js';

type Decode = (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Uint8Array>;

interface Coding {
  readonly all: Decode;
  readonly stream: () => zlib.Gunzip | zlib.BrotliDecompress;
}

const flush = { flush: zlib.constants.Z_SYNC_FLUSH };

const CODINGS: Readonly<Record<string, Coding>> = {
  gzip: { all: promisify(zlib.gunzip), stream: () => zlib.createGunzip(flush) },
  'x-gzip': { all: promisify(zlib.gunzip), stream: () => zlib.createGunzip(flush) },
  deflate: { all: promisify(zlib.inflate), stream: () => zlib.createInflate(flush) },
  br: {
    all: (bytes, options) => promisify(zlib.brotliDecompress)(bytes, { maxOutputLength: options.maxOutputLength }),
    stream: () => zlib.createBrotliDecompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  },
};

/** The coding a `content-encoding` header names, or `undefined` where the body is as it is. */
export function codingOf(contentEncoding: string | null): Coding | undefined {
  return contentEncoding === null ? undefined : CODINGS[contentEncoding.trim().toLowerCase()];
}

function malformed(cause: unknown): GatewayError {
  return new GatewayError('response body does not decode as its content-encoding says', {
    code: 'zerohop_malformed',
    cause,
  });
}

/** Decodes a whole body. */
export async function decodeAll(
  coding: Coding,
  bytes: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const maxOutputLength = Math.min(maxBytes, 2 ** 31 - 1);
  try {
    return await coding.all(bytes, { maxOutputLength });
  } catch (error) {
    throw malformed(error);
  }
}

/** Decodes a body as it comes. A body that was cut fails. */
export function decodeSource(coding: Coding, source: ByteSource): ByteSource {
  const decoder = coding.stream();
  let broken: unknown;
  const chunks = decoder[Symbol.asyncIterator]();
  const feed = async () => {
    try {
      for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) {
        if (!decoder.write(chunk)) await once(decoder, 'drain');
      }
      decoder.end();
    } catch (error) {
      broken ??= error;
      decoder.destroy();
    }
  };
  decoder.once('error', (error) => {
    broken ??= malformed(error);
    source.cancel(broken);
  });
  let started = false;
  return {
    async pull() {
      if (!started) {
        started = true;
        void feed();
      }
      try {
        const { done, value } = await chunks.next();
        if (!done) return value;
      } catch (error) {
        throw broken ?? malformed(error);
      }
      if (broken !== undefined) throw broken;
      return null;
    },
    cancel(reason) {
      broken ??= reason ?? new DOMException('This operation was aborted', 'AbortError');
      source.cancel(reason);
      decoder.destroy();
    },
  };
}
