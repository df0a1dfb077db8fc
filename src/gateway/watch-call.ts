import type { CallContext } from '../pipeline/call-context.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Target } from '../pipeline/target.js';

/** Ends a call that an interceptor holds for ever, or that its caller gave up while one holds it. */
export async function watchCall(
  running: Promise<Response>,
  context: CallContext,
  target: Target,
): Promise<Response> {
  const interrupted = Promise.withResolvers<never>();
  const { clock, signal, whereabouts } = context;
  const onAbort = () => interrupted.reject(signal.reason);
  let stop: () => void = () => undefined;
  const arm = (delayMs: number) => {
    stop = clock.timer(delayMs, () => {
      const { longest } = whereabouts;
      const heldMs = longest === undefined ? 0 : clock.now() - longest.since;
      if (longest === undefined || heldMs < target.timeoutMs) {
        arm(target.timeoutMs - heldMs);
        return;
      }
      const error = new GatewayError(
        `interceptor "${longest.holder}" neither returned nor called next() for ${target.timeoutMs} ms`,
        { code: 'zerohop_interceptor' },
      );
      interrupted.reject(error);
      context.controller.abort(error);
    });
  };
  arm(target.timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  running.catch(() => undefined);
  try {
    return await Promise.race([running, interrupted.promise]);
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}
