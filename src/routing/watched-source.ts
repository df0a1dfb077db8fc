import type { ByteSource } from '../pipeline/byte-source.js';
import type { CallContext } from '../pipeline/call-context.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Target } from '../pipeline/target.js';
import { describeFailure } from './describe-failure.js';

/**
 * A body that is passed through as it comes: watched for silence and for the caller's leaving, and
 * settled at its end.
 */
export class WatchedSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #context: CallContext;
  readonly #target: Target;
  readonly #idleMs: number;
  #stopTimer: (() => void) | undefined;
  #aliveAt: number;
  #stopped: unknown;
  #over = false;
  readonly #onAbort = () => this.#stop(this.#context.signal.reason);

  constructor(source: ByteSource, context: CallContext, target: Target, idleMs: number) {
    this.#source = source;
    this.#context = context;
    this.#target = target;
    this.#idleMs = idleMs;
    this.#aliveAt = context.clock.now();
    context.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (context.signal.aborted) this.#onAbort();
  }

  async pull(): Promise<Uint8Array | null> {
    if (this.#stopped !== undefined) throw this.#stopped;
    this.#aliveAt = this.#context.clock.now();
    this.#stopTimer ??= this.#arm(this.#idleMs);
    try {
      const chunk = await this.#source.pull();
      if (this.#stopped !== undefined) throw this.#stopped;
      if (chunk === null) this.#end('success');
      return chunk;
    } catch (thrown) {
      throw this.#broken(thrown);
    }
  }

  #arm(delayMs: number): () => void {
    return this.#context.clock.timer(delayMs, () => {
      const silentMs = this.#context.clock.now() - this.#aliveAt;
      if (silentMs < this.#idleMs) {
        this.#stopTimer = this.#arm(this.#idleMs - silentMs);
        return;
      }
      this.#stop(
        new GatewayError(`nothing came from the upstream for ${this.#idleMs} ms (timeouts.idle)`, {
          code: 'zerohop_timeout',
        }),
      );
    });
  }

  #stop(reason: unknown): void {
    this.#stopped ??= reason ?? new DOMException('This operation was aborted', 'AbortError');
    this.#source.cancel(this.#stopped);
  }

  #broken(thrown: unknown): unknown {
    const reason = this.#stopped ?? thrown;
    const { failure, error } = describeFailure(reason, this.#target.errors);
    const aborted = failure.kind === 'aborted' || this.#context.signal.aborted;
    this.#end(aborted ? 'aborted' : 'error', failure);
    return aborted ? reason : error;
  }

  #end(...outcome: Parameters<CallContext['settle']>): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer?.();
    this.#context.signal.removeEventListener('abort', this.#onAbort);
    this.#context.settle(...outcome);
  }

  cancel(reason?: unknown): void {
    this.#source.cancel(reason);
    this.#end('aborted', { kind: 'aborted', message: 'aborted' });
  }
}
