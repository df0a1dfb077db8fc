import type { Attributes, Meter } from '@opentelemetry/api';
import type { Cost, Operation, Outcome } from '../pipeline/settlement.js';
import { metadataValue } from './call-attributes.js';
import { GenAiMetrics } from './gen-ai-metrics.js';
import { LimitedNames } from './limited-names.js';
import { ZEROHOP } from './names.js';
import { ATTRIBUTES, METRICS } from './semconv.js';
import { type Record, SeriesBook } from './series-book.js';
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
  readonly metadata: Readonly<{ [key: string]: unknown }>;
}

const TIMES = METRICS.operationDuration.buckets;
const DEFINITIONS = {
  duration: {
    name: 'zerohop.operation.duration',
    unit: 's',
    description: 'Duration of a call, over all its attempts and targets.',
    buckets: TIMES,
  },
  requests: { name: 'zerohop.requests', unit: '{request}', description: 'Calls, by outcome.' },
  cost: { name: 'zerohop.cost', unit: '{USD}', description: 'What calls cost.' },
} as const;

/** The metrics of a gateway. */
export class Metrics {
  readonly #genAi: GenAiMetrics;
  readonly #duration: Record;
  readonly #requests: Record;
  readonly #cost: Record;
  readonly #models = new LimitedNames(MAX_MODELS);
  readonly #providers = new LimitedNames(MAX_PROVIDERS);
  readonly #hosts = new LimitedNames(MAX_HOSTS);
  readonly #tiers = new LimitedNames(MAX_TIERS);
  readonly #fingerprints = new LimitedNames(MAX_FINGERPRINTS);
  readonly #metadata: readonly (readonly [key: string, values: LimitedNames])[];

  constructor(meter: Meter, { profile, metricMetadata }: TelemetrySettings) {
    const book = new SeriesBook(meter);
    this.#genAi = new GenAiMetrics(book, profile);
    this.#duration = book.histogram(DEFINITIONS.duration);
    this.#requests = book.counter(DEFINITIONS.requests);
    this.#cost = book.counter(DEFINITIONS.cost);
    this.#metadata = metricMetadata.map((key) => [key, new LimitedNames(MAX_METADATA_VALUES)]);
  }

  recordTarget(target: MeasuredTarget): void {
    const attributes = this.#attributesOf(target);
    const key = keyOf(attributes);
    this.#genAi.record(target, { key, attributes });
    if (target.cost) this.#cost(target.cost.amount, key, () => attributes);
  }

  recordCall({ operation, outcome, durationSeconds, metadata }: MeasuredCall): void {
    const attributes: Attributes = {
      [ZEROHOP.operation]: operation,
      [ZEROHOP.outcome]: outcome,
      ...this.#tags(metadata),
    };
    const key = keyOf(attributes);
    this.#duration(durationSeconds, key, () => attributes);
    this.#requests(1, key, () => attributes);
  }

  #attributesOf(target: MeasuredTarget): Attributes {
    const attributes: Attributes = {
      [ATTRIBUTES.operationName]: target.operation,
      [ATTRIBUTES.providerName]: this.#providers.of(target.provider),
      [ATTRIBUTES.serverAddress]: this.#hosts.of(target.host),
      [ATTRIBUTES.serverPort]: target.port,
    };
    const { requestModel, responseModel, serviceTier, fingerprint } = target;
    if (requestModel !== undefined)
      attributes[ATTRIBUTES.requestModel] = this.#models.of(requestModel);
    if (responseModel !== undefined) {
      attributes[ATTRIBUTES.responseModel] = this.#models.of(responseModel);
    }
    if (serviceTier !== undefined) {
      attributes[ATTRIBUTES.openaiResponseServiceTier] = this.#tiers.of(serviceTier);
    }
    if (fingerprint !== undefined) {
      attributes[ATTRIBUTES.openaiResponseSystemFingerprint] = this.#fingerprints.of(fingerprint);
    }
    return this.#metadata.length === 0
      ? attributes
      : { ...attributes, ...this.#tags(target.metadata) };
  }

  /** The metadata that metrics were asked to carry. */
  #tags(metadata: MeasuredCall['metadata']): Attributes {
    const tags: Attributes = {};
    for (const [key, values] of this.#metadata) {
      const value = metadataValue(metadata[key]);
      if (value !== undefined) tags[ZEROHOP.metadata + key] = values.of(String(value));
    }
    return tags;
  }
}

/** Tells attribute sets of one shape apart. The names matter too: members may be absent. */
function keyOf(attributes: Attributes): string {
  let key = '';
  for (const name in attributes) key += `${name}=${attributes[name]}\n`;
  return key;
}
