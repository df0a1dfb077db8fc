import { isObject, type JsonObject, text } from '../json.js';
import type { OutputFormat } from './canonical-request.js';
import type { Losses } from './losses.js';
import { flag, given } from './values.js';

/** Asks for any JSON, where a format of its own cannot. */
export const JSON_ONLY = 'Answer with one JSON object and with nothing else.';

/** OpenAI's form of an answer. `schemaIn` finds what names a schema: chat nests it, Responses does not. */
export function readJsonFormat(
  value: unknown,
  schemaIn: (value: JsonObject) => unknown,
  losses: Losses,
): OutputFormat | undefined {
  if (!isObject(value) || value.type === 'text') return undefined;
  if (value.type === 'json_object') return { type: 'json_object' };
  const format = schemaIn(value);
  if (value.type === 'json_schema' && isObject(format) && isObject(format.schema)) {
    return given({
      type: 'json_schema' as const,
      name: text(format.name) ?? 'answer',
      description: text(format.description),
      schema: format.schema,
      strict: flag(format.strict),
    });
  }
  losses.refuse('response_format');
  return undefined;
}
