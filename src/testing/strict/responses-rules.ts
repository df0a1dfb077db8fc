import type { FunctionTool, ResponseCreateParamsBase } from 'openai/resources/responses/responses';
import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { effortsOf, isReasoning } from './models.js';
import {
  checkName,
  checkSchema,
  emptyArray,
  invalidType,
  knownModel,
  missingParameter,
  noSampling,
  ranges,
  saysJson,
  unknownParameter,
  unsupportedParameter,
} from './openai-rules.js';
import { firstOf, isGiven, type Refusal, type Rule, unknownMember } from './refusal.js';
import { responseItems, responsePairs } from './response-items.js';

const PARAMETERS = {
  ...{ access_programs: 1, background: 1, context_management: 1, conversation: 1, image: 1 },
  ...{ include: 1, input: 1, instructions: 1, max_output_tokens: 1, max_tool_calls: 1 },
  ...{ metadata: 1, model: 1, moderation: 1, parallel_tool_calls: 1, previous_response_id: 1 },
  ...{ prompt: 1, prompt_cache_key: 1, prompt_cache_options: 1, prompt_cache_retention: 1 },
  ...{ reasoning: 1, safety_identifier: 1, service_tier: 1, store: 1, stream: 1 },
  ...{ stream_options: 1, temperature: 1, text: 1, tool_choice: 1, tools: 1, top_logprobs: 1 },
  ...{ top_p: 1, truncation: 1, user: 1 },
} satisfies Record<keyof ResponseCreateParamsBase, 1>;

/** What chat has by another name. */
const MOVED: Readonly<Record<string, string>> = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  response_format: 'text.format',
  reasoning_effort: 'reasoning.effort',
  verbosity: 'text.verbosity',
};

const FUNCTION_MEMBERS = {
  ...{ type: 1, name: 1, description: 1, parameters: 1, strict: 1 },
  ...{ allowed_callers: 1, async: 1, defer_loading: 1, output_schema: 1 },
} satisfies Record<keyof FunctionTool, 1>;
const CUSTOM_MEMBERS = {
  ...{
    type: 1,
    name: 1,
    description: 1,
    format: 1,
    allowed_callers: 1,
    defer_loading: 1,
    async: 1,
  },
};
const TEXT_MEMBERS = { format: 1, verbosity: 1 };
const STREAM_MEMBERS = { include_obfuscation: 1 };

const parameters: Rule = ({ body }) => {
  const unknown = unknownMember(body, PARAMETERS);
  if (unknown === undefined) return nested(body);
  const place = MOVED[unknown];
  if (place === undefined) return unknownParameter(unknown);
  const message = `Unsupported parameter: '${unknown}'. In the Responses API, this parameter has moved to '${place}'. Try again with the new parameter.`;
  return { message, param: unknown, code: 'unsupported_parameter' };
};

function nested(body: JsonObject): Refusal | undefined {
  const places = { text: TEXT_MEMBERS, stream_options: STREAM_MEMBERS };
  return firstOf(Object.entries(places), ([name, known]) => {
    const unknown = unknownMember(objectOf(body[name]), known);
    return unknown === undefined ? undefined : unknownParameter(`${name}.${unknown}`);
  });
}

const model: Rule = ({ body }) =>
  typeof body.model === 'string' || isGiven(body.prompt) ? undefined : missingParameter('model');

const input: Rule = ({ body }) => {
  const { input: given, prompt, conversation, previous_response_id: previous } = body;
  if (typeof given === 'string') return undefined;
  if (Array.isArray(given)) {
    return given.length === 0 && !isGiven(prompt) ? emptyArray('input') : undefined;
  }
  if (isGiven(given)) return invalidType('input', 'a string or an array', given);
  return [prompt, conversation, previous].some(isGiven) ? undefined : missingParameter('input');
};

const tools: Rule = ({ body }) =>
  firstOf(listOf(body.tools), (tool, index) => checkTool(objectOf(tool), `tools[${index}]`));

function checkTool(tool: JsonObject, param: string): Refusal | undefined {
  const { type, name, parameters: schema, strict } = tool;
  if (typeof type !== 'string') return missingParameter(`${param}.type`);
  if (type !== 'function' && type !== 'custom') return undefined;
  if (name === undefined) return missingParameter(`${param}.name`);
  const unknown = unknownMember(tool, type === 'custom' ? CUSTOM_MEMBERS : FUNCTION_MEMBERS);
  if (unknown !== undefined) return unknownParameter(`${param}.${unknown}`);
  const refusal = checkName(`${param}.name`, name);
  if (refusal !== undefined || type === 'custom') return refusal;
  const place = {
    what: `function '${textOf(name)}'`,
    param: `${param}.parameters`,
    code: 'invalid_function_parameters',
  };
  return checkSchema(place, schema ?? undefined, strict === true);
}

const toolChoice: Rule = ({ body }) => {
  const { tool_choice: choice, tools: offered } = body;
  if (choice === 'required' && listOf(offered).length === 0) {
    const message = "Tool choice 'required' must be specified with 'tools' parameter.";
    return { message, param: 'tool_choice' };
  }
  const { type, name, function: chatForm } = objectOf(choice);
  if (chatForm !== undefined) return unknownParameter('tool_choice.function');
  if (type !== 'function' && type !== 'custom') return undefined;
  const isThere = listOf(offered).some((tool) => objectOf(tool).name === name);
  const message = `Tool choice '${textOf(name)}' not found in 'tools' parameter.`;
  return isThere ? undefined : { message, param: 'tool_choice' };
};

const reasoning: Rule = ({ body, model: asked }) => {
  const { effort, summary } = objectOf(body.reasoning);
  const isAsked = listOf(body.include).includes('reasoning.encrypted_content');
  if (!isReasoning(asked)) {
    if (isGiven(effort)) return unsupportedParameter('reasoning.effort');
    if (isGiven(summary)) return unsupportedParameter('reasoning.summary');
    const message = 'Encrypted content is not supported with this model.';
    return isAsked && isKnown(asked) ? { message, param: 'include' } : undefined;
  }
  const known = effortsOf(asked);
  if (!isGiven(effort) || known.includes(textOf(effort))) return undefined;
  const supported = known.map((each) => `'${each}'`).join(', ');
  const message = `Unsupported value: '${textOf(effort)}' is not supported with the '${asked}' model. Supported values are: ${supported}.`;
  return { message, param: 'reasoning.effort', code: 'unsupported_value' };
};

/** Whether the model's name says that it is one of OpenAI's that do not reason. */
function isKnown(asked: string): boolean {
  return /^gpt-[34]/.test(asked);
}

const logprobs: Rule = ({ body, model: asked }) =>
  listOf(body.include).includes('message.output_text.logprobs') && isReasoning(asked)
    ? { message: 'logprobs are not supported with reasoning models.', param: 'include' }
    : undefined;

/** Only what is in the input counts: the instructions do not. */
const format: Rule = ({ body }) => {
  const wanted = objectOf(objectOf(body.text).format);
  if (wanted.type === 'json_object' && !saysJson(body.input)) {
    const message =
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
    return { message, param: 'input' };
  }
  if (wanted.type !== 'json_schema') return undefined;
  if (isJsonObject(wanted.json_schema)) return unknownParameter('text.format.json_schema');
  const { name, schema, strict } = wanted;
  const what = `response_format '${textOf(name)}'`;
  return (
    checkName('text.format.name', name) ??
    checkSchema(
      { what, param: 'text.format.schema', code: 'invalid_json_schema' },
      schema,
      strict === true,
    )
  );
};

/** What every server of the format insists on. */
export const foreignResponsesRules: readonly Rule[] = [input, responsePairs];

/** What OpenAI insists on in a response. */
export const responsesRules: readonly Rule[] = [
  model,
  knownModel(400),
  parameters,
  input,
  ranges,
  noSampling(['temperature', 'top_p', 'top_logprobs']),
  reasoning,
  logprobs,
  tools,
  toolChoice,
  format,
  ...responseItems,
];
