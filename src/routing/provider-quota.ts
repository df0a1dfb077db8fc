import type { QuotaLimit } from '../pipeline/admission.js';

interface HeaderNames {
  readonly unit: QuotaLimit['unit'];
  readonly refills: boolean;
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
  /** What a bare number of `reset` counts, in ms. */
  readonly unitMs: number;
}

const UNITS: Readonly<Record<string, QuotaLimit['unit']>> = {
  tokens: 'tokens',
  'input-tokens': 'inputTokens',
  'output-tokens': 'outputTokens',
};

/** @param kind what is counted, with what else the name has */
function openaiStyle(kind: string, unitMs = 1): HeaderNames {
  const name = (word: string) => `x-ratelimit-${word}${kind && `-${kind}`}`;
  const names = { limit: name('limit'), remaining: name('remaining'), reset: name('reset') };
  const isByMinute = kind.endsWith('-minute');
  const unit = UNITS[isByMinute ? kind.slice(0, -'-minute'.length) : kind] ?? 'requests';
  return { ...names, unit, unitMs, refills: kind !== '' && !isByMinute };
}

function anthropicStyle(kind: string): HeaderNames {
  const name = (word: string) => `anthropic-ratelimit-${kind}-${word}`;
  const names = { limit: name('limit'), remaining: name('remaining'), reset: name('reset') };
  return { ...names, unit: UNITS[kind] ?? 'requests', unitMs: 1000, refills: true };
}

/** The ways to say it, the most common first; a server uses one. */
const STYLES: readonly (readonly HeaderNames[])[] = [
  // OpenAI, Groq, xAI; Azure, whose bare numbers are ms.
  [openaiStyle('requests'), openaiStyle('tokens')],
  ['requests', 'tokens', 'input-tokens', 'output-tokens'].map(anthropicStyle),
  // Cerebras, Mistral.
  ['requests-minute', 'req-minute', 'tokens-minute'].map((kind) => openaiStyle(kind)),
  // OpenRouter (ms since the epoch), Together (seconds).
  [openaiStyle('', 1000)],
];

/** Answers after which it is known that a server tells nothing, and how often it is looked at again. */
const SURE_AFTER = 4;
const LOOK_EVERY = 32;

/** Reads what one server's answers tell of the quota: it says it in one way, or not at all. */
export class QuotaReader {
  #style: readonly HeaderNames[] | undefined;
  #silent = 0;

  /** As {@link quotaFrom}. */
  read(headers: Headers, wallNow: number): readonly QuotaLimit[] {
    const told = this.#style && readStyle(this.#style, headers, wallNow);
    if (told && told.length > 0) return told;
    if (this.#silent >= SURE_AFTER && this.#silent % LOOK_EVERY !== 0) {
      this.#silent += 1;
      return NOTHING;
    }
    for (const style of STYLES) {
      const found = readStyle(style, headers, wallNow);
      if (found.length === 0) continue;
      this.#style = style;
      this.#silent = 0;
      return found;
    }
    this.#silent += 1;
    return NOTHING;
  }
}

const NOTHING: readonly QuotaLimit[] = [];

function readStyle(
  style: readonly HeaderNames[],
  headers: Headers,
  wallNow: number,
): readonly QuotaLimit[] {
  return style.flatMap((names) => readLimit(headers, names, wallNow) ?? []);
}

/**
 * What is left of the caller's quota, as the headers of an answer tell; empty where they do not. `wallNow`
 * in ms since the epoch.
 */
export function quotaFrom(headers: Headers, wallNow: number): readonly QuotaLimit[] {
  for (const style of STYLES) {
    const found = readStyle(style, headers, wallNow);
    if (found.length > 0) return found;
  }
  return NOTHING;
}

function readLimit(headers: Headers, names: HeaderNames, wallNow: number): QuotaLimit | undefined {
  const remaining = amount(headers.get(names.remaining));
  if (remaining === undefined) return undefined;
  const { unit, refills } = names;
  return {
    unit,
    refills,
    remaining,
    limit: amount(headers.get(names.limit)),
    resetMs: readReset(headers.get(names.reset), names.unitMs, wallNow),
  };
}

function amount(value: string | null): number | undefined {
  if (value === null || !/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** From here on a bare number is a time in seconds since the epoch, not a duration; times a thousand, in ms. */
const EPOCH_SECONDS = 1e9;

/** `1s`, `6m0s`, `1h2m3.5s`, `120ms`; an RFC 3339 time; a bare number. In ms from now, never negative. */
function readReset(value: string | null, unitMs: number, wallNow: number): number | undefined {
  if (value === null) return undefined;
  const number = amount(value);
  if (number !== undefined && number < EPOCH_SECONDS) return number * unitMs;
  if (number !== undefined) {
    return Math.max(0, (number < EPOCH_SECONDS * 1000 ? number * 1000 : number) - wallNow);
  }
  const duration = readDuration(value.trim());
  if (duration !== undefined) return duration;
  const at = /^\d{4}-\d\d-\d\d[Tt ]/.test(value.trim()) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallNow);
}

const DURATION =
  /^(?:(?<d>\d+(?:\.\d+)?)d)?(?:(?<h>\d+(?:\.\d+)?)h)?(?:(?<m>\d+(?:\.\d+)?)m)?(?:(?<s>\d+(?:\.\d+)?)s)?(?:(?<ms>\d+(?:\.\d+)?)ms)?(?:\d+(?:\.\d+)?(?:us|µs|μs|ns))?$/;

/** A duration as Go writes them; what is less than a millisecond is left out. */
function readDuration(value: string): number | undefined {
  const groups = DURATION.exec(value)?.groups;
  if (groups === undefined || value === '') return undefined;
  const part = (name: string) => Number(groups[name] ?? 0);
  return ((part('d') * 24 + part('h')) * 60 + part('m')) * 60_000 + part('s') * 1000 + part('ms');
}
