import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionCustomTool,
  ChatCompletionFunctionTool,
} from 'openai/resources/chat/completions';
import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { chatMessages } from './chat-messages.js';
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

const PARAMETERS = {
  ...{ messages: 1, model: 1, audio: 1, frequency_penalty: 1, function_call: 1, functions: 1 },
  ...{ logit_bias: 1, logprobs: 1, max_completion_tokens: 1, max_tokens: 1, metadata: 1 },
  ...{ modalities: 1, moderation: 1, n: 1, parallel_tool_calls: 1, prediction: 1 },
  ...{ presence_penalty: 1, prompt_cache_key: 1, prompt_cache_options: 1 },
  ...{ prompt_cache_retention: 1, reasoning_effort: 1, response_format: 1, safety_identifier: 1 },
  ...{ seed: 1, service_tier: 1, stop: 1, store: 1, stream: 1, stream_options: 1 },
  ...{ temperature: 1, tool_choice: 1, tools: 1, top_logprobs: 1, top_p: 1, user: 1 },
  ...{ verbosity: 1, web_search_options: 1 },
} satisfies Record<keyof ChatCompletionCreateParamsBase, 1>;

const TOOL_MEMBERS = { type: 1, function: 1, custom: 1 } satisfies Record<
  keyof ChatCompletionFunctionTool | keyof ChatCompletionCustomTool,
  1
>;
const FUNCTION_MEMBERS = { name: 1, description: 1, parameters: 1, strict: 1 } satisfies Record<
  keyof ChatCompletionFunctionTool['function'],
  1
>;
const MAX_STOPS = 4;

const parameters: Rule = ({ body }) => {
  const unknown = unknownMember(body, PARAMETERS);
  return unknown === undefined ? undefined : unknownParameter(unknown);
};

const model: Rule = ({ body }) =>
  typeof body.model === 'string'
    ? undefined
    : { message: 'you must provide a model parameter', code: null };

/** Models that only complete a text. */
const speaks: Rule = ({ model: asked }) =>
  /instruct|^(?:davinci|babbage)/.test(asked)
    ? {
        status: 404,
        message:
          'This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?',
        param: 'model',
      }
    : undefined;

const messages: Rule = ({ body }) => {
  if (!Array.isArray(body.messages)) return missingParameter('messages');
  return body.messages.length === 0 ? emptyArray('messages') : undefined;
};

const tools: Rule = ({ body }) => {
  if (!isGiven(body.tools)) return undefined;
  if (!Array.isArray(body.tools)) return invalidType('tools', 'an array of objects', body.tools);
  if (body.tools.length === 0) return emptyArray('tools');
  return firstOf(body.tools, (tool, index) => checkTool(objectOf(tool), `tools[${index}]`));
};

function checkTool(tool: JsonObject, param: string): Refusal | undefined {
  const unknown = unknownMember(tool, TOOL_MEMBERS);
  if (unknown !== undefined) return unknownParameter(`${param}.${unknown}`);
  if (tool.type === 'custom') {
    return checkName(`${param}.custom.name`, objectOf(tool.custom).name);
  }
  if (!isJsonObject(tool.function)) return missingParameter(`${param}.function`);
  const { name, parameters: schema, strict } = tool.function;
  const stray = unknownMember(tool.function, FUNCTION_MEMBERS);
  if (stray !== undefined) return unknownParameter(`${param}.function.${stray}`);
  const what = `function '${textOf(name)}'`;
  return (
    checkName(`${param}.function.name`, name) ??
    checkSchema(
      { what, param: `${param}.function.parameters`, code: 'invalid_function_parameters' },
      schema,
      strict === true,
    )
  );
}

const onlyWithTools: Rule = ({ body }) => {
  if (isGiven(body.tools)) return undefined;
  const param = ['tool_choice', 'parallel_tool_calls'].find((name) => isGiven(body[name]));
  if (param === undefined) return undefined;
  const message = `Invalid value for '${param}': '${param}' is only allowed when 'tools' are specified.`;
  return { message, param };
};

const toolChoice: Rule = ({ body }) => {
  const { function: called, custom } = objectOf(body.tool_choice);
  const { name } = objectOf(called ?? custom);
  if (typeof name !== 'string') return undefined;
  const isThere = listOf(body.tools).some((tool) => {
    const { function: one, custom: other } = objectOf(tool);
    return objectOf(one ?? other).name === name;
  });
  const message = `Tool choice '${name}' not found in 'tools' parameter.`;
  return isThere ? undefined : { message, param: 'tool_choice' };
};

const stops: Rule = ({ body }) => {
  const { length } = listOf(body.stop);
  if (length <= MAX_STOPS) return undefined;
  const message = `Invalid 'stop': array too long. Expected an array with maximum length ${MAX_STOPS}, but got an array with length ${length} instead.`;
  return { message, param: 'stop', code: 'array_above_max_length' };
};

const outputBound: Rule = ({ body, model: asked }) => {
  if (!isGiven(body.max_tokens)) return undefined;
  if (isGiven(body.max_completion_tokens)) {
    const message =
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
    return { message, code: 'invalid_parameter_combination' };
  }
  if (!isReasoning(asked)) return undefined;
  const message =
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
  return { message, param: 'max_tokens', code: 'unsupported_parameter' };
};

const effort: Rule = ({ body, model: asked }) => {
  const { reasoning_effort: wanted, verbosity } = body;
  if (!isReasoning(asked)) {
    if (isGiven(wanted)) return unsupportedParameter('reasoning_effort');
    return isGiven(verbosity) && verbosity !== 'medium'
      ? unsupported('verbosity', verbosity, ['medium'])
      : undefined;
  }
  const known = effortsOf(asked);
  return isGiven(wanted) && !known.includes(textOf(wanted))
    ? unsupported('reasoning_effort', wanted, known)
    : undefined;
};

function unsupported(param: string, value: unknown, known: readonly string[]): Refusal {
  const supported = known.map((name) => `'${name}'`).join(', ');
  const message = `Unsupported value: '${param}' does not support '${String(value)}' with this model. Supported values are: ${supported}.`;
  return { message, param, code: 'unsupported_value' };
}

const format: Rule = ({ body, model: asked }) => {
  const wanted = objectOf(body.response_format);
  const param = 'response_format';
  if (wanted.type === 'json_object') {
    if (asked.includes('audio')) {
      const message = `Invalid parameter: 'response_format' of type 'json_object' is not supported with this model.`;
      return { message, param };
    }
    if (saysJson(body.messages)) return undefined;
    const message = `'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.`;
    return { message, param: 'messages' };
  }
  if (wanted.type !== 'json_schema') return undefined;
  const { name, schema, strict } = objectOf(wanted.json_schema);
  return (
    checkName('response_format.json_schema.name', name) ??
    checkSchema({ what: `response_format '${textOf(name)}'`, param }, schema, strict === true)
  );
};

const logprobs: Rule = ({ body }) =>
  isGiven(body.top_logprobs) && body.logprobs !== true
    ? {
        message: "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        param: 'top_logprobs',
      }
    : undefined;

const streamOptions: Rule = ({ body }) =>
  isGiven(body.stream_options) && body.stream !== true
    ? {
        message: "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        param: 'stream_options',
      }
    : undefined;

const search: Rule = ({ body, model: asked }) =>
  isGiven(body.web_search_options) && !asked.includes('search')
    ? {
        message: 'Web search options not supported with this model.',
        param: 'web_search_options',
      }
    : undefined;

/** An answer that is spoken cannot be ended by a text. */
const spoken: Rule = ({ body }) =>
  listOf(body.modalities).includes('audio') && isGiven(body.stop)
    ? {
        message:
          'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
      }
    : undefined;

/** What every server of the format insists on. */
export const compatibleChatRules: readonly Rule[] = [messages, ...chatMessages('any')];

/** What OpenAI insists on in a chat completion. */
export const chatRules: readonly Rule[] = [
  model,
  knownModel(404),
  speaks,
  messages,
  parameters,
  ranges,
  tools,
  onlyWithTools,
  toolChoice,
  stops,
  noSampling([
    'stop',
    'temperature',
    'top_p',
    'frequency_penalty',
    'presence_penalty',
    'logprobs',
    'top_logprobs',
    'logit_bias',
  ]),
  outputBound,
  effort,
  format,
  logprobs,
  streamOptions,
  search,
  spoken,
  ...chatMessages('openai'),
];
