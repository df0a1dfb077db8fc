import type Bottleneck from 'bottleneck';
import type { Clock } from '../../pipeline/clock.js';
import { beginAgainWith, loadBottleneck } from '../bottleneck.js';
import { mendClient, type OwnClient } from './ioredis.js';

/** What a shared limiter of Bottleneck is made with. */
export interface ShareSettings {
  /** The same in all processes that share it. */
  readonly id: string;
  readonly settings: Bottleneck.ConstructorOptions;
  /** What the reservoir begins with where there is none yet. */
  readonly beginsWith?: () => number;
  /** Redis has lost what it knew. */
  readonly onStateLost: () => void;
  /** It is not to be let go of. */
  readonly isInUse: () => boolean;
  /** It need not hear of what others do. */
  readonly isDeaf?: boolean;
}

interface Share {
  readonly limiter: Bottleneck;
  readonly share: ShareSettings;
  usedAt: number;
}

/** What a session is opened with. */
export interface SessionOptions {
  readonly connect: () => OwnClient;
  readonly clock: Clock;
  /** Begins the names of keys. */
  readonly keyPrefix: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** It is of no use any more. Called once. */
  readonly onEnd: (session: Session, reason: unknown) => void;
}

/** Limiters that nobody has used for so long are let go of, in ms; with them their subscriptions. */
const IDLE_MS = 30_000;
const PROBE_TTL_MS = 60_000;

/**
 * A pair of connections of our own to Redis, and the limiters of Bottleneck that share them. It lives until the
 * first thing that goes wrong; what was asked of it then fails at once, and another one takes its place.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #Limiter: typeof Bottleneck;
  readonly #connection: Bottleneck.IORedisConnection;
  readonly #shares = new Map<string, Share>();
  readonly #ended = Promise.withResolvers<never>();
  readonly #onAbort = () => this.end(this.#options.signal.reason);
  #stopSweeping: () => void;
  #lastError: unknown;
  #isOver = false;

  private constructor(Limiter: typeof Bottleneck, options: SessionOptions) {
    this.#Limiter = Limiter;
    this.#options = options;
    this.#ended.promise.catch(() => undefined);
    const client = mendClient(options.connect(), (id) => this.#shares.get(id)?.share.onStateLost());
    this.#connection = new Limiter.IORedisConnection({ client });
    this.#connection.on('error', (error) => {
      this.#lastError = error;
    });
    // The package's types leave them out.
    const { subscriber } = this.#connection as unknown as { readonly subscriber: OwnClient };
    for (const each of [client, subscriber]) each.on('end', () => this.end(this.#lastError));
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#stopSweeping = this.#sweepLater();
  }

  /** Opens one, whose scripts run and may write. Rejects where it ends before. */
  static async open(options: SessionOptions): Promise<Session> {
    const Limiter = await loadBottleneck();
    options.signal.throwIfAborted();
    const session = new Session(Limiter, options);
    const probe = session.limiter({
      id: `{${options.keyPrefix}:probe}`,
      settings: { timeout: PROBE_TTL_MS },
      onStateLost: () => undefined,
      isInUse: () => false,
    });
    await Promise.race([probe.schedule(() => Promise.resolve()), session.#ended.promise]);
    return session;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The limiter of a share; made where it is not there. */
  limiter(share: ShareSettings): Bottleneck {
    const now = this.#options.clock.now();
    const known = this.#shares.get(share.id);
    if (known) {
      known.usedAt = now;
      return known.limiter;
    }
    const { id, settings, beginsWith } = share;
    const limiter = new this.#Limiter({ ...settings, id, connection: this.#connection });
    if (beginsWith) beginAgainWith(limiter, beginsWith);
    limiter.on('error', (error: unknown) => this.end(error));
    // Nobody else may be waiting for it.
    this.#prepare(limiter, share.isDeaf).catch((error: unknown) => this.end(error));
    this.#shares.set(id, { limiter, share, usedAt: now });
    return limiter;
  }

  /** All processes are told of every change of what there is; with many, that is much to hear of. */
  async #prepare(limiter: Bottleneck, isDeaf = false): Promise<void> {
    await limiter.ready();
    // Its type says nothing.
    const { subscriber } = limiter.clients() as { readonly subscriber?: OwnClient };
    if (isDeaf) await subscriber?.unsubscribe(limiter.channel());
  }

  #sweepLater(): () => void {
    return this.#options.clock.timer(IDLE_MS, () => {
      this.#sweep();
      this.#stopSweeping = this.#sweepLater();
    });
  }

  #sweep(): void {
    const before = this.#options.clock.now() - IDLE_MS;
    for (const [id, { limiter, share, usedAt }] of this.#shares) {
      if (usedAt > before || share.isInUse()) continue;
      this.#shares.delete(id);
      void limiter.disconnect();
    }
  }

  /** Ends it. What is still asked of it fails. */
  end(reason?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopSweeping();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    void this.#connection.disconnect(false);
    this.#ended.reject(reason);
    this.#options.onEnd(this, reason);
  }
}
