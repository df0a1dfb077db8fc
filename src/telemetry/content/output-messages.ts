import type { TargetEnd } from '../../pipeline/feature.js';
import type { SettledChoice } from '../../pipeline/settlement.js';
import type { ContentPart, OutputMessage } from './captured-content.js';

/** What the model said, as the conventions spell it; `undefined` where it said nothing. */
export function outputMessages({ facts }: TargetEnd): readonly OutputMessage[] | undefined {
  if (facts === undefined || facts.choices.length === 0) return undefined;
  return facts.choices.map((choice) => ({
    role: 'assistant',
    parts: partsOf(choice),
    finish_reason: FINISH_REASONS[choice.finishReason ?? ''] ?? choice.finishReason ?? 'error',
  }));
}

/** The providers' words where the schema has one of its own. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  tool_calls: 'tool_call',
  function_call: 'tool_call',
  tool_use: 'tool_call',
  end_turn: 'stop',
  stop_sequence: 'stop',
  completed: 'stop',
  max_tokens: 'length',
  max_output_tokens: 'length',
  refusal: 'content_filter',
};

function partsOf({ text, refusal, reasoning, toolCalls }: SettledChoice): ContentPart[] {
  const parts: ContentPart[] = [];
  if (reasoning) parts.push({ type: 'reasoning', content: reasoning });
  if (text) parts.push({ type: 'text', content: text });
  if (refusal) parts.push({ type: 'text', content: refusal });
  for (const { id, name, arguments: given } of toolCalls) {
    parts.push(toolCallPart(id, name, parseArguments(given)));
  }
  return parts;
}

/** A call of a tool. */
export function toolCallPart(id: unknown, name: unknown, given: unknown): ContentPart {
  return {
    type: 'tool_call',
    ...(typeof id === 'string' && { id }),
    name: typeof name === 'string' ? name : '',
    arguments: given ?? null,
  };
}

/** Arguments as a value where they are JSON, else as they were written. */
export function parseArguments(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
