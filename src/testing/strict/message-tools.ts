import type { BetaOutputConfig } from '@anthropic-ai/sdk/resources/beta/messages/messages';
import type { Tool } from '@anthropic-ai/sdk/resources/messages/messages';
import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { claudeOf } from './models.js';
import { firstOf, isGiven, type Refusal, type Rule, unknownMember } from './refusal.js';
import { claudeStrict, findFault } from './schema.js';

const TOOL = {
  ...{ input_schema: 1, name: 1, allowed_callers: 1, cache_control: 1, defer_loading: 1 },
  ...{ description: 1, eager_input_streaming: 1, input_examples: 1, strict: 1, type: 1 },
} satisfies Record<keyof Tool, 1>;
const OUTPUT = { effort: 1, format: 1, task_budget: 1 } satisfies Record<keyof BetaOutputConfig, 1>;
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const NOT_AT_TOP = ['oneOf', 'allOf', 'anyOf'];

const tools: Rule = ({ body, model }) =>
  firstOf(listOf(body.tools).map(objectOf), (tool, index) => {
    // Anthropic's own tools have a type.
    if (isGiven(tool.type) && tool.type !== 'custom') return undefined;
    return checkTool(tool, `tools.${index}.custom`) ?? checkStrict(tool, model, index);
  });

function checkTool(tool: JsonObject, place: string): Refusal | undefined {
  const unknown = unknownMember(tool, TOOL);
  if (unknown !== undefined) {
    return { message: `${place}.${unknown}: Extra inputs are not permitted` };
  }
  if (!NAME.test(textOf(tool.name))) {
    return { message: `${place}.name: String should match pattern '${NAME.source}'` };
  }
  const { input_schema: schema } = tool;
  if (!isJsonObject(schema)) return { message: `${place}.input_schema: Field required` };
  if (schema.type !== 'object') {
    const problem = schema.type === undefined ? 'Field required' : "Input should be 'object'";
    return { message: `${place}.input_schema.type: ${problem}` };
  }
  return NOT_AT_TOP.some((key) => key in schema)
    ? {
        message: `${place}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`,
      }
    : undefined;
}

function checkStrict(
  { strict, input_schema: schema }: JsonObject,
  model: string,
  index: number,
): Refusal | undefined {
  if (strict !== true) return undefined;
  if (!claudeOf(model).takesSchemas) {
    return { message: `tools.${index}.custom: strict tools are not supported on this model` };
  }
  return checkSchema(objectOf(schema), `tools.${index}.custom.input_schema`);
}

function checkSchema(schema: JsonObject, place: string): Refusal | undefined {
  const fault = findFault(schema, claudeStrict);
  return fault && { message: `${[place, ...fault.path].join('.')}: ${fault.problem}` };
}

const names: Rule = ({ body }) => {
  const all = listOf(body.tools).flatMap((tool) => objectOf(tool).name ?? []);
  return new Set(all).size < all.length
    ? { message: 'tools: Tool names must be unique.' }
    : undefined;
};

const choice: Rule = ({ body }) => {
  const { tool_choice: chosen, tools: offered, mcp_servers: servers } = body;
  if (!isGiven(chosen)) return undefined;
  const { type, name } = objectOf(chosen);
  if (!['auto', 'any', 'tool', 'none'].includes(textOf(type))) {
    return {
      message: "tool_choice: Input should be an object with type 'auto', 'any', 'tool' or 'none'",
    };
  }
  if (listOf(offered).length === 0 && !isGiven(servers)) {
    return { message: 'tool_choice may only be specified while providing tools.' };
  }
  const isThere = listOf(offered).some((tool) => objectOf(tool).name === name);
  return type === 'tool' && !isThere
    ? { message: `Tool '${textOf(name)}' not found in provided tools` }
    : undefined;
};

const format: Rule = ({ body, model }) => {
  const config = objectOf(body.output_config);
  const unknown = unknownMember(config, OUTPUT);
  if (unknown !== undefined) {
    return { message: `output_config.${unknown}: Extra inputs are not permitted` };
  }
  if (!isGiven(config.format)) return undefined;
  if (!claudeOf(model).takesSchemas) {
    return { message: `'${model}' does not support output format.` };
  }
  const { schema } = objectOf(config.format);
  if (!isJsonObject(schema)) return { message: 'output_config.format.schema: Field required' };
  return checkSchema(schema, 'output_config.format.schema');
};

/** The rules about tools and the form of the answer. */
export const messageTools: readonly Rule[] = [tools, names, choice, format];
