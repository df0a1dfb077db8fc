import { answeringAttempt } from '../pipeline/answering-attempt.js';
import type {
  AttemptRecord,
  Decision,
  Failure,
  SettledChoice,
  Settlement,
  Usage,
} from '../pipeline/settlement.js';

/** One call, as a row: plain JSON, flat where one would query it. Content is in it only where bodies are on. */
export interface LogRow {
  readonly id: string;
  /** When the call was opened, ISO 8601. */
  readonly time: string;
  readonly operation: string;
  readonly stream: boolean;
  readonly outcome: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly target: string | null;
  readonly provider: string | null;
  readonly requestModel: string | null;
  readonly responseModel: string | null;
  readonly finishReasons: readonly (string | null)[];
  /** Normalised; `null` where nothing was reported. */
  readonly usage: Omit<Usage, 'reported'> | null;
  /** Why there is no usage. */
  readonly usageMissing: string | null;
  /** US dollars; `null` where unknown. */
  readonly cost: number | null;
  readonly costSource: string | null;
  /** Why there is no cost. */
  readonly unpriced: string | null;
  /** What came of the call at the cache; `null` where none is on. */
  readonly cacheStatus: string | null;
  readonly cacheKey: string | null;
  readonly cacheAgeMs: number | null;
  /** What an answer from the cache would have taken. */
  readonly savedInputTokens: number | null;
  readonly savedOutputTokens: number | null;
  readonly savedCost: number | null;
  readonly durationMs: number;
  readonly firstByteMs: number | null;
  readonly firstContentMs: number | null;
  readonly bytesReceived: number;
  readonly error: Failure | null;
  readonly attempts: readonly LoggedAttempt[];
  readonly decisions: readonly Decision[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Only where bodies are on: redacted, then cut. */
  readonly request?: string | undefined;
  readonly response?: string | undefined;
}

/** One attempt in a row. */
export type LoggedAttempt = Omit<AttemptRecord, 'usage' | 'cost'> & {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
};

/** A settlement as a row, without bodies. */
export function rowOf(settlement: Settlement): LogRow {
  const { timings, attempts, usage, cost, choices, cache } = settlement;
  const last = answeringAttempt(attempts);
  return {
    id: settlement.callId,
    time: new Date(settlement.startedAt).toISOString(),
    operation: settlement.operation,
    stream: settlement.stream,
    outcome: settlement.outcome,
    status: settlement.status ?? last?.status ?? null,
    requestId: settlement.requestId ?? last?.requestId ?? null,
    target: last?.target ?? cache?.producer ?? null,
    provider: last?.provider ?? null,
    requestModel: settlement.requestModel ?? null,
    responseModel: settlement.model ?? null,
    finishReasons: choices.map(({ finishReason }) => finishReason ?? null),
    usage: usage ? withoutReported(usage) : null,
    usageMissing: settlement.usageMissing ?? null,
    cost: cost?.amount ?? null,
    costSource: cost?.source ?? null,
    unpriced: settlement.unpriced ?? null,
    cacheStatus: cache?.status ?? null,
    cacheKey: cache?.key ?? null,
    cacheAgeMs: cache?.ageMs ?? null,
    savedInputTokens: cache?.savedInputTokens ?? null,
    savedOutputTokens: cache?.savedOutputTokens ?? null,
    savedCost: cache?.savedCost ?? null,
    durationMs: timings.durationMs,
    firstByteMs: timings.firstByteMs ?? null,
    firstContentMs: timings.firstContentMs ?? null,
    bytesReceived: settlement.bytesReceived,
    error: settlement.failure ?? null,
    attempts: attempts.map(loggedAttempt),
    decisions: settlement.decisions,
    metadata: settlement.metadata,
  };
}

/** The provider's own usage object is left out: nobody knows what will be in it. */
function withoutReported({ reported: _, iterations, ...counts }: Usage): Omit<Usage, 'reported'> {
  if (iterations === undefined) return counts;
  const plain = iterations.map(({ reported: __, ...iteration }) => ({
    ...iteration,
    reported: {},
  }));
  return { ...counts, iterations: plain };
}

function loggedAttempt({ usage, cost, ...attempt }: AttemptRecord): LoggedAttempt {
  return {
    ...attempt,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    cost: cost?.amount ?? null,
  };
}

/** What a response said, for a row with bodies. */
export function responseText(choices: readonly SettledChoice[]): string {
  return JSON.stringify(choices);
}
