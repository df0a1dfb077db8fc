import type {
  ContentBlockParam,
  MessageParam,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { CanonicalRequest, Turn } from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { portableToolId } from '../translation/tool-ids.js';
import { BlockWriter } from './request-blocks.js';

/** Before an assistant that speaks first: a conversation has to begin with the user. */
const OPENING = '(The assistant speaks first.)';

/** A conversation as Anthropic takes it. */
export interface Conversation {
  readonly system: readonly TextBlockParam[];
  readonly messages: readonly MessageParam[];
  /** Whether the assistant has begun the answer. */
  readonly isPrefilled: boolean;
  /** Whether results go to calls that the assistant made without a thought it could show. */
  readonly isThoughtless: boolean;
}

interface Message {
  readonly role: 'user' | 'assistant';
  readonly blocks: readonly ContentBlockParam[];
}

/** Writes the turns of a request: system texts apart, roles in turn, results right after their calls. */
export function writeTurns(
  { turns, from }: Pick<CanonicalRequest, 'turns' | 'from'>,
  takesPrefill: boolean,
  losses: Losses,
): Conversation {
  const { system, messages: spoken } = splitTurns(turns, losses);
  const messages = withUserFirst(merge(new Pairing(losses).pair(merge(spoken))), losses);
  const isAlone = messages.length === 0 && system.length > 0;
  // Only instructions: they are what is asked.
  if (isAlone) losses.change('system_position');
  const last = messages.at(-1);
  const isBegun = last?.role === 'assistant';
  if (isBegun && !takesPrefill) losses.refuse('prefill');
  else if (isBegun && from !== 'anthropic-messages') losses.change('prefill');
  const kept = isBegun ? closing(messages, takesPrefill) : messages;
  return {
    system: isAlone ? [] : system,
    messages: (isAlone ? [{ role: 'user' as const, blocks: system }] : kept).map(writeMessage),
    isPrefilled: isBegun && takesPrefill,
    isThoughtless: isThoughtless(messages),
  };
}

function splitTurns(
  turns: readonly Turn[],
  losses: Losses,
): { readonly system: readonly TextBlockParam[]; readonly messages: readonly Message[] } {
  const writer = new BlockWriter(losses);
  const system: TextBlockParam[] = [];
  const messages: Message[] = [];
  for (const { role, name, parts } of turns) {
    if (name !== undefined) losses.drop('name');
    if (role === 'user' || role === 'assistant') {
      messages.push({ role, blocks: writer.blocks(parts, role) });
      continue;
    }
    if (messages.length > 0) losses.change('system_position');
    system.push(...writer.texts(parts));
  }
  return { system, messages };
}

/** Puts what one role says in a row together, and leaves out who says nothing. */
function merge(messages: readonly Message[]): readonly Message[] {
  const merged: Message[] = [];
  for (const message of messages) {
    if (message.blocks.length === 0) continue;
    const last = merged.at(-1);
    if (last?.role === message.role) {
      merged[merged.length - 1] = { ...last, blocks: [...last.blocks, ...message.blocks] };
    } else merged.push(message);
  }
  return merged;
}

/** Sees to it that every call has its result in the next turn, first in it, and every result its call. */
class Pairing {
  readonly #losses: Losses;
  readonly #used = new Map<string, number>();

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  pair(messages: readonly Message[]): readonly Message[] {
    const paired: Message[] = [];
    let open: ReadonlyMap<string, string[]> = new Map();
    for (const [index, message] of messages.entries()) {
      if (message.role === 'user') {
        paired.push(this.#results(message, open));
        open = new Map();
        continue;
      }
      const calls = new Map<string, string[]>();
      paired.push(this.#calls(message, answeredIn(messages[index + 1]), calls));
      open = calls;
    }
    return paired;
  }

  /** Some servers count their ids anew in each answer; in a conversation each is to be there once. */
  #calls(
    { role, blocks }: Message,
    answered: Map<string, number>,
    calls: Map<string, string[]>,
  ): Message {
    const kept = blocks.flatMap((block): readonly ContentBlockParam[] => {
      if (block.type !== 'tool_use') return [block];
      const left = answered.get(block.id) ?? 0;
      if (left === 0) {
        this.#losses.refuse('tool_call');
        return [];
      }
      answered.set(block.id, left - 1);
      const count = this.#used.get(block.id) ?? 0;
      this.#used.set(block.id, count + 1);
      const id = portableToolId(count === 0 ? block.id : `${block.id}#${count}`);
      calls.set(block.id, [...(calls.get(block.id) ?? []), id]);
      return [{ ...block, id }];
    });
    return { role, blocks: kept };
  }

  #results({ role, blocks }: Message, calls: ReadonlyMap<string, string[]>): Message {
    const results: ContentBlockParam[] = [];
    const others: ContentBlockParam[] = [];
    for (const block of blocks) {
      if (block.type !== 'tool_result') {
        others.push(block);
        continue;
      }
      const id = calls.get(block.tool_use_id)?.shift();
      if (id === undefined) this.#losses.refuse('tool_result');
      else results.push({ ...block, tool_use_id: id });
    }
    return { role, blocks: [...results, ...others] };
  }
}

/** How many results a turn has for each call. */
function answeredIn(message: Message | undefined): Map<string, number> {
  const answered = new Map<string, number>();
  for (const block of message?.blocks ?? []) {
    if (block.type !== 'tool_result') continue;
    answered.set(block.tool_use_id, (answered.get(block.tool_use_id) ?? 0) + 1);
  }
  return answered;
}

function withUserFirst(messages: readonly Message[], losses: Losses): readonly Message[] {
  if (messages[0]?.role !== 'assistant') return messages;
  losses.change('first_turn');
  return [{ role: 'user', blocks: [{ type: 'text', text: OPENING }] }, ...messages];
}

/** The messages with the begun answer as it is taken: without blanks at its end, or not at all. */
function closing(messages: readonly Message[], takesPrefill: boolean): readonly Message[] {
  const last = messages.at(-1);
  const before = messages.slice(0, -1);
  if (last === undefined || !takesPrefill) return before;
  const block = last.blocks.at(-1);
  if (block?.type !== 'text') return messages;
  const trimmed = { ...block, text: block.text.trimEnd() };
  return [...before, { ...last, blocks: [...last.blocks.slice(0, -1), trimmed] }];
}

function isThoughtless(messages: readonly Message[]): boolean {
  const isLoop = messages.at(-1)?.blocks[0]?.type === 'tool_result';
  const calling = isLoop ? messages.at(-2)?.blocks[0] : undefined;
  return isLoop && calling?.type !== 'thinking' && calling?.type !== 'redacted_thinking';
}

function writeMessage({ role, blocks }: Message): MessageParam {
  const [first] = blocks;
  const isPlain = blocks.length === 1 && first?.type === 'text' && !first.cache_control;
  return { role, content: isPlain ? first.text : [...blocks] };
}
