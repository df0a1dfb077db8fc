import type {
  CitationsEvent,
  LogprobsEvent,
  Place,
  ReasoningSealEvent,
  StartEvent,
  TextEvent,
  ToolCallEvent,
} from '../canonical-events.js';
import { DONE } from '../frame-writer.js';
import { GrowingText } from '../growing-text.js';
import { isObject, type JsonObject, text } from '../json.js';
import {
  type AnswerContext,
  AnswerWriter,
  type ArgumentsPiece,
} from '../translation/answer-writer.js';
import { finishMeaning } from '../translation/finish-meaning.js';
import { closeSeal } from '../translation/seals.js';
import { chatUsage } from '../translation/spell-usage.js';

const FINISH = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tools: 'tool_calls',
  filter: 'content_filter',
  pause: 'stop',
} as const;

/** Writes the chunks of a chat completion. */
export class ChatAnswerWriter extends AnswerWriter {
  #head: JsonObject;
  #hasStarted = false;
  #hasCalls = false;
  /** Characters of text so far, for the places of its sources. */
  #length = 0;
  #block: { readonly key: string; readonly from: number } | undefined;
  #citations: JsonObject[] = [];
  readonly #custom = new Set<number>();
  /** A call that has no arguments yet. */
  #bare: number | undefined;
  #thought:
    | { readonly block: number; readonly part: number; readonly said: GrowingText }
    | undefined;
  readonly #seals = new Map<number, { readonly text: string; readonly seal: string }>();

  constructor(context: AnswerContext) {
    super(context);
    this.#head = { id: '', object: 'chat.completion.chunk', created: context.now(), model: '' };
  }

  protected override start({
    id,
    model,
    created,
    serviceTier,
    systemFingerprint,
  }: StartEvent): void {
    const before = this.#head;
    this.#head = {
      ...before,
      ...(id !== undefined && { id }),
      ...(model !== undefined && { model }),
      ...(created !== undefined && { created }),
      ...(serviceTier !== undefined && { service_tier: serviceTier }),
      ...(systemFingerprint !== undefined && { system_fingerprint: systemFingerprint }),
    };
  }

  protected override say({ type, text: words, ...place }: TextEvent): void {
    if (type === 'text') {
      this.#inBlock(place);
      this.#length += words.length;
      this.#delta({ content: words });
    } else this.#delta({ refusal: words });
  }

  /** What stands in different parts is kept apart by a blank line. */
  protected override think({ text: words, block, part }: TextEvent): void {
    const before = this.#thought;
    const isSame = before?.block === block && before.part === part;
    const apart = before === undefined || isSame ? words : `\n\n${words}`;
    if (before?.block !== block) this.#sealBare();
    const said = before?.block === block ? before.said : new GrowingText();
    said.add(said.text === '' ? words : apart);
    this.#thought = { block, part, said };
    this.#delta({ reasoning_content: apart });
  }

  /** What the reasoning's provider wants back goes with the whole of it, once, at the end. */
  protected override seal({ block, signature, encrypted, id }: ReasoningSealEvent): void {
    const known = this.#seals.get(block);
    const text = known?.text ?? (this.#thought?.block === block ? this.#thought.said.text : '');
    const seal = closeSeal({ dialect: this.context.from, signature, encrypted, id });
    this.#seals.set(block, { text, seal });
  }

  /** Reasoning that nobody would take back tells so: OpenAI refuses a history with it. */
  #sealBare(): void {
    const thought = this.#thought;
    if (thought === undefined || this.#seals.has(thought.block)) return;
    this.#seals.set(thought.block, {
      text: thought.said.text,
      seal: closeSeal({ dialect: this.context.from }),
    });
  }

  #details(): readonly JsonObject[] {
    return Array.from(this.#seals.values(), ({ text: words, seal }, index) =>
      words === ''
        ? { type: 'reasoning.encrypted', index, data: seal }
        : { type: 'reasoning.text', index, text: words, signature: seal },
    );
  }

  protected override call({ call, kind, id, name }: ToolCallEvent): void {
    this.#closeCall();
    this.#hasCalls = true;
    if (kind !== 'custom') this.#bare = call;
    const inner =
      kind === 'custom'
        ? { type: 'custom', custom: { name, input: '' } }
        : { type: 'function', function: { name, arguments: '' } };
    this.#delta({ tool_calls: [{ index: call, id: id ?? `call_${call}`, ...inner }] });
    if (kind === 'custom') this.#custom.add(call);
  }

  /** A function without arguments has none, in JSON. */
  #closeCall(): void {
    if (this.#bare === undefined) return;
    const index = this.#bare;
    this.#bare = undefined;
    this.#delta({ tool_calls: [{ index, function: { arguments: '{}' } }] });
  }

  protected override addArguments({ call, words }: ArgumentsPiece): void {
    if (call === this.#bare) this.#bare = undefined;
    const inner = this.#custom.has(call)
      ? { custom: { input: words } }
      : { function: { arguments: words } };
    this.#delta({ tool_calls: [{ index: call, ...inner }] });
  }

  /** Notes in which block text is; the sources of the one before stand behind it. */
  #inBlock({ block, part }: Place): void {
    const key = `${block}/${part}`;
    if (this.#block?.key === key) return;
    this.#writeCitations();
    this.#block = { key, from: this.#length };
  }

  protected override cite({ citations, ...place }: CitationsEvent): void {
    this.#inBlock(place);
    for (const citation of citations) {
      const url = isObject(citation) ? text(citation.url) : undefined;
      if (isObject(citation) && url !== undefined) this.#citations.push(citation);
      else this.lost.add('citations');
    }
  }

  /** Responses have the same list without the object around it. */
  protected override weigh({ logprobs }: LogprobsEvent): void {
    if (!Array.isArray(logprobs)) return;
    const weighed = { content: logprobs, refusal: null };
    this.#chunk([{ index: 0, delta: {}, logprobs: weighed, finish_reason: null }]);
  }

  #writeCitations(): void {
    if (this.#citations.length === 0) return;
    const from = this.#block?.from ?? 0;
    const seen = new Set<string>();
    const annotations = this.#citations.flatMap(
      ({ url, title, start_index: start, end_index: end }) => {
        const places = {
          start_index: from + (typeof start === 'number' ? start : 0),
          end_index: typeof end === 'number' ? from + end : this.#length,
        };
        const key = `${String(url)} ${places.start_index} ${places.end_index}`;
        if (seen.has(key)) return [];
        seen.add(key);
        return [{ type: 'url_citation', url_citation: { ...places, title: title ?? '', url } }];
      },
    );
    this.#citations = [];
    this.#delta({ annotations });
  }

  protected override end(): void {
    this.#writeCitations();
    this.#sealBare();
    if (this.#seals.size > 0) this.#delta({ reasoning_details: this.#details() });
    const meaning = finishMeaning(this.finish?.reason ?? 'stop', this.#hasCalls);
    if (!this.#hasStarted) this.#delta({});
    this.#closeCall();
    this.#chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: FINISH[meaning] }]);
    if (this.context.includeUsage && this.usage) {
      this.#chunk([], { usage: chatUsage(this.usage) });
    }
    this.writeEvent(DONE);
  }

  #delta(delta: JsonObject): void {
    const said = this.#hasStarted
      ? delta
      : { role: 'assistant', content: null, refusal: null, ...delta };
    this.#hasStarted = true;
    this.#chunk([{ index: 0, delta: said, logprobs: null, finish_reason: null }]);
  }

  #chunk(choices: readonly JsonObject[], more?: JsonObject): void {
    this.write(null, { ...this.#head, choices, ...more });
  }
}
