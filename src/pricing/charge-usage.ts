import type { UnpricedReason, Usage, UsageIteration } from '../pipeline/settlement.js';
import { type Exact, plus, shrink, times } from './money.js';
import type { RateName } from './pricing-options.js';
import { type ExactRates, type RateTable, ratesFor } from './rate-table.js';

/** What something costs in picodollars. */
export interface Charges {
  readonly total: Exact;
  /** Absent where only the total is known. */
  readonly parts?: ChargeParts | undefined;
  /** A rate in it was found by likeness. */
  readonly approximate?: true | undefined;
}

/** No token stands in two parts. */
export interface ChargeParts {
  readonly input: Exact;
  readonly output: Exact;
  readonly cacheRead: Exact;
  readonly cacheWrite: Exact;
  readonly requests: Exact;
}

/** The counts that are billed. */
export type BilledUsage = Usage | UsageIteration;

/** What a whole call costs, or why that cannot be said. */
export function chargeCall(table: RateTable, usage: BilledUsage): Charges | UnpricedReason {
  const bill = new Bill(table, usage.inputTokens ?? 0);
  return addTokens(bill, usage) ?? addFees(bill, usage) ?? bill.settle();
}

/** What the tokens of one iteration cost. */
export function chargeTokens(table: RateTable, usage: BilledUsage): Charges | UnpricedReason {
  const bill = new Bill(table, usage.inputTokens ?? 0);
  return addTokens(bill, usage) ?? bill.settle();
}

/** What a call costs beside its tokens: once, in however many iterations it ran. */
export function chargeFees(table: RateTable, usage: BilledUsage): Charges | UnpricedReason {
  const bill = new Bill(table, usage.inputTokens ?? 0);
  return addFees(bill, usage) ?? bill.settle();
}

/** Adds what two things cost. */
export function addCharges(one: Charges, other: Charges): Charges {
  const total = plus(one.total, other.total);
  const approximate = one.approximate ?? other.approximate;
  if (one.parts === undefined || other.parts === undefined) return { total, approximate };
  const { input, output, cacheRead, cacheWrite, requests } = other.parts;
  return {
    total,
    approximate,
    parts: {
      input: plus(one.parts.input, input),
      output: plus(one.parts.output, output),
      cacheRead: plus(one.parts.cacheRead, cacheRead),
      cacheWrite: plus(one.parts.cacheWrite, cacheWrite),
      requests: plus(one.parts.requests, requests),
    },
  };
}

interface Counts {
  input: number;
  output: number;
  read: number;
  write: number;
  write1h: number;
  audioInput: number;
  audioOutput: number;
  imageInput: number;
  imageOutput: number;
  reasoning: number;
}

/** Adds up one usage in the unit of its rates, and remembers whether one was missing. */
class Bill {
  input: Exact = 0;
  output: Exact = 0;
  cacheRead: Exact = 0;
  cacheWrite: Exact = 0;
  requests: Exact = 0;
  #isComplete = true;
  readonly #rates: ExactRates;
  readonly #table: RateTable;

  constructor(table: RateTable, inputTokens: number) {
    this.#rates = ratesFor(table, inputTokens);
    this.#table = table;
  }

  has(name: RateName): boolean {
    return this.#rates[name] !== undefined;
  }

  price(count: number, name: RateName, otherwise: RateName = name): Exact {
    if (count === 0) return 0;
    const rate = this.#rates[name] ?? this.#rates[otherwise];
    if (rate === undefined) {
      this.#isComplete = false;
      return 0;
    }
    return times(count, rate);
  }

  settle(): Charges | UnpricedReason {
    if (!this.#isComplete) return 'unknown_rate';
    const { input, output, cacheRead, cacheWrite, requests } = this;
    const total = plus(plus(plus(input, output), plus(cacheRead, cacheWrite)), requests);
    const { decimals, approximate } = this.#table;
    return {
      approximate,
      total: shrink(total, decimals),
      parts: {
        input: shrink(input, decimals),
        output: shrink(output, decimals),
        cacheRead: shrink(cacheRead, decimals),
        cacheWrite: shrink(cacheWrite, decimals),
        requests: shrink(requests, decimals),
      },
    };
  }
}

function addTokens(bill: Bill, usage: BilledUsage): UnpricedReason | undefined {
  const counts = readCounts(usage);
  if (counts === undefined) return 'invalid_usage';
  if (usage.inputTokens === undefined) {
    // Some APIs of embeddings report a total and nothing else.
    const isTotal = usage.outputTokens === undefined && isCount(usage.totalTokens);
    if (!isTotal || bill.has('output')) return 'no_usage';
    counts.input = usage.totalTokens;
  }
  const fits = chargeInput(bill, counts) && chargeOutput(bill, counts);
  return fits ? undefined : 'invalid_usage';
}

function addFees(bill: Bill, { reported, webSearches }: BilledUsage): UnpricedReason | undefined {
  const request = bill.has('request') ? bill.price(1, 'request') : 0;
  bill.requests = plus(request, bill.price(webSearches ?? searchesIn(reported), 'webSearch'));
  // Perplexity's deep research bills the pages it cites, which are not among the output.
  return countOf(reported.citation_tokens) > 0 ? 'unknown_rate' : undefined;
}

/** False where the parts do not fit into the whole. */
function chargeInput(bill: Bill, counts: Counts): boolean {
  const { input, read, write, write1h, audioInput } = counts;
  const imageInput = bill.has('imageInput') ? counts.imageInput : 0;
  const uncached = input - read - write;
  if (uncached < 0 || write1h > write) return false;
  // No provider says what was cached was audio or pictures: no more of them than the figures ask for.
  const overlap = Math.min(read, Math.max(0, audioInput + imageInput - uncached));
  const cachedAudio = Math.min(audioInput, overlap);
  const cachedImages = overlap - cachedAudio;
  const text = uncached - (audioInput - cachedAudio) - (imageInput - cachedImages);
  if (text < 0) return false;
  const hasDiscount = bill.has('cacheRead');
  bill.input = plus(
    bill.price(text, 'input'),
    plus(
      bill.price(audioInput - cachedAudio, 'audioInput'),
      bill.price(imageInput - cachedImages, 'imageInput'),
    ),
  );
  bill.cacheRead = plus(
    bill.price(read - overlap, 'cacheRead', 'input'),
    plus(
      bill.price(cachedAudio, 'audioCacheRead', hasDiscount ? 'audioCacheRead' : 'audioInput'),
      bill.price(cachedImages, 'imageCacheRead', hasDiscount ? 'imageCacheRead' : 'imageInput'),
    ),
  );
  bill.cacheWrite = plus(
    bill.price(write - write1h, 'cacheWrite', 'input'),
    bill.price(write1h, 'cacheWrite1h'),
  );
  return true;
}

/** False where the parts do not fit into the whole. */
function chargeOutput(bill: Bill, counts: Counts): boolean {
  const { output, audioOutput, imageOutput } = counts;
  const reasoning = bill.has('reasoning') ? counts.reasoning : 0;
  const text = output - audioOutput - imageOutput - reasoning;
  if (text < 0 || counts.reasoning > output) return false;
  bill.output = plus(
    plus(bill.price(text, 'output'), bill.price(reasoning, 'reasoning')),
    plus(bill.price(audioOutput, 'audioOutput'), bill.price(imageOutput, 'imageOutput')),
  );
  return true;
}

/** The counts with zero for what is absent; nothing where one is no count. */
function readCounts(usage: BilledUsage): Counts | undefined {
  const fiveMinutes = usage.cacheWrite5mTokens ?? 0;
  const write1h = usage.cacheWrite1hTokens ?? 0;
  const counts: Counts = {
    input: usage.inputTokens ?? 0,
    output: usage.outputTokens ?? 0,
    read: usage.cacheReadTokens ?? 0,
    write: usage.cacheWriteTokens ?? fiveMinutes + write1h,
    write1h,
    audioInput: usage.audioInputTokens ?? 0,
    audioOutput: usage.audioOutputTokens ?? 0,
    imageInput: usage.imageInputTokens ?? 0,
    imageOutput: usage.imageOutputTokens ?? 0,
    reasoning: usage.reasoningTokens ?? 0,
  };
  return usage.invalid === undefined && areCounts(counts) ? counts : undefined;
}

function areCounts(counts: Counts): boolean {
  return (
    isCount(counts.input) &&
    isCount(counts.output) &&
    isCount(counts.read) &&
    isCount(counts.write) &&
    isCount(counts.write1h) &&
    isCount(counts.audioInput) &&
    isCount(counts.audioOutput) &&
    isCount(counts.imageInput) &&
    isCount(counts.imageOutput) &&
    isCount(counts.reasoning)
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value >= 0;
}

function countOf(value: unknown): number {
  return isCount(value) ? value : 0;
}

/** Searches that the provider ran and counted: Anthropic, Perplexity, xAI (both ways). */
function searchesIn(reported: Usage['reported']): number {
  return (
    countOf(member(reported.server_tool_use, 'web_search_requests')) +
    countOf(reported.num_search_queries) +
    countOf(reported.num_sources_used) +
    countOf(member(reported.server_side_tool_usage_details, 'web_search_calls'))
  );
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
