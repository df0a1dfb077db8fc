/** Whether a function is the `fetch` that Node itself provides, and not one laid over it (msw, nock). */
export function isRuntimeFetch(candidate: unknown): boolean {
  return (
    typeof candidate === 'function' &&
    Function.prototype.toString.call(candidate).includes('internal/deps/undici')
  );
}
