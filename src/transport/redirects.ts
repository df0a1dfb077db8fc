import { GatewayError } from '../pipeline/errors.js';
import { type GatewayResponse, payloadSource } from '../pipeline/gateway-response.js';
import type { TransportInit } from './exchange.js';

const MAX_REDIRECTS = 20;

/** One request on the way to an answer: the first, or one that a redirect led to. */
export interface Hop {
  readonly url: string | URL;
  readonly init: TransportInit;
  readonly redirected: boolean;
}

type Send = (hop: Hop) => Promise<GatewayResponse>;

/**
 * Follows the redirect that a response may be, as `fetch` does, but never to another origin: what was sent is meant
 * for one.
 */
export async function followRedirects(
  answered: GatewayResponse,
  first: Hop,
  send: Send,
): Promise<GatewayResponse> {
  const { redirect } = first.init;
  let response = answered;
  let hop = first;
  for (let hops = 0; ; hops += 1) {
    const location = redirectLocation(response);
    if (location === null || redirect === 'manual') return response;
    const payload = response.peekPayload();
    if (payload) payloadSource(payload).cancel();
    const { origin } = new URL(hop.url);
    const target = URL.parse(location, String(hop.url));
    if (redirect === 'error' || hops >= MAX_REDIRECTS || target?.origin !== origin) {
      const where =
        target?.origin === origin ? `within ${origin}` : `from ${origin} to another origin`;
      throw new GatewayError(`refused a redirect (${response.status}) ${where}`, {
        code: 'zerohop_redirect',
      });
    }
    hop = { url: target, init: redirectedInit(response.status, hop.init), redirected: true };
    response = await send(hop);
  }
}

/** Whether a status is one that `fetch` follows. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function redirectLocation({ status, headers }: Response): string | null {
  return isRedirect(status) ? headers.get('location') : null;
}

/** The method and body after a redirect, by the fetch standard (HTTP-redirect fetch, step 12). */
function redirectedInit(status: number, init: TransportInit): TransportInit {
  const method = init.method ?? 'GET';
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST');
  if (!becomesGet) return init;
  const headers = new Headers(init.headers);
  for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language']) {
    headers.delete(name);
  }
  return { ...init, method: 'GET', body: null, headers };
}
