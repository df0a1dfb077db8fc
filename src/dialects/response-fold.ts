import type { ResponseFacts, SettledChoice, Usage } from '../pipeline/settlement.js';
import { flattenAt, flattened } from './growing-text.js';
import type { JsonObject } from './json.js';

/** A tool call as far as it has come. */
export interface ToolCallFold {
  /** Counts the calls of a choice from 0. */
  readonly position: number;
  id: string | undefined;
  name: string | undefined;
  arguments: string;
}

/** One choice as far as it has come. */
export class ChoiceFold {
  readonly index: number;
  text = '';
  refusal = '';
  reasoning = '';
  finishReason: string | undefined = undefined;
  toolCalls: ToolCallFold[] = [];
  #calls: Map<number | string, ToolCallFold> | undefined = undefined;
  #lastKey: number | string | undefined = undefined;
  #flattenAt = flattenAt(0);

  constructor(index: number) {
    this.index = index;
  }

  /** Adds to what was said, and keeps it flat. */
  say(kind: 'text' | 'refusal' | 'reasoning', piece: string): void {
    const said = this[kind] + piece;
    this[kind] = said;
    if (said.length < this.#flattenAt) return;
    this[kind] = flattened(said);
    this.#flattenAt = flattenAt(said.length);
  }

  /**
   * The call that a delta belongs to. By index; a second id and name under the same index is another
   * call (servers that number every call 0). Without an index: by id, or else the last one.
   */
  toolCall(
    index: number | undefined,
    id: string | undefined,
    name: string | undefined,
  ): ToolCallFold {
    const key = index ?? id;
    const last = this.toolCalls.at(-1);
    const known = key === undefined || key === this.#lastKey ? last : this.#calls?.get(key);
    const other = id !== undefined && known?.id !== undefined && id !== known.id;
    if (known !== undefined && !(other && name !== undefined)) return known;
    const call: ToolCallFold = {
      position: this.toolCalls.length,
      id: undefined,
      name: undefined,
      arguments: '',
    };
    this.toolCalls.push(call);
    this.#lastKey = key;
    if (key !== undefined) {
      this.#calls ??= new Map();
      this.#calls.set(key, call);
    }
    return call;
  }

  settle(): SettledChoice {
    return {
      index: this.index,
      finishReason: this.finishReason,
      text: this.text,
      refusal: this.refusal === '' ? undefined : this.refusal,
      reasoning: this.reasoning === '' ? undefined : this.reasoning,
      toolCalls: this.toolCalls.map(({ id, name, arguments: text }) => ({
        id,
        name,
        arguments: text,
      })),
    };
  }
}

/** What a response amounts to so far: the part of reading that is always on, so it allocates as little as it can. */
export class ResponseFold {
  id: string | undefined = undefined;
  model: string | undefined = undefined;
  serviceTier: string | undefined = undefined;
  systemFingerprint: string | undefined = undefined;
  /** The provider's usage object; normalised only when the facts are asked for. */
  usage: JsonObject | undefined = undefined;
  /** Web searches, where the provider counts them beside the usage. */
  webSearches: number | undefined = undefined;
  readonly #normalise: (usage: JsonObject) => Usage | undefined;
  #counted:
    | {
        readonly reported: JsonObject;
        readonly webSearches: number | undefined;
        readonly usage: Usage | undefined;
      }
    | undefined = undefined;
  readonly #choices = new Map<number, ChoiceFold>();
  #last: ChoiceFold | undefined = undefined;
  #finished = 0;

  constructor(normalise: (usage: JsonObject) => Usage | undefined) {
    this.#normalise = normalise;
  }

  /** Whether there are choices and each has its finish reason. */
  get finished(): boolean {
    return this.#finished > 0 && this.#finished === this.#choices.size;
  }

  /** Whether any choice has begun. */
  get started(): boolean {
    return this.#choices.size > 0;
  }

  choice(index: number): ChoiceFold {
    if (this.#last?.index === index) return this.#last;
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = new ChoiceFold(index);
      this.#choices.set(index, choice);
    }
    this.#last = choice;
    return choice;
  }

  /** Forgets what the only choice said, because the whole of it follows. */
  restart(): void {
    this.#choices.clear();
    this.#last = undefined;
    this.#finished = 0;
  }

  /** The first reason counts; OpenRouter repeats it. */
  finish(choice: ChoiceFold, reason: string): void {
    if (choice.finishReason !== undefined) return;
    choice.finishReason = reason;
    this.#finished += 1;
  }

  /** What was used, normalised; the same object as long as nothing else was reported. */
  counted(): Usage | undefined {
    const { usage: reported, webSearches } = this;
    if (reported === undefined) return undefined;
    const known = this.#counted;
    if (known?.reported === reported && known.webSearches === webSearches) return known.usage;
    const counted = this.#normalise(reported);
    const usage = counted && webSearches !== undefined ? { ...counted, webSearches } : counted;
    this.#counted = { reported, webSearches, usage };
    return usage;
  }

  facts(complete: boolean): ResponseFacts {
    const choices = [...this.#choices.values()].sort((a, b) => a.index - b.index);
    const usage = this.counted();
    return {
      complete,
      id: this.id,
      model: this.model,
      serviceTier: this.serviceTier,
      systemFingerprint: this.systemFingerprint,
      usage,
      usageMissing: usage === undefined ? (complete ? 'not_reported' : 'incomplete') : undefined,
      choices: choices.map((choice) => choice.settle()),
      text: choices[0]?.text ?? '',
    };
  }
}
