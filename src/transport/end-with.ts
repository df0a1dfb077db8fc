/**
 * A signal that fires with either. A `fetch` that is not ours knows nothing of the attempt's own, which is the
 * one that a deadline or `gateway.close()` fires. From the headers on, the body is given up instead.
 */
export function endWith(
  own: AbortSignal | undefined,
  attempt: AbortSignal,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const either = new AbortController();
  const onOwn = () => either.abort(own?.reason);
  const onAttempt = () => either.abort(attempt.reason);
  if (own?.aborted) onOwn();
  own?.addEventListener('abort', onOwn, { once: true });
  attempt.addEventListener('abort', onAttempt, { once: true });
  return {
    signal: either.signal,
    release() {
      attempt.removeEventListener('abort', onAttempt);
    },
  };
}
