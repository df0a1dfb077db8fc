import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { isReasoning } from './models.js';
import { firstOf, isGiven, type Refusal, type Rule } from './refusal.js';
import { contextOf, findFault, openaiLoose, openaiStrict } from './schema.js';

const NAME = /^[a-zA-Z0-9_-]+$/;
const MAX_NAME = 64;

/** Keywords that a function's parameters may not have at the top. */
const NOT_AT_TOP = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'];

/** Numbers and where they end. */
const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  temperature: [0, 2],
  top_p: [0, 1],
  frequency_penalty: [-2, 2],
  presence_penalty: [-2, 2],
  n: [1, 128],
  max_tokens: [1, Number.POSITIVE_INFINITY],
  max_completion_tokens: [1, Number.POSITIVE_INFINITY],
  max_output_tokens: [16, Number.POSITIVE_INFINITY],
  top_logprobs: [0, 20],
};

export function unknownParameter(param: string): Refusal {
  return { message: `Unknown parameter: '${param}'.`, param, code: 'unknown_parameter' };
}

export function missingParameter(param: string): Refusal {
  const message = `Missing required parameter: '${param}'.`;
  return { message, param, code: 'missing_required_parameter' };
}

export function unsupportedParameter(param: string): Refusal {
  const message = `Unsupported parameter: '${param}' is not supported with this model.`;
  return { message, param, code: 'unsupported_parameter' };
}

export function invalidType(param: string, expected: string, value: unknown): Refusal {
  const got = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a(n) ${typeof value}`;
  const message = `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`;
  return { message, param, code: 'invalid_type' };
}

export function invalidValue(param: string, value: unknown, known: readonly string[]): Refusal {
  const supported = known.map((name) => `'${name}'`).join(', ');
  const message = `Invalid value: '${String(value)}'. Supported values are: ${supported}.`;
  return { message, param, code: 'invalid_value' };
}

export function emptyArray(param: string): Refusal {
  const message = `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`;
  return { message, param, code: 'empty_array' };
}

/** Refuses a text that is longer than it may be. */
export function checkLength(param: string, value: unknown, most: number): Refusal | undefined {
  const { length } = textOf(value);
  if (length <= most) return undefined;
  const message = `Invalid '${param}': string too long. Expected a string with maximum length ${most}, but got a string with length ${length} instead.`;
  return { message, param, code: 'string_above_max_length' };
}

/** Refuses a name that no function may have. */
export function checkName(param: string, value: unknown): Refusal | undefined {
  if (typeof value !== 'string') return missingParameter(param);
  if (!NAME.test(value)) {
    const message = `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${NAME.source}'.`;
    return { message, param, code: 'invalid_value' };
  }
  return checkLength(param, value, MAX_NAME);
}

export const ranges: Rule = ({ body }) =>
  firstOf(Object.entries(RANGES), ([param, [least, most]]) => {
    const value = body[param];
    if (!isGiven(value)) return undefined;
    if (typeof value !== 'number') return invalidType(param, 'a number', value);
    if (value < least) {
      const message = `Invalid '${param}': number below minimum value. Expected a value >= ${least}, but got ${value} instead.`;
      return { message, param, code: 'integer_below_min_value' };
    }
    if (value <= most) return undefined;
    const message = `Invalid '${param}': number above maximum value. Expected a value <= ${most}, but got ${value} instead.`;
    return { message, param, code: 'decimal_above_max_value' };
  });

/** An unknown model: 404 of a chat completion, 400 of a response. */
export const knownModel =
  (status: 400 | 404): Rule =>
  ({ model, models }) => {
    if (models === undefined || model === '' || models.has(model)) return undefined;
    const code = 'model_not_found';
    return status === 404
      ? {
          status,
          message: `The model \`${model}\` does not exist or you do not have access to it.`,
          code,
        }
      : { message: `The requested model '${model}' does not exist.`, param: 'model', code };
  };

/** A model that reasons takes no parameter that steers its sampling. */
export const noSampling =
  (refused: readonly string[]): Rule =>
  ({ body, model }) => {
    if (!isReasoning(model) || isAtRest(body, model)) return undefined;
    return firstOf(refused, (param) => {
      const value = body[param];
      if (!isGiven(value) || value === false) return undefined;
      if (param !== 'temperature' && param !== 'top_p' && !param.endsWith('_penalty')) {
        return unsupportedParameter(param);
      }
      const usual = param.endsWith('_penalty') ? 0 : 1;
      if (value === usual) return undefined;
      const message = `Unsupported value: '${param}' does not support ${String(value)} with this model. Only the default (${usual}) value is supported.`;
      return { message, param, code: 'unsupported_value' };
    });
  };

/** Newer models can be told not to reason, and then take what others do. */
function isAtRest(body: JsonObject, model: string): boolean {
  const effort = body.reasoning_effort ?? objectOf(body.reasoning).effort;
  return /gpt-(?:5\.|6)/.test(model) && effort === 'none';
}

/** Refuses a schema that OpenAI would not take for a function or an answer. */
export function checkSchema(
  place: { readonly what: string; readonly param: string; readonly code?: string },
  schema: unknown,
  strict: boolean,
): Refusal | undefined {
  if (schema === undefined && !strict) return undefined;
  const head = `Invalid schema for ${place.what}: `;
  const { param, code = null } = place;
  if (!isJsonObject(schema) || schema.type !== 'object') {
    const type = isJsonObject(schema) ? textOf(schema.type, 'None') : 'None';
    const message = `${head}schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`;
    return { message, param, code };
  }
  if (code === 'invalid_function_parameters' && NOT_AT_TOP.some((key) => key in schema)) {
    const message = `${head}schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.`;
    return { message, param, code };
  }
  const fault = findFault(schema, (each) => (strict && openaiStrict(each)) || openaiLoose(each));
  if (fault === undefined) return undefined;
  return { message: `${head}In context=${contextOf(fault.path)}, ${fault.problem}`, param, code };
}

/** Only PDF files are read. */
export function checkFile(param: string, data: unknown): Refusal | undefined {
  const type = /^data:([^;,]*)/.exec(textOf(data).slice(0, 200))?.[1];
  if (type === undefined || type === 'application/pdf') return undefined;
  const message = `Invalid file data: '${param}'. Expected a base64-encoded data URL with an application/pdf MIME type (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), but got unsupported MIME type '${type}'.`;
  return { message, param, code: 'invalid_value' };
}

/** Only these images are read, from a URL or from here. */
export function checkImage(param: string, url: unknown): Refusal | undefined {
  const start = textOf(url).slice(0, 200);
  if (/^https?:\/\//i.test(start)) return undefined;
  if (/^data:image\/(?:png|jpe?g|gif|webp);base64,/i.test(start)) return undefined;
  if (start.startsWith('data:')) {
    const message =
      "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].";
    return { message, param, code: 'invalid_image_format' };
  }
  const message = `Invalid '${param}'. Expected a valid URL, but got a value with an invalid format.`;
  return { message, param, code: 'invalid_value' };
}

/** All the text in a list of messages or items, for the word that JSON mode wants. */
export function saysJson(messages: unknown): boolean {
  return JSON.stringify(typeof messages === 'string' ? messages : listOf(messages))
    .toLowerCase()
    .includes('json');
}
