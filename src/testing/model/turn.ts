import { type JsonObject, listOf, numberOf, objectOf, textOf } from '../json.js';
import type { FakeToolCall, Reply } from '../reply.js';
import type { ProviderState } from '../state.js';
import { estimateTokens, lastUserText, promptText } from './prompt.js';
import { sampleSchema } from './sample-schema.js';

/** A tool call with everything settled. */
export interface TurnToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Token counts with nothing left open. */
export interface TurnUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

/** Why the model stopped, before a dialect spells it. */
export type TurnFinish = 'stop' | 'length' | 'tool_calls' | 'content_filter' | (string & {});

/** What the model says in answer to one request, before any dialect. */
export interface Turn {
  readonly model: string;
  /** One text a choice, at least one. */
  readonly texts: readonly [string, ...string[]];
  readonly toolCalls: readonly TurnToolCall[];
  readonly reasoning: string | undefined;
  readonly refusal: string | undefined;
  readonly finish: TurnFinish;
  /** `undefined` when the reply leaves the usage out. */
  readonly usage: TurnUsage | undefined;
}

const sameFinish: Readonly<Record<string, TurnFinish>> = {
  end_turn: 'stop',
  completed: 'stop',
  max_tokens: 'length',
  max_output_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** Where a dialect's request differs. */
export interface TurnOptions {
  /** Prefix of made-up tool call ids. */
  readonly callPrefix: string;
  /** The JSON schema the answer must fit, if the request has one. */
  readonly schema: unknown;
  readonly choices?: number | undefined;
}

/** The request and what it is to be answered with. */
export interface TurnInput {
  readonly body: JsonObject;
  readonly reply: Reply;
  readonly state: ProviderState;
}

/** Settles what the model says to a request. */
export function takeTurn(input: TurnInput, options: TurnOptions): Turn {
  const { body, reply } = input;
  const toolCalls = takeToolCalls(input, options.callPrefix);
  const texts = takeTexts(input, options, usualText(input, options.schema, toolCalls.length > 0));
  const asked = reply.finishReason;
  return {
    model: reply.model ?? textOf(body.model, 'fake-model'),
    texts,
    toolCalls,
    reasoning: reply.reasoning,
    refusal: reply.refusal,
    finish: asked === undefined ? usualFinish(toolCalls) : (sameFinish[asked] ?? asked),
    usage: takeUsage(input, texts, toolCalls),
  };
}

function usualFinish(toolCalls: readonly TurnToolCall[]): TurnFinish {
  return toolCalls.length > 0 ? 'tool_calls' : 'stop';
}

function takeTexts(
  { reply }: TurnInput,
  { schema, choices = 1 }: TurnOptions,
  usual: string,
): Turn['texts'] {
  const scripted = typeof reply.text === 'string' ? [reply.text] : (reply.text ?? []);
  const first = scripted[0] ?? usual;
  const rest = Array.from({ length: Math.max(choices, 1) - 1 }, (_, index) => {
    return scripted[index + 1] ?? (schema === undefined ? `${first} (${index + 2})` : first);
  });
  return [first, ...rest];
}

function usualText({ body, reply }: TurnInput, schema: unknown, hasCalls: boolean): string {
  if (hasCalls || reply.refusal !== undefined) return '';
  if (schema !== undefined) return JSON.stringify(sampleSchema(schema));
  return `echo: ${lastUserText(body)}`;
}

function takeToolCalls({ body, reply, state }: TurnInput, prefix: string): readonly TurnToolCall[] {
  const calls = reply.toolCalls === 'auto' ? automaticCalls(body) : (reply.toolCalls ?? []);
  return calls.map((call) => ({
    id: call.id ?? state.nextId(prefix),
    name: call.name,
    arguments:
      typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments ?? {}),
  }));
}

/** Calls every offered tool once; none when the request already brings results. */
function automaticCalls(body: JsonObject): readonly FakeToolCall[] {
  if (bringsResults(body)) return [];
  return listOf(body.tools).flatMap((value) => {
    const tool = objectOf(value);
    const definition = tool.function === undefined ? tool : objectOf(tool.function);
    if (typeof definition.name !== 'string') return [];
    const schema = definition.parameters ?? definition.input_schema;
    return [{ name: definition.name, arguments: JSON.stringify(sampleSchema(schema)) }];
  });
}

function bringsResults(body: JsonObject): boolean {
  const last = objectOf(listOf(body.messages ?? body.input).at(-1));
  const parts = listOf(last.content);
  const hasResultPart = parts.some((part) => objectOf(part).type === 'tool_result');
  return last.role === 'tool' || last.type === 'function_call_output' || hasResultPart;
}

function takeUsage(
  { body, reply: { usage, reasoning, refusal } }: TurnInput,
  texts: readonly string[],
  toolCalls: readonly TurnToolCall[],
): TurnUsage | undefined {
  if (usage === null) return undefined;
  const said = [...texts, refusal ?? '', ...toolCalls.map((call) => call.name + call.arguments)];
  const reasoningTokens = reasoning === undefined ? 0 : estimateTokens(reasoning);
  const outputTokens =
    estimateTokens(said.join('')) + numberOf(usage?.reasoningTokens, reasoningTokens);
  return {
    inputTokens: usage?.inputTokens ?? estimateTokens(promptText(body)),
    outputTokens: usage?.outputTokens ?? outputTokens,
    cachedTokens: usage?.cachedTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? reasoningTokens,
  };
}
