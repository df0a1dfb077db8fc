import type { CallContext } from '../pipeline/call-context.js';

/** One caller's place on a flight: hears of the end of its call, with one listener however far the answer has come. */
export class Seat<Answer> {
  readonly context: CallContext;
  /** What the end of the call does, at present. */
  onAbort: (() => void) | undefined;
  readonly #landing = Promise.withResolvers<Answer>();

  constructor(context: CallContext) {
    this.context = context;
    context.signal.addEventListener('abort', this, { once: true });
  }

  /** The answer; rejects with what came in its place. */
  get landed(): Promise<Answer> {
    return this.#landing.promise;
  }

  land(answer: Answer): void {
    this.onAbort = undefined;
    this.#landing.resolve(answer);
  }

  /** There will be no answer. */
  fail(error: unknown): void {
    this.release();
    this.#landing.reject(error);
  }

  /** The call is not listened to any more. */
  release(): void {
    this.onAbort = undefined;
    this.context.signal.removeEventListener('abort', this);
  }

  handleEvent(): void {
    this.onAbort?.();
  }
}
