/** Characters of a token, in prose in Latin letters. */
const CHARACTERS = 3.5;
/** What the form of a message takes beside its words. */
const PER_MESSAGE = 4;
/** What an image is taken for: a large one, in OpenAI's or Anthropic's own count. */
const IMAGE = 1_000;
/** Deeper than this nothing is looked at. */
const MAX_DEPTH = 12;
const MAX_COUNTED = 100_000;

/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

/**
 * About how many tokens a text is. Letters beyond Latin-1 count as a token each, which errs on the high side. It
 * takes a fixed time for a character, whatever the text: no tokenizer does.
 */
export function countByCharacters(text: string): number {
  let wide = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0xff) wide += 1;
  return Math.ceil((text.length - wide) / CHARACTERS + wide);
}

/** About how many input tokens a request's body is: its words, wherever they stand, and its images and tools. */
export function estimateInputTokens(body: unknown, count: CountTokens = countByCharacters): number {
  return Math.ceil(new Estimate(count).of(body));
}

class Estimate {
  readonly #count: CountTokens;

  constructor(count: CountTokens) {
    this.#count = count;
  }

  of(value: unknown, depth = 0): number {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 0;
    let tokens = 0;
    if (Array.isArray(value)) {
      for (const item of value) tokens += this.of(item, depth + 1);
      return tokens;
    }
    for (const [name, member] of Object.entries(value)) {
      if (name === 'role') tokens += PER_MESSAGE;
      else if (name === 'image_url' || (name === 'source' && depth > 0)) tokens += IMAGE;
      // Base64, not words.
      else if (name !== 'data' && name !== 'file_data') tokens += this.of(member, depth + 1);
    }
    return tokens;
  }

  #text(text: string): number {
    let tokens = 0;
    for (let from = 0; from < text.length; from += MAX_COUNTED) {
      tokens += this.#counted(
        text.length > MAX_COUNTED ? text.slice(from, from + MAX_COUNTED) : text,
      );
    }
    return tokens;
  }

  /** A counter of the user's that fails, or counts nonsense, is not asked again for this text. */
  #counted(text: string): number {
    try {
      const tokens = this.#count(text);
      if (Number.isFinite(tokens) && tokens >= 0) return tokens;
    } catch {
      // Counted below.
    }
    return countByCharacters(text);
  }
}

const DEFAULT_ANSWER = 500;
const MAX_MODELS = 1_000;
/** How much the last answer says of the next. */
const WEIGHT = 0.1;

/** How long the answers of models usually are. */
export class AnswerLengths {
  readonly #byModel = new Map<string, number>();

  /** About how many output tokens a request will take: what its model usually answers, at most what it allows. */
  expect(body: unknown, model: string): number {
    const most = maxTokensOf(body);
    const usual = this.#byModel.get(model);
    return Math.min(usual ?? most ?? DEFAULT_ANSWER, most ?? Number.POSITIVE_INFINITY);
  }

  saw(model: string, outputTokens: number): void {
    const known = this.#byModel.get(model);
    if (known === undefined && this.#byModel.size >= MAX_MODELS) return;
    const next = known === undefined ? outputTokens : known + (outputTokens - known) * WEIGHT;
    this.#byModel.set(model, next);
  }
}

function maxTokensOf(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const given: Record<string, unknown> = { ...body };
  const most = given.max_completion_tokens ?? given.max_output_tokens ?? given.max_tokens;
  return typeof most === 'number' && most > 0 && Number.isFinite(most) ? most : undefined;
}
