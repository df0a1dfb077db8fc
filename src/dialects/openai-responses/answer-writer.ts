import { GatewayError } from '../../pipeline/errors.js';
import type {
  CitationsEvent,
  LogprobsEvent,
  Place,
  ReasoningSealEvent,
  StartEvent,
  TextEvent,
  ToolCallEvent,
} from '../canonical-events.js';
import { isObject, type JsonObject, list } from '../json.js';
import {
  type AnswerContext,
  AnswerWriter,
  type ArgumentsPiece,
} from '../translation/answer-writer.js';
import { finishMeaning } from '../translation/finish-meaning.js';
import { closeSeal } from '../translation/seals.js';
import { type UrlCitation, urlCitationOf } from './answer-citations.js';
import {
  CallItem,
  type Emit,
  type ItemPlace,
  type ItemStatus,
  ReasoningItem,
} from './answer-items.js';
import { MessageItem } from './answer-message.js';
import {
  incompleteReason,
  openResponse,
  type ResponseHead,
  wholeResponse,
} from './answer-response.js';
import { wantsLogprobs } from './request-reader.js';

type Item = MessageItem | ReasoningItem | CallItem;

/** A call that has been announced; its item begins when its name is known. */
interface KnownCall {
  readonly kind: ToolCallEvent['kind'];
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly item: CallItem | undefined;
}

const UNKNOWN_CALL: KnownCall = {
  kind: 'function',
  id: undefined,
  name: undefined,
  item: undefined,
};

/** Writes the stream of a response. */
export class ResponsesAnswerWriter extends AnswerWriter {
  readonly #wantsLogprobs: boolean;
  readonly #calls = new Map<number, KnownCall>();
  readonly #output: JsonObject[] = [];
  #start: Omit<StartEvent, 'type' | 'slots'> = {};
  /** Made when the response is announced: its id stays from then on. */
  #head: ResponseHead | undefined;
  #sequence = 0;
  #open: Item | undefined;
  /** Which reasoning the open item is of. */
  #thinking: number | undefined;
  /** Sources of texts that have not begun, by their places. */
  #ahead: { readonly key: string; readonly citation: UrlCitation }[] = [];

  constructor(context: AnswerContext) {
    super(context);
    this.#wantsLogprobs = wantsLogprobs(context.request);
  }

  protected override start({ type: _, slots: __, ...facts }: StartEvent): void {
    this.#start = { ...this.#start, ...facts };
    if (facts.id !== undefined) this.#begin();
  }

  /** Announces the response, once. */
  #begin(): ResponseHead {
    if (this.#head !== undefined) return this.#head;
    const head = this.#headNow(this.#start.id ?? `resp_zerohop_${crypto.randomUUID()}`);
    this.#head = head;
    const response = openResponse(head, this.context.request);
    this.#emit('response.created', { response });
    this.#emit('response.in_progress', { response });
    return head;
  }

  /** The head, with what was learned of the model since. */
  #headNow(id: string): ResponseHead {
    const { model = '', created = this.context.now(), serviceTier } = this.#start;
    // Other providers' tiers mean something else.
    const tier = this.context.from === 'anthropic-messages' ? undefined : serviceTier;
    return { id, model, createdAt: this.#head?.createdAt ?? created, serviceTier: tier };
  }

  protected override say(event: TextEvent): void {
    const type = event.type === 'refusal' ? event.type : 'text';
    const key = keyOf(event);
    const item = this.#message();
    if (item.begin(type, key) && type === 'text') this.#citeAhead(item, key);
    item.say(event.text);
  }

  #message(): MessageItem {
    if (this.#open instanceof MessageItem) return this.#open;
    return this.#opened(new MessageItem(this.#place('msg'), this.#emit));
  }

  protected override think(event: TextEvent): void {
    this.#reasoning(event).think(`${event.type}/${event.part}`, event.text);
  }

  /** Every block of reasoning is an item: each has its own seal. */
  #reasoning({ block }: Place): ReasoningItem {
    if (this.#open instanceof ReasoningItem && this.#thinking === block) return this.#open;
    this.#thinking = block;
    return this.#opened(new ReasoningItem(this.#place('rs'), this.#emit));
  }

  /** What chat servers seal, nobody could be given back. */
  protected override seal(event: ReasoningSealEvent): void {
    const { from: dialect } = this.context;
    if (dialect === 'openai-chat') return;
    const { id, signature, encrypted } = event;
    this.#reasoning(event).seal(closeSeal({ dialect, id, signature, encrypted }));
  }

  /** Some servers say the id and the name with every piece, or one after the other. */
  protected override call({ call, kind, id, name }: ToolCallEvent): void {
    const known = this.#calls.get(call);
    if (known?.item !== undefined) return;
    const head = { kind, id: id ?? known?.id, name: name ?? known?.name, item: undefined };
    this.#calls.set(call, head);
    if (head.name !== undefined) this.#openCall(call, head);
  }

  #openCall(call: number, head: KnownCall): CallItem {
    const place = this.#place(head.kind === 'custom' ? 'ctc' : 'fc');
    const callId = head.id ?? place.id.replace(/^[a-z]+/, 'call');
    const name = head.name ?? '';
    const item = new CallItem(place, { kind: head.kind, callId, name }, this.#emit);
    this.#calls.set(call, { ...head, item });
    return this.#opened(item);
  }

  protected override addArguments({ call, words, isWhole }: ArgumentsPiece): void {
    const head = this.#calls.get(call) ?? UNKNOWN_CALL;
    const item = head.item ?? this.#openCall(call, head);
    if (item !== this.#open) {
      throw new GatewayError('a piece of a tool call came after the call had ended', {
        code: 'zerohop_malformed',
      });
    }
    if (!isWhole || item.isEmpty) item.write(words);
  }

  protected override cite({ citations, ...place }: CitationsEvent): void {
    const key = keyOf(place);
    for (const value of citations) {
      const citation = urlCitationOf(value);
      if (citation === undefined) this.lost.add('citations');
      else if (this.#open instanceof MessageItem && this.#open.isAt(key)) this.#open.cite(citation);
      else this.#ahead.push({ key, citation });
    }
  }

  /** Adds the sources that came before their text. */
  #citeAhead(item: MessageItem, key: string): void {
    for (const ahead of this.#ahead) if (ahead.key === key) item.cite(ahead.citation);
    this.#ahead = this.#ahead.filter((ahead) => ahead.key !== key);
  }

  protected override weigh({ logprobs }: LogprobsEvent): void {
    if (!this.#wantsLogprobs || !isObject(logprobs)) return;
    if (this.#open instanceof MessageItem) this.#open.weigh(list(logprobs.content));
  }

  protected override end(): void {
    const { id } = this.#begin();
    for (const [call, head] of this.#calls) if (head.item === undefined) this.#openCall(call, head);
    const meaning = finishMeaning(this.finish?.reason ?? 'stop', this.#calls.size > 0);
    const status = incompleteReason(meaning) === undefined ? 'completed' : 'incomplete';
    this.#close(status);
    if (this.#ahead.length > 0) this.lost.add('citations');
    const response = wholeResponse(this.#headNow(id), this.context.request, {
      meaning,
      completedAt: this.context.now(),
      output: this.#output,
      usage: this.usage,
    });
    this.#emit(`response.${status}`, { response });
  }

  /** The place of the next item; what is open ends before it. */
  #place(prefix: string): ItemPlace {
    const { id } = this.#begin();
    this.#close('completed');
    const index = this.#output.length;
    return { id: `${prefix}_zerohop_${plain(id)}_${index}`, index };
  }

  #opened<Opened extends Item>(item: Opened): Opened {
    this.#open = item;
    return item;
  }

  #close(status: ItemStatus): void {
    if (this.#open === undefined) return;
    this.#output.push(this.#open.close(status));
    this.#open = undefined;
  }

  readonly #emit: Emit = (type, members) => {
    this.write(type, { type, sequence_number: this.#sequence, ...members });
    this.#sequence += 1;
  };
}

function keyOf({ block, part }: Place): string {
  return `${block}/${part}`;
}

/** An id as a part of another: OpenAI takes at most 64 characters. */
function plain(id: string): string {
  return id.replace(/[^A-Za-z0-9]/g, '').slice(-40);
}
