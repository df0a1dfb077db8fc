import { randomUUID } from 'node:crypto';
import type {
  Message,
  MessageDeltaUsage,
  RefusalStopDetails,
  StopReason,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type {
  ReasoningSealEvent,
  StartEvent,
  TextEvent,
  ToolCallEvent,
} from '../canonical-events.js';
import { text } from '../json.js';
import {
  type AnswerContext,
  AnswerWriter,
  type ArgumentsPiece,
} from '../translation/answer-writer.js';
import { type FinishMeaning, finishMeaning } from '../translation/finish-meaning.js';
import { closeSeal } from '../translation/seals.js';
import { messagesUsage } from '../translation/spell-usage.js';
import { portableToolId } from '../translation/tool-ids.js';
import { BlockStream } from './answer-blocks.js';

const STOP_REASONS: Readonly<Record<FinishMeaning, StopReason>> = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tools: 'tool_use',
  filter: 'refusal',
  pause: 'pause_turn',
};
/** Why is not known of another provider's refusal. */
const REFUSED: RefusalStopDetails = { type: 'refusal', category: null, explanation: null };

/** A call whose input comes in pieces. */
interface Call {
  id: string | undefined;
  name: string | undefined;
  isOpen: boolean;
  /** Whether its input is free text, which becomes the one member of an object. */
  isCustom: boolean;
}

/** Writes the events of a message. */
export class MessagesAnswerWriter extends AnswerWriter {
  readonly #blocks: BlockStream;
  readonly #calls = new Map<number, Call>();
  #id: string | undefined;
  #model: string | undefined;
  #hasBegun = false;
  #hasRefused = false;
  #thoughtPart = 0;

  constructor(context: AnswerContext) {
    super(context);
    this.#blocks = new BlockStream(
      (event) => {
        this.#begin();
        this.write(event.type, event);
      },
      closeSeal({ dialect: context.from }),
    );
  }

  /** What a later frame says otherwise comes too late. */
  protected override start({ id, model }: StartEvent): void {
    this.#id ??= text(id);
    this.#model ??= text(model);
    if (this.#id !== undefined && this.#model !== undefined) this.#begin();
  }

  protected override say({ type, block, part, text: words }: TextEvent): void {
    if (type === 'refusal') this.#hasRefused = true;
    this.#blocks.open(`${type}/${block}/${part}`, { type: 'text', text: '', citations: null });
    this.#blocks.add({ type: 'text_delta', text: words });
  }

  /** What stands in different parts of one thought is kept apart by a blank line. */
  protected override think({ text: words, block, part }: TextEvent): void {
    const key = `thinking/${block}`;
    // Chat has no blocks: what follows a seal is another thought.
    if (this.context.from === 'openai-chat' && this.#blocks.isSealed) this.#blocks.close();
    const isNextPart = this.#blocks.isOpen(key) && part !== this.#thoughtPart;
    this.#thoughtPart = part;
    this.#blocks.openThought(key, block);
    this.#blocks.add({ type: 'thinking_delta', thinking: isNextPart ? `\n\n${words}` : words });
  }

  protected override seal({ block, signature, encrypted, id }: ReasoningSealEvent): void {
    const { from } = this.context;
    const own = from === 'anthropic-messages' ? (signature ?? encrypted) : undefined;
    this.#blocks.seal(
      {
        block,
        text: own ?? closeSeal({ dialect: from, signature, encrypted, id }),
        isSignature: own !== undefined && signature !== undefined,
      },
      from !== 'openai-chat',
    );
  }

  protected override call({ call: index, kind, id, name }: ToolCallEvent): void {
    const call = this.#callAt(index);
    call.id ??= id;
    call.name ??= name;
    call.isCustom ||= kind === 'custom';
    if (call.name !== undefined) this.#openCall(index, call);
  }

  #callAt(index: number): Call {
    const known = this.#calls.get(index);
    if (known !== undefined) return known;
    const call = { id: undefined, name: undefined, isOpen: false, isCustom: false };
    this.#calls.set(index, call);
    return call;
  }

  #openCall(index: number, call: Call): void {
    if (call.isOpen) return;
    call.isOpen = true;
    this.#begin();
    const id = portableToolId(call.id ?? `toolu_${this.#id}_${index}`);
    const { name = '', isCustom } = call;
    this.#blocks.open(
      `tool/${index}`,
      { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } },
      isCustom ? '"}' : '',
    );
    if (isCustom) this.#blocks.addInput(`tool/${index}`, '{"input":"');
  }

  protected override addArguments({ call: index, words }: ArgumentsPiece): void {
    const call = this.#callAt(index);
    this.#openCall(index, call);
    const json = call.isCustom ? JSON.stringify(words).slice(1, -1) : words;
    this.#blocks.addInput(`tool/${index}`, json);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#id ??= `msg_${randomUUID().replaceAll('-', '')}`;
    const message = {
      id: this.#id,
      type: 'message',
      role: 'assistant',
      model: this.#model ?? text(this.context.request.model) ?? '',
      content: [],
      container: null,
      diagnostics: null,
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: {
        ...this.#counts(),
        output_tokens: 0,
        output_tokens_details: null,
        cache_creation: null,
        inference_geo: null,
        service_tier: null,
        speed: null,
      },
    } satisfies Message;
    this.write('message_start', { type: 'message_start', message });
  }

  /** The counts that are known, in all their places. */
  #counts(): MessageDeltaUsage & { readonly input_tokens: number } {
    const spelled = messagesUsage(this.usage ?? { reported: {} });
    const count = (name: keyof MessageDeltaUsage): number => {
      const value = spelled[name];
      return typeof value === 'number' ? value : 0;
    };
    const { reasoningTokens, webSearches } = this.usage ?? {};
    return {
      input_tokens: count('input_tokens'),
      cache_creation_input_tokens: count('cache_creation_input_tokens'),
      cache_read_input_tokens: count('cache_read_input_tokens'),
      output_tokens: count('output_tokens'),
      output_tokens_details:
        reasoningTokens === undefined ? null : { thinking_tokens: reasoningTokens },
      server_tool_use:
        webSearches === undefined
          ? null
          : { web_search_requests: webSearches, web_fetch_requests: 0 },
    };
  }

  protected override end(): void {
    this.#begin();
    this.#blocks.close();
    const meaning = finishMeaning(this.finish?.reason ?? 'stop', this.#calls.size > 0);
    const reason = STOP_REASONS[this.#hasRefused ? 'filter' : meaning];
    const delta = {
      stop_reason: reason,
      stop_sequence: this.finish?.stopSequence ?? null,
      stop_details: reason === 'refusal' ? REFUSED : null,
      container: null,
    };
    this.write('message_delta', { type: 'message_delta', delta, usage: this.#counts() });
    this.write('message_stop', { type: 'message_stop' });
  }
}
