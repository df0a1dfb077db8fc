import type { Interruption, InterruptionAnswer, OnInterrupted } from '../../pipeline/contract.js';

/** A function of the user's that decides on interruptions. */
export type Decide = Exclude<OnInterrupted, string>;

/** What the user's function says, as long as the call goes on; one that fails counts as `'error'`, and the logger is told. */
export async function askUser(
  decide: Decide,
  interruption: Interruption,
): Promise<InterruptionAnswer> {
  const { context } = interruption;
  try {
    const answer: unknown = await beforeAbort(context.signal, async () => decide(interruption));
    if (isAnswer(answer)) return answer;
    throw new TypeError("it must return 'error', 'continue' or { body }");
  } catch (error) {
    if (!context.signal.aborted) {
      context.logger.error?.('onInterrupted failed', {
        callId: context.id,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    return 'error';
  }
}

function isAnswer(value: unknown): value is InterruptionAnswer {
  if (value === 'error' || value === 'continue') return true;
  if (typeof value !== 'object' || value === null || !('body' in value)) return false;
  const { body } = value;
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** What comes of `work`, or the signal's reason once it fires. */
async function beforeAbort<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
