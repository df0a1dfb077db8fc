import type { Attributes, Meter } from '@opentelemetry/api';
import type { CacheFacts } from '../pipeline/cache-types.js';
import type { LimitStats } from '../pipeline/limit-types.js';
import type { Cost, Decision, Operation, Outcome } from '../pipeline/settlement.js';
import { metadataValue } from './call-attributes.js';
import { GenAiMetrics } from './gen-ai-metrics.js';
import { LIMIT_DEFINITIONS, LimitMetrics } from './limit-metrics.js';
import { LimitedNames } from './limited-names.js';
import { ZEROHOP } from './names.js';
import { ATTRIBUTES, METRICS } from './semconv.js';
import { type Record, type Series, SeriesBook } from './series-book.js';
import type { TelemetrySettings } from './telemetry-options.js';
import type { UsageTotal } from './usage-total.js';

/** Models that are told apart on metrics; the rest are `_other`. */
export const MAX_MODELS = 200;
const MAX_PROVIDERS = 50;
const MAX_HOSTS = 50;
const MAX_FINGERPRINTS = 20;
const MAX_TIERS = 20;
/** Values that are told apart of each metadata key. */
const MAX_METADATA_VALUES = 50;

/** One target of a call, as metrics see it. */
export interface MeasuredTarget {
  /** `gen_ai.operation.name`. */
  readonly operation: string;
  readonly provider: string;
  readonly requestModel: string | undefined;
  readonly responseModel: string | undefined;
  readonly host: string;
  readonly port: number;
  /** OpenAI only. */
  readonly serviceTier: string | undefined;
  /** OpenAI only. */
  readonly fingerprint: string | undefined;
  readonly errorType: string | undefined;
  readonly durationSeconds: number;
  /** Streams only. */
  readonly firstChunkSeconds: number | undefined;
  /** The mean of the chunks after the first. */
  readonly perChunkSeconds: number | undefined;
  readonly usage: UsageTotal | undefined;
  readonly cost: Cost | undefined;
  readonly metadata: Readonly<{ [key: string]: unknown }>;
}

/** One call, as metrics see it. */
export interface MeasuredCall {
  readonly operation: Operation;
  readonly outcome: Outcome;
  readonly durationSeconds: number;
  readonly cache?: CacheFacts | undefined;
  readonly decisions: readonly Decision[];
  readonly metadata: Readonly<{ [key: string]: unknown }>;
}

const TIMES = METRICS.operationDuration.buckets;
/** The metrics of the gateway's own. */
export const DEFINITIONS = {
  duration: {
    name: 'zerohop.operation.duration',
    unit: 's',
    description: 'Duration of a call, over all its attempts and targets.',
    buckets: TIMES,
  },
  requests: { name: 'zerohop.requests', unit: '{request}', description: 'Calls, by outcome.' },
  cost: { name: 'zerohop.cost', unit: '{USD}', description: 'What calls cost.' },
  cacheRequests: {
    name: 'zerohop.cache.requests',
    unit: '{request}',
    description: 'Calls for which the cache was on, by what came of them there.',
  },
  savedCost: {
    name: 'zerohop.cache.saved.cost',
    unit: '{USD}',
    description: 'What calls would have cost that the cache answered.',
  },
  savedTokens: {
    name: 'zerohop.cache.saved.tokens',
    unit: '{token}',
    description: 'Tokens of the answers that came from the cache.',
  },
  ...LIMIT_DEFINITIONS,
} as const;

interface CacheRecords {
  readonly requests: Record;
  readonly cost: Record;
  readonly tokens: Record;
}

/** The metrics of a gateway. */
export class Metrics {
  readonly #book: SeriesBook;
  readonly #genAi: GenAiMetrics;
  readonly #duration: Record;
  readonly #requests: Record;
  readonly #cost: Record;
  /** Made when the first call uses the cache. */
  #cache: CacheRecords | undefined;
  /** Absent where there are no limits. */
  readonly #limits: LimitMetrics | undefined;
  readonly #models = new LimitedNames(MAX_MODELS);
  readonly #providers = new LimitedNames(MAX_PROVIDERS);
  readonly #hosts = new LimitedNames(MAX_HOSTS);
  readonly #tiers = new LimitedNames(MAX_TIERS);
  readonly #fingerprints = new LimitedNames(MAX_FINGERPRINTS);
  readonly #metadata: readonly (readonly [key: string, values: LimitedNames])[];

  /** @param limits how the rate limits do now, if there are any */
  constructor(
    meter: Meter,
    { profile, metricMetadata }: TelemetrySettings,
    limits: () => readonly LimitStats[] = () => [],
  ) {
    const book = new SeriesBook(meter);
    this.#book = book;
    this.#genAi = new GenAiMetrics(book, profile);
    this.#duration = book.histogram(DEFINITIONS.duration);
    this.#requests = book.counter(DEFINITIONS.requests);
    this.#cost = book.counter(DEFINITIONS.cost);
    if (limits().length > 0) this.#limits = new LimitMetrics(book, limits);
    this.#metadata = metricMetadata.map((key) => [key, new LimitedNames(MAX_METADATA_VALUES)]);
  }

  recordTarget(target: MeasuredTarget): void {
    const series = this.#seriesOf(target);
    this.#genAi.record(target, series);
    if (target.cost) this.#cost(target.cost.amount, series);
  }

  recordCall(call: MeasuredCall): void {
    const { operation, outcome, durationSeconds, cache, decisions, metadata } = call;
    const tags = this.#tags(metadata);
    const series = this.#book.series(keyOf([operation, outcome], tags), () => ({
      [ZEROHOP.operation]: operation,
      [ZEROHOP.outcome]: outcome,
      ...tags,
    }));
    this.#duration(durationSeconds, series);
    this.#requests(1, series);
    if (cache) this.#recordCache(cache, operation, tags);
    this.#limits?.record(decisions, tags);
  }

  #recordCache(cache: CacheFacts, operation: Operation, tags: Attributes | undefined): void {
    const { status, savedCost, savedInputTokens, savedOutputTokens } = cache;
    this.#cache ??= {
      requests: this.#book.counter(DEFINITIONS.cacheRequests),
      cost: this.#book.counter(DEFINITIONS.savedCost),
      tokens: this.#book.counter(DEFINITIONS.savedTokens),
    };
    const { requests, cost, tokens } = this.#cache;
    const series = this.#book.series(keyOf([operation, status], tags), () => ({
      [ZEROHOP.operation]: operation,
      [ZEROHOP.cacheStatus]: status,
      ...tags,
    }));
    requests(1, series);
    if (savedCost !== undefined) cost(savedCost, series);
    if (savedInputTokens !== undefined) {
      tokens(savedInputTokens, series.with(ATTRIBUTES.tokenType, 'input'));
    }
    if (savedOutputTokens !== undefined) {
      tokens(savedOutputTokens, series.with(ATTRIBUTES.tokenType, 'output'));
    }
  }

  #seriesOf(target: MeasuredTarget): Series {
    const { operation, port, requestModel, responseModel, serviceTier, fingerprint } = target;
    const provider = this.#providers.of(target.provider);
    const host = this.#hosts.of(target.host);
    const asked = requestModel && this.#models.of(requestModel);
    const answered = responseModel && this.#models.of(responseModel);
    const tier = serviceTier && this.#tiers.of(serviceTier);
    const print = fingerprint && this.#fingerprints.of(fingerprint);
    const tags = this.#tags(target.metadata);
    const values = [operation, provider, host, port, asked, answered, tier, print];
    return this.#book.series(keyOf(values, tags), () => ({
      [ATTRIBUTES.operationName]: operation,
      [ATTRIBUTES.providerName]: provider,
      [ATTRIBUTES.serverAddress]: host,
      [ATTRIBUTES.serverPort]: port,
      ...(asked && { [ATTRIBUTES.requestModel]: asked }),
      ...(answered && { [ATTRIBUTES.responseModel]: answered }),
      ...(tier && { [ATTRIBUTES.openaiResponseServiceTier]: tier }),
      ...(print && { [ATTRIBUTES.openaiResponseSystemFingerprint]: print }),
      ...tags,
    }));
  }

  /** The metadata that metrics were asked to carry. */
  #tags(metadata: MeasuredCall['metadata']): Attributes | undefined {
    if (this.#metadata.length === 0) return undefined;
    const tags: Attributes = {};
    for (const [key, values] of this.#metadata) {
      const value = metadataValue(metadata[key]);
      if (value !== undefined) tags[ZEROHOP.metadata + key] = values.of(String(value));
    }
    return tags;
  }
}

/** Tells attribute sets apart; what is absent is an empty line. */
function keyOf(values: readonly unknown[], tags: Attributes | undefined): string {
  const key = values.join('\n');
  return tags === undefined ? key : `${key}\n${JSON.stringify(tags)}`;
}
