import type { CallContext } from './call-context.js';
import type { GatewayRequest, Interceptor, Next } from './contract.js';
import { GatewayError } from './errors.js';
import { GatewayResponse, payloadSource } from './gateway-response.js';

/**
 * Composes `interceptors` around `terminal`; the first one listed runs first. What an interceptor does
 * wrong becomes an error that names it; what comes from below it passes through unchanged.
 */
export function composePipeline(
  interceptors: readonly Interceptor[],
  terminal: Next,
  context: CallContext,
): Next {
  const way = {};
  return interceptors.reduceRight<Next>(
    (next, interceptor, index) => guarded({ interceptor, index, way }, next, context),
    terminal,
  );
}

function guarded(
  { interceptor, index, way }: { interceptor: Interceptor; index: number; way: object },
  next: Next,
  context: CallContext,
): Next {
  const { whereabouts } = context;
  const name = interceptor.name || `#${index}`;
  const enter = (holder: string | undefined) => {
    whereabouts.enter(way, holder, context.clock.now());
  };
  return async function layer(request) {
    const handedOut: Response[] = [];
    let fromBelow: unknown;
    const below = async (inner: GatewayRequest) => {
      if (context.isSettled) throw fault(name, 'called next() after the call had settled');
      if (inner === undefined) throw fault(name, 'called next() without a request');
      enter(undefined);
      try {
        const response = await next(inner);
        handedOut.push(response);
        return response;
      } catch (error) {
        fromBelow = error;
        throw error;
      } finally {
        enter(name);
      }
    };
    enter(name);
    try {
      const response = checked(name, await interceptor(request, below, context));
      for (const other of handedOut) if (other !== response) discard(other);
      return response;
    } catch (error) {
      for (const response of handedOut) discard(response);
      if (error === fromBelow || error instanceof GatewayError) throw error;
      if (context.signal.aborted && error === context.signal.reason) throw error;
      throw fault(name, `threw: ${messageOf(error)}`, error);
    } finally {
      enter(undefined);
    }
  };
}

/** Closes a response that nobody will read. */
export function discard(response: Response): void {
  if (response instanceof GatewayResponse) {
    const payload = response.peekPayload();
    if (payload) payloadSource(payload).cancel();
    return;
  }
  if (!response.bodyUsed && !response.body?.locked) response.body?.cancel().catch(() => undefined);
}

function checked(name: string, response: unknown): Response {
  if (!isResponse(response)) {
    throw fault(
      name,
      `returned ${response === null ? 'null' : typeof response} instead of a Response`,
    );
  }
  if (response.bodyUsed) {
    throw fault(
      name,
      'read the body of the response it returned; use editJson() or mapEvents(), or return a new Response',
    );
  }
  return response;
}

function isResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    'headers' in value &&
    'body' in value
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fault(name: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError(`interceptor "${name}" ${what}`, { code: 'zerohop_interceptor', cause });
}
