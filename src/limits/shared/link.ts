import { type Clock, MAX_TIMER_MS } from '../../pipeline/clock.js';
import type { Logger } from '../../pipeline/contract.js';
import type { RedisClient } from '../../pipeline/limit-types.js';
import { loadBottleneck } from '../bottleneck.js';
import { listenWhereNobodyDoes, loadConnect, type OwnClient } from './ioredis.js';
import { Session } from './session.js';

/** Options of {@link RedisLink}. */
export interface LinkOptions {
  readonly redis: RedisClient | string;
  readonly keyPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is done without it, for the log. */
  readonly onRedisDown: 'local' | 'closed';
  /** It is there, or is not any more. */
  readonly onChange: () => void;
}

/** How long a call waits for Redis, in ms. */
const DEADLINE_MS = 100;
const DEADLINE_STEPS = 10;
export const DEADLINE_STEP_MS = DEADLINE_MS / DEADLINE_STEPS;
/** What has not answered for so long is given up, in ms. */
const GIVE_UP_MS = 2_000;
const FIRST_PAUSE_MS = 500;
/** With its jitter, and with what it takes to connect, a Redis that is back is used within five seconds. */
const MAX_PAUSE_MS = 1_600;
const JITTER = 0.25;
/** A session that lasted so long was a good one, in ms. */
const PROVEN_MS = 10_000;
/** Until all processes have found that it is back, in ms. */
const ALL_BACK_MS = 2_500;
const WARN_EVERY_MS = 60_000;

/**
 * - `opening`: for the first time; calls wait for it
 * - `up`
 * - `late`: has not answered in time, and may yet
 * - `down`: tries again after a pause
 * - `over`: will not try again
 */
type State = 'opening' | 'up' | 'late' | 'down' | 'over';

/**
 * The way to the Redis that limits are shared in: one session after the other. Nobody waits for it longer than a
 * deadline, and once it was missed, nobody waits at all until it has come back, which it does by itself.
 */
export class RedisLink {
  readonly #options: LinkOptions;
  #state: State = 'opening';
  #session: Session | undefined;
  readonly #opened: Promise<void>;
  readonly #stopListening: () => void;
  #attempt: AbortController | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #upSince = 0;
  #backSince = Number.NEGATIVE_INFINITY;
  #retryAt = 0;
  #stopTimer: (() => void) | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #failure: Error | undefined;
  #waiting = 0;
  #alive: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#stopListening = listenWhereNobodyDoes(options.redis);
    this.#opened = this.#first();
  }

  /** What can be asked now. */
  get session(): Session | undefined {
    return this.#state === 'up' ? this.#session : undefined;
  }

  /** Resolves when it was opened for the first time, or not in time; absent where that is over. */
  get opening(): Promise<void> | undefined {
    return this.#state === 'opening' ? this.#opened : undefined;
  }

  /** It has just come back, and others may not know it yet. */
  get isJustBack(): boolean {
    return this.#options.clock.now() - this.#backSince < ALL_BACK_MS;
  }

  /** Why there will never be a session. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Until it tries again, in ms. */
  get retryAfterMs(): number {
    return Math.max(1, this.#retryAt - this.#options.clock.now());
  }

  async #first(): Promise<void> {
    try {
      const [connect] = await Promise.all([loadConnect(this.#options.redis), loadBottleneck()]);
      if (this.#state === 'opening') {
        await this.#inTime(this.#open(connect), () => {
          if (this.#state === 'opening') this.#late();
        });
      }
    } catch (error) {
      // There is no client to connect with, and never will be.
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#state = 'over';
      this.#tell('error', this.#failure.message, {});
    }
  }

  async #open(connect: () => OwnClient): Promise<void> {
    const { clock, keyPrefix } = this.#options;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const stop = clock.timer(GIVE_UP_MS, () => attempt.abort(new LateError(GIVE_UP_MS)));
    const { signal } = attempt;
    try {
      const session = await Session.open({
        ...{ connect, clock, keyPrefix, signal },
        onEnd: (ended, reason) => {
          if (ended === this.#session) this.#fall(connect, reason);
        },
      });
      if (session.isOver) throw new Error('closed');
      this.#session = session;
      this.#rise();
    } catch (error) {
      this.#fall(connect, error);
    } finally {
      stop();
    }
  }

  #rise(): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'opening') this.#tell('debug', 'limits are shared again', {});
    this.#stopTimer?.();
    const now = this.#options.clock.now();
    if (this.#state === 'down') this.#backSince = now;
    this.#state = 'up';
    this.#upSince = now;
    this.#options.onChange();
  }

  /** The session is of no use any more; another one is opened after a pause. */
  #fall(connect: () => OwnClient, reason: unknown): void {
    this.#session = undefined;
    this.#stopTimer?.();
    if (this.#state === 'over') return;
    const { clock, onChange } = this.#options;
    if (this.#state === 'up' && clock.now() - this.#upSince > PROVEN_MS) {
      this.#pauseMs = FIRST_PAUSE_MS;
    }
    const pauseMs = this.#pauseMs * (1 - JITTER + 2 * JITTER * clock.random());
    this.#pauseMs = Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs);
    this.#retryAt = clock.now() + pauseMs;
    this.#state = 'down';
    this.#stopTimer = clock.timer(pauseMs, () => void this.#open(connect));
    this.#warn(reasonOf(reason));
    onChange();
  }

  #late(session?: Session): void {
    const { clock, onChange } = this.#options;
    this.#state = 'late';
    this.#retryAt = clock.now() + GIVE_UP_MS;
    // One that is being opened has its own end.
    this.#stopTimer =
      session && clock.timer(GIVE_UP_MS, () => session.end(new LateError(GIVE_UP_MS)));
    this.#warn(reasonOf(new LateError(DEADLINE_MS)));
    onChange();
  }

  /** Asks Redis. Resolves when that is done, has failed, or is late; never rejects. */
  async ask(work: (session: Session) => Promise<unknown>): Promise<void> {
    const { session } = this;
    if (session === undefined) return;
    const done = work(session).then(
      () => {
        if (this.#state === 'late' && this.#session === session) this.#rise();
      },
      (error: unknown) => session.end(error),
    );
    await this.#inTime(done, () => {
      if (this.#state === 'up' && this.#session === session) this.#late(session);
    });
  }

  /** Waits for `done`, at most as long as a call may, and keeps the process alive meanwhile. */
  async #inTime(done: Promise<void>, onLate: () => void): Promise<void> {
    const late = Promise.withResolvers<void>();
    const stop = this.#deadline(late.resolve);
    this.#waiting += 1;
    this.#alive ??= setInterval(() => undefined, MAX_TIMER_MS);
    const isDone = await Promise.race([done.then(() => true), late.promise.then(() => false)]);
    stop();
    this.#waiting -= 1;
    if (this.#waiting === 0) {
      clearInterval(this.#alive);
      this.#alive = undefined;
    }
    if (!isDone) onLate();
  }

  /** In steps: after a busy stretch timers go off before answers are read that have long been there. */
  #deadline(onLate: () => void): () => void {
    let left = DEADLINE_STEPS;
    let stop = (): void => undefined;
    const step = () => {
      left -= 1;
      const next = left > 0 ? step : () => setImmediate(onLate);
      stop = this.#options.clock.timer(DEADLINE_STEP_MS, next);
    };
    step();
    return () => stop();
  }

  #warn(reason: string): void {
    const { clock, onRedisDown } = this.#options;
    if (clock.now() - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = clock.now();
    const instead = onRedisDown === 'local' ? 'each process has its share' : 'requests are refused';
    this.#tell('warn', `limits cannot be shared, ${instead}`, { reason });
  }

  #tell(
    level: 'debug' | 'warn' | 'error',
    message: string,
    detail: Readonly<Record<string, string>>,
  ): void {
    try {
      this.#options.logger[level]?.(message, detail);
    } catch {
      // A logger of the user's that throws must not keep a call from its limits.
    }
  }

  close(): void {
    this.#state = 'over';
    this.#stopTimer?.();
    this.#stopListening();
    this.#attempt?.abort(new Error('closed'));
    this.#session?.end();
    this.#session = undefined;
  }
}

class LateError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

/**
 * The kind of an error and never its message, which may hold an address with its password: a code such as
 * `ECONNREFUSED`, a Redis reply's first word such as `NOAUTH`, or the error's name.
 */
function reasonOf(error: unknown): string {
  if (error instanceof LateError) return error.message;
  if (!(error instanceof Error)) return 'connection closed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (code ?? /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? error.name).slice(0, 60);
}
