import type { CanonicalSink, Path } from './canonical-events.js';
import type { DialectName, Weight } from './dialect.js';
import { hasError } from './failures.js';
import { FoldingReader } from './folding-reader.js';
import { isObject, type JsonObject, stringify, text } from './json.js';
import { slot } from './recorder.js';
import type { ChoiceFold } from './response-fold.js';
import { openaiUsage, timingsUsage } from './usage.js';

/**
 * Reads the two OpenAI formats that answer in `choices`, chat and legacy completions, with what
 * compatible providers make of them: the envelope, the usage in all its places, finish reasons, errors.
 */
export abstract class ChoicesReader extends FoldingReader {
  /** Whether a whole body is being read, not a chunk of a stream. */
  protected whole = false;

  constructor(dialect: DialectName, sink?: CanonicalSink) {
    super({ dialect, normaliseUsage, sink });
  }

  /** Reads what one choice brings; true where that is content. `position` is its place in `choices`. */
  protected abstract content(choice: ChoiceFold, value: JsonObject, position: number): boolean;

  protected override event(name: string | null, data: unknown): Weight {
    if (!isObject(data)) return this.unreadable('malformed', 'An event is not a JSON object.');
    this.#envelope(data);
    const { choices } = data;
    const listed = Array.isArray(choices);
    const content = listed && this.#choices(choices);
    if (data.error !== undefined && hasError(data)) return this.upstreamError(data);
    if (name === 'error' || (!listed && isFlatError(data))) return this.upstreamError(data);
    // Without choices only a usage is known to say nothing.
    return content || !(listed || isObject(data.usage)) ? 'content' : 'silent';
  }

  protected override body(body: unknown): Weight {
    if (!isObject(body)) return this.unreadable('malformed', 'The body is not a JSON object.');
    this.whole = true;
    this.#envelope(body);
    if (hasError(body)) return this.upstreamError(body);
    const { choices } = body;
    if (!Array.isArray(choices)) {
      if (isFlatError(body)) return this.upstreamError(body);
      return this.unreadable('malformed', 'The body has no "choices".');
    }
    if (choices.length === 0) return this.unreadable('empty', 'The body has no choices in it.');
    this.#choices(choices);
    return 'terminal';
  }

  protected override done(): Weight {
    if (!this.fold.started && this.failure === undefined) {
      this.unreadable('empty', 'The stream ended without an answer in it.');
    }
    return this.end();
  }

  protected override finished(): boolean {
    return this.fold.finished;
  }

  #choices(choices: readonly unknown[]): boolean {
    let content = false;
    for (let position = 0; position < choices.length; position += 1) {
      const value = choices[position];
      if (!isObject(value)) continue;
      const { index, finish_reason: reason, logprobs } = value;
      const choice = this.fold.choice(typeof index === 'number' ? index : position);
      if (this.content(choice, value, position)) content = true;
      if (isObject(logprobs)) this.#logprobs(choice, logprobs, position);
      if (typeof reason === 'string' && reason !== '') this.#finish(choice, reason, position);
    }
    return content;
  }

  #finish(choice: ChoiceFold, reason: string, position: number): void {
    this.fold.finish(choice, reason);
    this.recorder?.add({
      type: 'finish',
      choice: choice.index,
      reason,
      slots: slot('reason', ['choices', position, 'finish_reason']),
    });
  }

  #logprobs(choice: ChoiceFold, logprobs: JsonObject, position: number): void {
    this.recorder?.add({
      type: 'logprobs',
      choice: choice.index,
      block: 0,
      part: 0,
      logprobs,
      slots: slot('logprobs', ['choices', position, 'logprobs']),
    });
  }

  /** What stands around the choices. Azure's first chunk has an empty id and model, which say nothing. */
  #envelope(data: JsonObject): void {
    const { fold } = this;
    const { usage } = data;
    fold.id = text(data.id) ?? fold.id;
    fold.model = text(data.model) ?? fold.model;
    fold.serviceTier = text(data.service_tier) ?? fold.serviceTier;
    fold.systemFingerprint = text(data.system_fingerprint) ?? fold.systemFingerprint;
    if (isObject(usage)) fold.usage = usage;
    else if (data.x_groq !== undefined || data.timings !== undefined) this.#otherUsage(data);
    if (this.recorder !== undefined) this.#recordEnvelope(data);
  }

  #otherUsage({ x_groq: groq, timings }: JsonObject): void {
    const { fold } = this;
    if (isObject(groq) && isObject(groq.usage)) fold.usage = groq.usage;
    else if (isObject(timings) && (fold.usage === undefined || 'prompt_n' in fold.usage)) {
      fold.usage = timings;
    }
  }

  #recordEnvelope(data: JsonObject): void {
    const { recorder } = this;
    recorder?.addStart('id', text(data.id), ['id']);
    recorder?.addStart('model', text(data.model), ['model']);
    recorder?.addStart('created', data.created, ['created']);
    recorder?.addStart('serviceTier', text(data.service_tier), ['service_tier']);
    recorder?.addStart('systemFingerprint', text(data.system_fingerprint), ['system_fingerprint']);
    this.#recordUsage(data);
  }

  /** One usage may stand in several places of a chunk (Groq); an event is one figure. */
  #recordUsage({ usage, x_groq: groq, timings }: JsonObject): void {
    const inGroq = isObject(groq) && isObject(groq.usage) ? groq.usage : undefined;
    const reported = isObject(usage)
      ? usage
      : (inGroq ?? (isObject(timings) ? timings : undefined));
    const figures = reported && normaliseUsage(reported);
    if (figures === undefined) return;
    const paths: Path[] = [];
    if (reported === usage) paths.push(['usage']);
    if (inGroq && stringify(inGroq) === stringify(reported)) paths.push(['x_groq', 'usage']);
    if (reported === timings) paths.push(['timings']);
    const slots = paths.map((path) => ({ field: 'usage', path }));
    this.recorder?.add({ type: 'usage', usage: figures, slots });
  }
}

function normaliseUsage(reported: JsonObject) {
  return 'prompt_n' in reported ? timingsUsage(reported) : openaiUsage(reported);
}

/** An error that is not under `error`: Mistral's flat object, or FastAPI's `detail`. */
function isFlatError(data: JsonObject): boolean {
  if (data.object === 'error' || data.detail !== undefined) return true;
  return typeof data.message === 'string' && (data.code !== undefined || data.type !== undefined);
}
