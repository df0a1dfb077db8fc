import type { Tool, ToolChoice } from '@anthropic-ai/sdk/resources/messages/messages';
import { isObject, type JsonObject } from '../json.js';
import type {
  CanonicalRequest,
  CustomTool,
  FunctionTool,
  OutputFormat,
} from '../translation/canonical-request.js';
import { JSON_ONLY } from '../translation/json-format.js';
import type { Losses } from '../translation/losses.js';
import { cached } from './request-blocks.js';
import { type StrictSchema, strictSchema } from './strict-schema.js';

/** Keywords that no tool of Anthropic's may have at the top of its schema. */
const NOT_AT_TOP: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf']);
const ANSWER_TOOL = 'answer';

/** The tools of a request, and how its answer is to be formed. */
export interface Means {
  readonly tools: readonly Tool[];
  readonly choice?: ToolChoice | undefined;
  readonly wrappedTools: ReadonlySet<string>;
  /** The schema of the answer. */
  readonly schema?: JsonObject | undefined;
  /** The tool that stands for the answer. */
  readonly answerTool?: string | undefined;
  /** What the system text is to say of the answer's form. */
  readonly instruction?: string | undefined;
}

/** Writes the tools and the form of the answer. `takesSchemas` is for strict tools and for answers alike. */
export function writeMeans(
  request: CanonicalRequest,
  takesSchemas: boolean,
  losses: Losses,
): Means {
  const { format } = request;
  const writer = new ToolWriter(takesSchemas, losses);
  const tools = writer.tools(request);
  const choice = writeChoice(request, tools);
  const means = { tools, choice, wrappedTools: writer.wrapped };
  // Where a call is asked for, no text will come that could have a form.
  const isCall = choice?.type === 'any' || choice?.type === 'tool';
  if (format && isCall) losses.drop('response_format');
  if (format === undefined || isCall) return means;
  if (format.type === 'json_object' && (tools.length > 0 || thinks(request))) {
    losses.change('response_format');
    return { ...means, instruction: JSON_ONLY };
  }
  const strict =
    format.type === 'json_schema' && takesSchemas ? strictSchema(format.schema) : undefined;
  if (strict === undefined) return { ...means, ...answerByTool(format, means) };
  if (strict.isChanged) losses.change('schema');
  return { ...means, schema: strict.schema };
}

function thinks({ reasoning }: CanonicalRequest): boolean {
  return reasoning !== undefined && reasoning.effort !== 'none';
}

/** Asks for the answer as a call: of this tool, or, where there are others, of any. */
function answerByTool(
  format: OutputFormat,
  { tools, choice }: Pick<Means, 'tools' | 'choice'>,
): Pick<Means, 'tools' | 'choice' | 'answerTool'> {
  const isFree = tools.length > 0 && choice?.type !== 'none';
  const name = nameFor(format, tools);
  const { description = 'Gives the answer.', schema } =
    format.type === 'json_schema' ? format : { schema: { type: 'object' } };
  const tool: Tool = { name, description, input_schema: objectSchema(schema) };
  return {
    tools: [...tools, tool],
    choice: isFree
      ? { ...singleOf(choice), type: 'any' }
      : { type: 'tool', name, disable_parallel_tool_use: true },
    answerTool: name,
  };
}

function singleOf(choice: ToolChoice | undefined): { disable_parallel_tool_use?: boolean } {
  if (choice === undefined || choice.type === 'none') return {};
  const { disable_parallel_tool_use: disabled } = choice;
  return disabled === undefined ? {} : { disable_parallel_tool_use: disabled };
}

/** A name that no other tool has. */
function nameFor(format: OutputFormat, tools: readonly Tool[]): string {
  let name = format.type === 'json_schema' ? format.name : ANSWER_TOOL;
  if (!/^[\w-]{1,64}$/.test(name)) name = ANSWER_TOOL;
  while (tools.some((tool) => tool.name === name)) name = `${name.slice(0, 63)}_`;
  return name;
}

class ToolWriter {
  readonly wrapped = new Set<string>();
  readonly #takesSchemas: boolean;
  readonly #losses: Losses;

  constructor(takesSchemas: boolean, losses: Losses) {
    this.#takesSchemas = takesSchemas;
    this.#losses = losses;
  }

  tools({ tools, toolChoice }: CanonicalRequest): readonly Tool[] {
    const allowed = toolChoice?.type === 'allowed' ? new Set(toolChoice.names) : undefined;
    if (allowed) this.#losses.change('allowed_tools');
    const offered = allowed ? tools.filter(({ name }) => allowed.has(name)) : tools;
    return offered.map((tool) =>
      tool.kind === 'function' ? this.#function(tool) : this.#custom(tool),
    );
  }

  #function({ name, description, schema, strict: asked, cache }: FunctionTool): Tool {
    const strict = asked ? this.#strict(schema) : undefined;
    const isMixed = Object.keys(schema ?? {}).some((key) => NOT_AT_TOP.has(key));
    if (isMixed) this.#losses.change('schema');
    return {
      name,
      ...(description !== undefined && { description }),
      input_schema: objectSchema(strict?.schema ?? schema),
      ...(strict && !isMixed && { strict: true }),
      ...cached(cache),
    };
  }

  #strict(schema: JsonObject | undefined): StrictSchema | undefined {
    const strict = schema && this.#takesSchemas ? strictSchema(schema) : undefined;
    if (strict === undefined) this.#losses.drop('strict');
    else if (strict.isChanged) this.#losses.change('schema');
    return strict;
  }

  /** A custom tool's free text becomes the one argument of a function. */
  #custom({ name, description, format }: CustomTool): Tool {
    this.wrapped.add(name);
    const grammar = format?.type === 'grammar' ? format : undefined;
    if (grammar) this.#losses.change('custom_tool_format');
    const words = [
      description ?? [],
      grammar ? `The input follows this ${grammar.syntax} grammar:\n${grammar.definition}` : [],
    ].flat();
    return {
      name,
      ...(words.length > 0 && { description: words.join('\n\n') }),
      input_schema: {
        type: 'object',
        properties: { input: { type: 'string' } },
        required: ['input'],
        additionalProperties: false,
      },
    };
  }
}

/** A schema as Anthropic demands it: of an object. */
function objectSchema(schema: JsonObject | undefined): Tool.InputSchema {
  const entries = Object.entries(schema ?? {}).filter(([key]) => !NOT_AT_TOP.has(key));
  const own = Object.fromEntries(entries);
  return { ...own, type: 'object', ...(!isObject(own.properties) && { properties: {} }) };
}

function writeChoice(
  { toolChoice, parallelToolCalls }: CanonicalRequest,
  tools: readonly Tool[],
): ToolChoice | undefined {
  if (tools.length === 0) return undefined;
  const disabled = parallelToolCalls === undefined ? undefined : !parallelToolCalls;
  const single = disabled === undefined ? {} : { disable_parallel_tool_use: disabled };
  const type = toolChoice?.type === 'allowed' ? toolChoice.mode : toolChoice?.type;
  switch (type) {
    case undefined:
      return disabled ? { type: 'auto', disable_parallel_tool_use: true } : undefined;
    case 'none':
      return { type: 'none' };
    case 'tool':
      return { type, name: toolChoice?.type === 'tool' ? toolChoice.name : '', ...single };
    default:
      return { type: type === 'required' ? 'any' : 'auto', ...single };
  }
}
