import type { Attributes } from '@opentelemetry/api';
import type { LimitStats } from '../pipeline/limit-types.js';
import type { Decision } from '../pipeline/settlement.js';
import { ZEROHOP } from './names.js';
import { METRICS } from './semconv.js';
import type { Record, SeriesBook } from './series-book.js';

/** What limits do, as metrics. */
export const LIMIT_DEFINITIONS = {
  limitWait: {
    name: 'zerohop.limit.wait.duration',
    unit: 's',
    description: 'How long requests waited for a rate limit.',
    buckets: METRICS.operationDuration.buckets,
  },
  limitRejections: {
    name: 'zerohop.limit.rejections',
    unit: '{request}',
    description: 'Requests that a rate limit refused, by why.',
  },
  limitRunning: {
    name: 'zerohop.limit.running',
    unit: '{request}',
    description: 'Requests under way that a rate limit has let through.',
  },
  limitQueued: {
    name: 'zerohop.limit.queued',
    unit: '{request}',
    description: 'Requests that wait for a rate limit.',
  },
} as const;

/** Whose limits they are: of a target, or of the application. */
function whose(target: unknown): Attributes {
  return typeof target === 'string' ? { [ZEROHOP.target]: target } : {};
}

/** The metrics of the rate limits of a gateway. They tell nothing of keys: who they are is nobody's to know. */
export class LimitMetrics {
  readonly #book: SeriesBook;
  readonly #wait: Record;
  readonly #rejections: Record;

  /** @param read how the limits do now */
  constructor(book: SeriesBook, read: () => readonly LimitStats[]) {
    this.#book = book;
    this.#wait = book.histogram(LIMIT_DEFINITIONS.limitWait);
    this.#rejections = book.counter(LIMIT_DEFINITIONS.limitRejections);
    book.gauge(LIMIT_DEFINITIONS.limitRunning, () =>
      read().map(({ running, target }) => [running, whose(target)]),
    );
    book.gauge(LIMIT_DEFINITIONS.limitQueued, () =>
      read().map(({ queued, target }) => [queued, whose(target)]),
    );
  }

  /** Records what the trail of a call tells of limits. */
  record(decisions: readonly Decision[], tags: Attributes | undefined): void {
    for (const { kind, detail = {} } of decisions) {
      const { limit, reason, waitedMs, target } = detail;
      if (kind === 'limit-refused')
        this.#rejections(1, this.#series(limit, [reason, target], tags));
      if (kind !== 'limit-waited' && kind !== 'limit-left') continue;
      const outcome = kind === 'limit-waited' ? 'passed' : 'left';
      this.#wait(Number(waitedMs) / 1_000, this.#series(limit, [outcome, target], tags));
    }
  }

  #series(
    limit: unknown,
    [outcome, target]: readonly [outcome: unknown, target: unknown],
    tags: Attributes | undefined,
  ): ReturnType<SeriesBook['series']> {
    const key = ['limit', limit, outcome, target, tags && JSON.stringify(tags)].join('\n');
    return this.#book.series(key, () => ({
      [ZEROHOP.limitName]: String(limit),
      [ZEROHOP.limitOutcome]: String(outcome),
      ...whose(target),
      ...tags,
    }));
  }
}
