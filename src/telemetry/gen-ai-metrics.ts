import type { MeasuredTarget } from './metrics.js';
import { ATTRIBUTES, METRICS } from './semconv.js';
import type { Record, Series, SeriesBook } from './series-book.js';
import type { TelemetryProfile } from './telemetry-options.js';
import type { UsageTotal } from './usage-total.js';

/** The `gen_ai.client.*` metrics of both profiles. */
export class GenAiMetrics {
  readonly #operationDuration: Record;
  readonly #released: ReleasedMetrics | undefined;
  readonly #latest: LatestMetrics | undefined;

  constructor(book: SeriesBook, profile: TelemetryProfile) {
    this.#operationDuration = book.histogram(METRICS.operationDuration);
    this.#released = profile === 'latest' ? undefined : new ReleasedMetrics(book);
    this.#latest = profile === 'v1.41' ? undefined : new LatestMetrics(book);
  }

  record(target: MeasuredTarget, series: Series): void {
    const { errorType } = target;
    const failed = errorType === undefined ? series : series.with(ATTRIBUTES.errorType, errorType);
    const isInference = target.operation === 'chat' || target.operation === 'text_completion';
    if (this.#released || !isInference) {
      this.#operationDuration(target.durationSeconds, failed);
    }
    this.#released?.record(target, series);
    this.#latest?.record(target, { series, failed, isInference });
  }
}

/** The last release that contains GenAI. */
class ReleasedMetrics {
  readonly #firstChunk: Record;
  readonly #perChunk: Record;
  readonly #tokens: Record;

  constructor(book: SeriesBook) {
    this.#firstChunk = book.histogram(METRICS.operationTimeToFirstChunk);
    this.#perChunk = book.histogram(METRICS.operationTimePerOutputChunk);
    this.#tokens = book.histogram(METRICS.tokenUsage);
  }

  record({ usage, firstChunkSeconds, perChunkSeconds }: MeasuredTarget, series: Series): void {
    recordTimes([this.#firstChunk, firstChunkSeconds], series);
    recordTimes([this.#perChunk, perChunkSeconds], series);
    this.#recordTokens('input', usage?.inputTokens, series);
    this.#recordTokens('output', usage?.outputTokens, series);
  }

  #recordTokens(type: string, tokens: number | undefined, series: Series): void {
    if (tokens !== undefined) this.#tokens(tokens, series.with(ATTRIBUTES.tokenType, type));
  }
}

function recordTimes([record, seconds]: [Record, number | undefined], series: Series): void {
  if (seconds !== undefined) record(seconds, series);
}

interface LatestSeries {
  readonly series: Series;
  readonly failed: Series;
  readonly isInference: boolean;
}

/** What follows the last release. */
class LatestMetrics {
  readonly #duration: Record;
  readonly #firstChunk: Record;
  readonly #perChunk: Record;
  readonly #inputUsed: Record;
  readonly #outputUsed: Record;
  readonly #cacheRead: Record;
  readonly #cacheWrite: Record;
  readonly #reasoning: Record;
  readonly #inputs: Record;
  readonly #outputs: Record;

  constructor(book: SeriesBook) {
    this.#duration = book.histogram(METRICS.inferenceDuration);
    this.#firstChunk = book.histogram(METRICS.inferenceTimeToFirstChunk);
    this.#perChunk = book.histogram(METRICS.inferenceTimePerOutputChunk);
    this.#inputUsed = book.counter(METRICS.inferenceUsageInputTokens);
    this.#outputUsed = book.counter(METRICS.inferenceUsageOutputTokens);
    this.#cacheRead = book.counter(METRICS.inferenceUsageCacheReadInputTokens);
    this.#cacheWrite = book.counter(METRICS.inferenceUsageCacheWriteInputTokens);
    this.#reasoning = book.counter(METRICS.inferenceUsageReasoningOutputTokens);
    this.#inputs = book.histogram(METRICS.inferenceOperationInputTokens);
    this.#outputs = book.histogram(METRICS.inferenceOperationOutputTokens);
  }

  record(target: MeasuredTarget, { series, failed, isInference }: LatestSeries): void {
    const { usage, durationSeconds, firstChunkSeconds, perChunkSeconds } = target;
    if (isInference) {
      this.#duration(durationSeconds, failed);
      recordTimes([this.#firstChunk, firstChunkSeconds], series);
      recordTimes([this.#perChunk, perChunkSeconds], series);
      recordTimes([this.#inputs, usage?.inputTokens], failed);
      recordTimes([this.#outputs, usage?.outputTokens], failed);
    }
    if (usage) this.#recordUsage(usage, series);
  }

  #recordUsage(usage: UsageTotal, series: Series): void {
    const input = modalities(usage.inputTokens, {
      text: usage.textInputTokens,
      image: usage.imageInputTokens,
      audio: usage.audioInputTokens,
    });
    const output = modalities(usage.outputTokens, {
      text: usage.textOutputTokens,
      image: usage.imageOutputTokens,
      audio: usage.audioOutputTokens,
    });
    count(this.#inputUsed, input, series);
    count(this.#outputUsed, output, series);
    count(this.#cacheRead, modalities(usage.cacheReadTokens), series);
    count(this.#cacheWrite, modalities(usage.cacheWriteTokens), series);
    count(this.#reasoning, modalities(usage.reasoningTokens), series);
  }
}

type Share = readonly [modality: string, tokens: number];

/** Splits tokens by what they stood for; what nobody told apart is `unknown`. */
function modalities(
  total: number | undefined,
  parts: Readonly<{ [modality: string]: number | undefined }> = {},
): Share[] {
  if (total === undefined) return [];
  const shares: Share[] = [];
  let rest = total;
  for (const [modality, tokens] of Object.entries(parts)) {
    if (tokens === undefined || tokens <= 0 || tokens > rest) continue;
    shares.push([modality, tokens]);
    rest -= tokens;
  }
  if (rest > 0 || shares.length === 0) shares.push(['unknown', rest]);
  return shares;
}

function count(record: Record, shares: readonly Share[], series: Series): void {
  for (const [modality, tokens] of shares) {
    record(tokens, series.with(ATTRIBUTES.tokenModality, modality));
  }
}
