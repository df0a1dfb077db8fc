import { type JsonObject, listOf, objectOf } from '../json.js';
import { compatibleChatRules } from './chat-rules.js';
import { missingParameter } from './openai-rules.js';
import { firstOf, isGiven, type Refusal, type Rule } from './refusal.js';

const MAX_TOKEN = 100_257;

/** What servers of OpenAI's formats answer to a model they do not have. */
const UNKNOWN_MODEL: Readonly<Record<string, (model: string) => Refusal>> = {
  openai: (model) => ({
    status: 404,
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
    code: 'model_not_found',
  }),
  deepseek: (model) => ({
    message: `The supported API model names are not those you passed: ${model}.`,
    code: 'invalid_request_error',
  }),
  openrouter: (model) => {
    const message = `${model} is not a valid model ID`;
    return { message, json: { error: { message, code: 400 } } };
  },
  voyage: (model) => {
    const message = `Model ${model} is not supported.`;
    return { message, json: { detail: message } };
  },
};

const knownModel: Rule = ({ model, models, provider }) => {
  if (models === undefined || models.has(model)) return undefined;
  return (UNKNOWN_MODEL[provider] ?? UNKNOWN_MODEL.openai)?.(model);
};

const knownImageModel: Rule = ({ model, models }) =>
  models === undefined || model === '' || models.has(model)
    ? undefined
    : {
        message: `The model '${model}' does not exist.`,
        type: 'image_generation_user_error',
        param: 'model',
        code: 'invalid_value',
      };

/** Mistral checks a body's form first, and says so in a form of its own. */
const mistralTools: Rule = ({ body, provider }) => {
  if (provider !== 'mistral') return undefined;
  return firstOf(listOf(body.tools).map(objectOf), ({ type, function: called }, index) =>
    type === 'function' && called !== undefined ? undefined : mistralTool(type, index),
  );
};

function mistralTool(type: unknown, index: number): Refusal {
  const loc = ['body', 'tools', 'list[Tool]', index, 'type'];
  const message = "Input should be 'function'";
  const detail = [{ type: 'enum', loc, msg: message, input: type }];
  return { status: 422, message, json: { detail } };
}

const mistralAudio: Rule = ({ body, provider, model }) => {
  if (provider !== 'mistral' || model.includes('voxtral')) return undefined;
  const parts = listOf(body.messages).flatMap((message) => listOf(objectOf(message).content));
  if (!parts.some((part) => objectOf(part).type === 'input_audio')) return undefined;
  const message = 'Audio input is not enabled for this model';
  const type = 'invalid_request_invalid_args';
  const json: JsonObject = { object: 'error', message, type, param: null, code: '3051' };
  return { message, json };
};

const promptTokens: Rule = ({ body }) => {
  const tokens = listOf(body.prompt).flatMap((item) => (Array.isArray(item) ? item : [item]));
  const wrong = tokens.find((token) => typeof token === 'number' && token > MAX_TOKEN);
  if (wrong === undefined) return undefined;
  const message = `Invalid token in prompt: ${String(wrong)}. Minimum value is 0, maximum value is ${MAX_TOKEN} (inclusive).`;
  return { message };
};

const required =
  (param: string): Rule =>
  ({ body }) =>
    isGiven(body[param]) ? undefined : missingParameter(param);

/** What a server of the chat format insists on that is not OpenAI. */
export const foreignChatRules: readonly Rule[] = [
  ...compatibleChatRules,
  knownModel,
  mistralTools,
  mistralAudio,
];

export const completionsRules: readonly Rule[] = [knownModel, promptTokens];
export const embeddingsRules: readonly Rule[] = [required('model'), knownModel, required('input')];
export const imagesRules: readonly Rule[] = [knownImageModel];
