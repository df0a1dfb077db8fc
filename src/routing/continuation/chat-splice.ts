import { isObject, type JsonObject, list, text } from '../../dialects/json.js';
import type { StreamEvent } from '../../pipeline/event-source.js';
import { namedEvent, withJson } from './made-event.js';
import type { OverlapCutter } from './overlap.js';
import type { SaidObstacle, Splice } from './splice.js';

/** Reasoning, under the names that compatible servers give it. */
const REASONING: ReadonlySet<string> = new Set([
  'reasoning',
  'reasoning_content',
  'reasoning_details',
]);

/** What members of a message are, where they say anything. */
const OBSTACLES: ReadonlyMap<string, SaidObstacle> = new Map([
  ['refusal', 'refusal'],
  ['tool_calls', 'tool_call'],
  ['function_call', 'tool_call'],
  ['audio', 'audio'],
]);

/** Members that say nothing of their own. */
const BESIDE: ReadonlySet<string> = new Set(['role', 'annotations']);

/** What stands around the choices of a chunk and is the same in all of one answer. */
interface Identity {
  readonly id?: string | undefined;
  readonly created?: number | undefined;
  readonly model?: string | undefined;
}

/** Puts streams of chat completions together. */
export class ChatSplice implements Splice {
  #identity: Identity = {};
  #obstacle: SaidObstacle | undefined;
  #isReasoning = false;
  #cutter: OverlapCutter | undefined;
  /** The last chunk of the part that is written, for one of our own. */
  #last: JsonObject = {};

  get obstacle(): SaidObstacle | undefined {
    return this.#obstacle ?? (this.#isReasoning ? 'reasoning' : undefined);
  }

  watch({ json }: StreamEvent): void {
    if (!isObject(json)) return;
    this.#identify(json);
    const { choices } = json;
    if (!Array.isArray(choices)) return;
    for (const choice of choices) if (isObject(choice)) this.#watchChoice(choice);
  }

  /** The first that says something: Azure's first chunk has an empty id and model. */
  #identify({ id, created, model }: JsonObject): void {
    if (this.#identity.id !== undefined) return;
    this.#identity = {
      ...(text(id) !== undefined && { id: text(id) }),
      ...(typeof created === 'number' && { created }),
      ...(text(model) !== undefined && { model: text(model) }),
    };
  }

  #watchChoice({ index = 0, finish_reason: reason, delta }: JsonObject): void {
    if (index !== 0) this.#obstacle ??= 'choices';
    if (isObject(delta)) {
      for (const key in delta) this.#watchMember(key, delta[key]);
    }
    if (text(reason) !== undefined) this.#obstacle ??= 'finished';
  }

  #watchMember(key: string, value: unknown): void {
    if (isEmpty(value) || BESIDE.has(key)) return;
    if (key === 'content') this.#watchContent(value);
    else if (REASONING.has(key)) this.#isReasoning = true;
    else this.#obstacle ??= OBSTACLES.get(key) ?? 'content';
  }

  /** Mistral's content may be a list of text and thinking. */
  #watchContent(value: unknown): void {
    if (typeof value === 'string') {
      this.#isReasoning = false;
      return;
    }
    for (const part of list(value)) {
      const type = isObject(part) ? part.type : undefined;
      if (type === 'text' || type === 'thinking') this.#isReasoning = type === 'thinking';
      else this.#obstacle ??= 'content';
    }
  }

  begin(cutter: OverlapCutter): void {
    this.#cutter = cutter;
  }

  rewrite(event: StreamEvent): readonly StreamEvent[] {
    const { json } = event;
    if (!isObject(json) || !Array.isArray(json.choices)) {
      return event.data?.startsWith('[DONE]') ? [...this.#rest(), event] : [event];
    }
    this.#last = json;
    const choices = json.choices.flatMap((choice) => this.#choice(choice) ?? []);
    // A chunk of which nothing is left, as that with the role.
    if (choices.length === 0 && json.choices.length > 0 && !isObject(json.usage)) return [];
    return [withJson(event, { ...json, ...this.#identity, choices })];
  }

  /** Text that was held back until now. */
  #rest(): StreamEvent[] {
    const content = this.#cutter?.end() ?? '';
    if (content === '') return [];
    const { usage: _, ...chunk } = this.#last;
    const choices = [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }];
    return [namedEvent(null, { ...chunk, ...this.#identity, choices })];
  }

  /** A choice as it is handed over; `undefined` where nothing of it is left. */
  #choice(choice: unknown): JsonObject | undefined {
    if (!isObject(choice)) return undefined;
    // Perplexity repeats the whole message so far beside each delta: here it would be that of this part.
    const { delta: given, message: _, ...rest } = choice;
    const delta = isObject(given) ? given : {};
    const ends = text(choice.finish_reason) !== undefined || saysOther(delta);
    const said = textOf(delta.content);
    const content =
      (said === '' ? '' : (this.#cutter?.push(said) ?? said)) +
      (ends ? (this.#cutter?.end() ?? '') : '');
    const kept = Object.entries(delta).filter(
      ([key, value]) =>
        !(isEmpty(value) || key === 'role' || key === 'content' || REASONING.has(key)),
    );
    if (content === '' && kept.length === 0 && !ends) return undefined;
    return {
      ...rest,
      delta: { ...(content !== '' && { content }), ...Object.fromEntries(kept) },
      // They spell the text once more.
      ...(content !== said && 'logprobs' in rest && { logprobs: null }),
    };
  }
}

/** Whether a delta has something that comes after all text. */
function saysOther(delta: JsonObject): boolean {
  for (const key of OBSTACLES.keys()) if (!isEmpty(delta[key])) return true;
  return false;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const said = list(content).map((part) =>
    isObject(part) && part.type === 'text' ? (text(part.text) ?? '') : '',
  );
  return said.join('');
}

/** Whether a value says nothing. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return value === '' || value === null || value === undefined;
  }
  return Object.keys(value).length === 0;
}
