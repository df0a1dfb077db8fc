import { isJson } from '../pipeline/content-type.js';
import { EXCHANGE, type Exchange } from '../pipeline/exchange.js';

/** The `init` the SDKs pass to `fetch`. */
export interface TransportInit extends RequestInit {
  readonly [EXCHANGE]?: Exchange | undefined;
}

/** What we need of an undici dispatcher, of any major. */
export interface Dispatcher {
  dispatch(options: DispatchOptions, handler: object): boolean;
}

/** Options of one dispatch; the same names in undici 6, 7 and 8. */
export interface DispatchOptions {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: string[];
  readonly body: string | Uint8Array | null;
  /** 0 = none: the SDK's timeout and ours are the only ones. */
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

/** Error bodies are read by the SDKs without a bound; this one is ours. A larger one costs its connection. */
export const MAX_ERROR_BODY_BYTES = 1024 * 1024;
/** Bytes that may wait for a reader before the socket is paused. */
export const HIGH_WATER_BYTES = 64 * 1024;

/** Whether the whole body is collected before the response is handed over. */
export function isCollected(
  exchange: Exchange | undefined,
  status: number,
  contentType: string | null,
): boolean {
  if (exchange === undefined) return false;
  if (status >= 400) return true;
  if (exchange.stream) return contentType !== null && isJson(contentType);
  if (exchange.binary) return false;
  return contentType === null || !contentType.startsWith('text/event-stream');
}
