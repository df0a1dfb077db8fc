import type { Result } from './scene.js';
import { at, type Sdk } from './sdks.js';

/** What a caller was told, whichever API and mode it came in. */
export interface Said {
  readonly id: unknown;
  readonly model: unknown;
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: unknown;
  readonly usage: readonly [input: unknown, output: unknown];
}

interface ToolCall {
  readonly id: unknown;
  readonly name: unknown;
  /** JSON as the model wrote it, parsed. */
  readonly input: unknown;
}

/** Reads a result by itself, with nothing of the gateway's: to compare it with one of the other mode. */
export function saidIn({ name }: Sdk, { answer, events }: Result): Said {
  if (name === 'anthropic 1') return answer ? message(answer) : messageOf(events);
  return answer ? completion(answer) : completionOf(events);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const parsed = (value: string): unknown => (value === '' ? {} : JSON.parse(value));
const openaiUsage = (from: unknown) =>
  [at(from, 'usage', 'prompt_tokens'), at(from, 'usage', 'completion_tokens')] as const;

function completion(answer: object): Said {
  const choice = at(answer, 'choices', 0);
  return {
    id: at(answer, 'id'),
    model: at(answer, 'model'),
    content: text(at(choice, 'message', 'content')),
    toolCalls: list(at(choice, 'message', 'tool_calls')).map((call) => ({
      id: at(call, 'id'),
      name: at(call, 'function', 'name'),
      input: parsed(text(at(call, 'function', 'arguments'))),
    })),
    finishReason: at(choice, 'finish_reason'),
    usage: openaiUsage(answer),
  };
}

function completionOf(chunks: readonly object[]): Said {
  const deltas = chunks.map((chunk) => at(chunk, 'choices', 0, 'delta'));
  const calls = deltas.flatMap((delta) => list(at(delta, 'tool_calls')));
  const indexes = [...new Set(calls.map((call) => at(call, 'index')))];
  return {
    id: at(chunks[0], 'id'),
    model: at(chunks[0], 'model'),
    content: deltas.map((delta) => text(at(delta, 'content'))).join(''),
    toolCalls: indexes.map((index) => {
      const parts = calls.filter((call) => at(call, 'index') === index);
      const first = (...path: string[]) => parts.map((part) => at(part, ...path)).find(Boolean);
      const pieces = parts.map((part) => text(at(part, 'function', 'arguments')));
      return {
        id: first('id'),
        name: first('function', 'name'),
        input: parsed(pieces.join('')),
      };
    }),
    finishReason: chunks.map((chunk) => at(chunk, 'choices', 0, 'finish_reason')).find(Boolean),
    usage: openaiUsage(chunks.find((chunk) => at(chunk, 'usage'))),
  };
}

function message(answer: object): Said {
  const blocks = list(at(answer, 'content'));
  return {
    id: at(answer, 'id'),
    model: at(answer, 'model'),
    content: blocks.map((block) => text(at(block, 'text'))).join(''),
    toolCalls: blocks
      .filter((block) => at(block, 'type') === 'tool_use')
      .map((block) => ({
        id: at(block, 'id'),
        name: at(block, 'name'),
        input: at(block, 'input'),
      })),
    finishReason: at(answer, 'stop_reason'),
    usage: [at(answer, 'usage', 'input_tokens'), at(answer, 'usage', 'output_tokens')],
  };
}

function messageOf(events: readonly object[]): Said {
  const of = (type: string) => events.filter((event) => at(event, 'type') === type);
  const [start] = of('message_start');
  const [end] = of('message_delta');
  const deltas = of('content_block_delta');
  const tools = of('content_block_start').filter(
    (event) => at(event, 'content_block', 'type') === 'tool_use',
  );
  return {
    id: at(start, 'message', 'id'),
    model: at(start, 'message', 'model'),
    content: deltas.map((event) => text(at(event, 'delta', 'text'))).join(''),
    toolCalls: tools.map((tool) => {
      const own = deltas.filter((event) => at(event, 'index') === at(tool, 'index'));
      const pieces = own.map((event) => text(at(event, 'delta', 'partial_json')));
      return {
        id: at(tool, 'content_block', 'id'),
        name: at(tool, 'content_block', 'name'),
        input: parsed(pieces.join('')),
      };
    }),
    finishReason: at(end, 'delta', 'stop_reason'),
    usage: [at(start, 'message', 'usage', 'input_tokens'), at(end, 'usage', 'output_tokens')],
  };
}
