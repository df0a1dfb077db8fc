import { GatewayError } from '../../pipeline/errors.js';
import type { Candidate } from './candidates.js';

/** A target that was not asked, and why. */
interface Skipped {
  readonly candidate: Candidate;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
}

/** The targets of one call that could not be asked. */
export class SkippedTargets {
  readonly #all: Skipped[] = [];

  /** @param waitMs until it is worth asking again */
  add(candidate: Candidate, reason: string, waitMs?: number): void {
    const retryAfterMs =
      waitMs !== undefined && Number.isFinite(waitMs) ? Math.ceil(waitMs) : undefined;
    this.#all.push({ candidate, reason, retryAfterMs });
  }

  addAll(others: SkippedTargets): void {
    this.#all.push(...others.#all);
  }

  /** The one whose breaker would let a call through first. One that asked to be left alone is. */
  leastBad(now: number): Candidate | undefined {
    const open = this.#all.filter(
      ({ reason, candidate }) =>
        (reason === 'open' || reason === 'dead') &&
        !candidate.target.health.breaker.isDeferred(now),
    );
    const waitOf = ({ retryAfterMs = 0 }: Skipped) => retryAfterMs;
    return open.sort((one, other) => waitOf(one) - waitOf(other))[0]?.candidate;
  }

  /** What the caller sees where nobody could be asked. */
  error(): GatewayError {
    const why = this.#all.map(({ candidate, reason, retryAfterMs }) =>
      retryAfterMs === undefined
        ? `${candidate.target.name}: ${reason}`
        : `${candidate.target.name}: ${reason}, again in ${retryAfterMs} ms`,
    );
    const waits = this.#all.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    const error = new GatewayError(`no target can be asked (${why.join('; ')})`, {
      code: 'zerohop_no_target',
    });
    return Object.assign(error, {
      targets: this.#all.map(({ candidate: { target }, reason, retryAfterMs }) => ({
        target: target.name,
        reason,
        retryAfterMs,
      })),
      ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
    });
  }
}
