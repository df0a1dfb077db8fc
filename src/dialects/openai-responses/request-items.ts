import { isObject, type JsonObject, list, text } from '../json.js';
import type {
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { openSeal } from '../translation/seals.js';
import { string } from '../translation/values.js';
import { PartReader } from './request-parts.js';

/** Items of tools that OpenAI ran by itself. What came of them the assistant has told in its text. */
const TOLD_ELSEWHERE: ReadonlySet<unknown> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'mcp_list_tools',
  'mcp_call',
  'tool_search_call',
  'tool_search_output',
]);

/** Items of OpenAI's own tools that the application takes part in, and tools that came with the input. */
const HOSTED =
  /^(?:computer|local_shell|shell|apply_patch|program|additional_tools|mcp_approval)(?:_|$)/;

/** Items that only stand for what OpenAI keeps, or that only it can read. */
const KEPT: ReadonlySet<unknown> = new Set([
  'item_reference',
  'compaction',
  'compaction_trigger',
  'configuration_update',
]);

/** Reads the items of an input. Items of one speaker that follow each other make one turn; a user's messages stay apart. */
export class ItemTurns {
  readonly #losses: Losses;
  readonly #parts: PartReader;

  constructor(losses: Losses) {
    this.#losses = losses;
    this.#parts = new PartReader(losses);
  }

  read(items: unknown): readonly Turn[] {
    const turns: Turn[] = [];
    for (const item of list(items)) {
      const turn = isObject(item) ? this.#turn(item) : undefined;
      if (turn === undefined) continue;
      const last = turns.at(-1);
      if (last && belongTogether(last, turn)) {
        turns[turns.length - 1] = { ...last, parts: [...last.parts, ...turn.parts] };
      } else turns.push(turn);
    }
    return turns;
  }

  #turn(item: JsonObject): Turn | undefined {
    const { type, role } = item;
    switch (type ?? (role === undefined ? undefined : 'message')) {
      case 'message':
        return this.#message(item);
      case 'function_call':
        return { role: 'assistant', parts: [readCall(item, 'function', item.arguments)] };
      case 'custom_tool_call':
        return { role: 'assistant', parts: [readCall(item, 'custom', item.input)] };
      case 'function_call_output':
        return { role: 'user', parts: [this.#result(item, 'function')] };
      case 'custom_tool_call_output':
        return { role: 'user', parts: [this.#result(item, 'custom')] };
      case 'reasoning':
        return this.#reasoning(item);
      default:
        this.#note(type);
        return undefined;
    }
  }

  /** Notes an item that no other dialect has. */
  #note(type: unknown): void {
    if (TOLD_ELSEWHERE.has(type)) this.#losses.drop('hosted_tools');
    else if (typeof type === 'string' && HOSTED.test(type)) this.#losses.refuse('hosted_tools');
    else if (typeof type === 'string' && KEPT.has(type)) this.#losses.refuse(type);
    else this.#losses.refuse('content');
  }

  #message({ role, content }: JsonObject): Turn {
    const parts = this.#parts.read(content);
    const known = role === 'assistant' || role === 'system' || role === 'developer';
    return { role: known ? role : 'user', parts };
  }

  #result({ call_id: id, output }: JsonObject, kind: ToolResultPart['kind']): ToolResultPart {
    return {
      type: 'tool-result',
      id: string(id) ?? '',
      kind,
      parts: this.#parts.read(output).filter(isResultContent),
    };
  }

  #reasoning(item: JsonObject): Turn | undefined {
    const part = readReasoning(item);
    if (part.seal !== undefined || part.text !== '') return { role: 'assistant', parts: [part] };
    // Only its id was given: OpenAI has the rest.
    this.#losses.drop('reasoning_text');
    return undefined;
  }
}

function readCall(item: JsonObject, kind: ToolCallPart['kind'], words: unknown): ToolCallPart {
  return {
    type: 'tool-call',
    id: text(item.call_id) ?? string(item.id) ?? '',
    name: string(item.name) ?? '',
    kind,
    arguments: string(words) ?? '',
  };
}

/** A reasoning item: OpenAI's own, or another provider's that was put into one by us. */
function readReasoning({ id, summary, content, encrypted_content: encrypted }: JsonObject) {
  const said = textsIn(content);
  const summaries = textsIn(summary);
  const own = text(encrypted);
  const foreign = openSeal(own);
  const seal =
    foreign ?? (own && { dialect: 'openai-responses' as const, id: text(id), encrypted: own });
  return {
    type: 'reasoning',
    text: (said.length > 0 ? said : summaries).join('\n\n'),
    isSummary: said.length === 0 && foreign === undefined,
    ...(seal && { seal }),
  } satisfies ReasoningPart;
}

function textsIn(parts: unknown): readonly string[] {
  return list(parts).flatMap((part) => (isObject(part) && text(part.text)) || []);
}

function belongTogether(last: Turn, next: Turn): boolean {
  if (last.role !== next.role) return false;
  return next.role === 'assistant' || (isResults(last) && isResults(next));
}

function isResults({ parts }: Turn): boolean {
  return parts.length > 0 && parts.every(({ type }) => type === 'tool-result');
}

function isResultContent(part: Part): part is ToolResultPart['parts'][number] {
  return part.type === 'text' || part.type === 'image' || part.type === 'document';
}
