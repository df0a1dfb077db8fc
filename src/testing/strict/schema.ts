import { isJsonObject, type JsonObject, listOf } from '../json.js';

/** A place in a JSON schema, and what is wrong there. */
export interface SchemaFault {
  readonly path: readonly string[];
  readonly problem: string;
}

/** Says what is wrong with one schema inside another, if anything. */
type Check = (schema: JsonObject) => string | undefined;

/** Finds the first fault in a schema and in all that it holds. */
export function findFault(
  schema: JsonObject,
  check: Check,
  path: readonly string[] = [],
): SchemaFault | undefined {
  const problem = check(schema);
  if (problem !== undefined) return { path, problem };
  for (const [place, child] of childrenOf(schema)) {
    const fault = findFault(child, check, [...path, ...place]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function childrenOf(schema: JsonObject): readonly (readonly [readonly string[], JsonObject])[] {
  return Object.entries(schema).flatMap(([key, value]) => {
    if (['properties', '$defs', 'definitions'].includes(key) && isJsonObject(value)) {
      return Object.entries(value).flatMap(([name, child]) => placed([key, name], child));
    }
    if (['anyOf', 'oneOf', 'allOf', 'prefixItems'].includes(key)) {
      return listOf(value).flatMap((child, index) => placed([key, String(index)], child));
    }
    return key === 'items' || key === 'additionalProperties' ? placed([key], value) : [];
  });
}

function placed(path: readonly string[], value: unknown) {
  return isJsonObject(value) ? [[path, value] as const] : [];
}

export function isObjectSchema({ type, properties }: JsonObject): boolean {
  return type === 'object' || listOf(type).includes('object') || isJsonObject(properties);
}

const NOT_STRICT = ['allOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentRequired'];

/** OpenAI's `strict`: closed objects, all of whose members are required. */
export function openaiStrict(schema: JsonObject): string | undefined {
  const refused = NOT_STRICT.find((key) => key in schema);
  if (refused !== undefined) return `'${refused}' is not permitted.`;
  if (!isObjectSchema(schema)) return undefined;
  if (schema.additionalProperties !== false) {
    return "'additionalProperties' is required to be supplied and to be false.";
  }
  const properties = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
  const missing = properties.find((name) => !listOf(schema.required).includes(name));
  return missing === undefined
    ? undefined
    : `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
}

/** What OpenAI asks of a function that is not strict. */
export function openaiLoose(schema: JsonObject): string | undefined {
  if (schema.type === 'object' && !isJsonObject(schema.properties)) {
    return 'object schema missing properties.';
  }
  return schema.type === 'array' && schema.items === undefined
    ? 'array schema missing items.'
    : undefined;
}

const CLAUDE_TYPES: Readonly<Record<string, readonly string[]>> = {
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  string: ['minLength', 'maxLength'],
  array: ['maxItems', 'uniqueItems', 'contains', 'prefixItems'],
  object: ['patternProperties', 'minProperties', 'maxProperties'],
};

/** What Anthropic's structured output can enforce. */
export function claudeStrict(schema: JsonObject): string | undefined {
  if (isObjectSchema(schema) && schema.additionalProperties !== false) {
    return "For 'object' type, 'additionalProperties' must be explicitly set to false";
  }
  if ('oneOf' in schema) return "Schema type 'oneOf' is not supported";
  const minItems = schema.minItems;
  if (typeof minItems === 'number' && minItems > 1) {
    return "For 'array' type, 'minItems' values other than 0 or 1 are not supported";
  }
  for (const type of Object.keys(CLAUDE_TYPES)) {
    if (schema.type !== type && !listOf(schema.type).includes(type)) continue;
    const refused = CLAUDE_TYPES[type]?.find((key) => key in schema);
    if (refused !== undefined) return `For '${type}' type, property '${refused}' is not supported`;
  }
  return undefined;
}

/** A path as OpenAI writes it: `('properties', 'city')`. */
export function contextOf(path: readonly string[]): string {
  return `(${path.map((name) => `'${name}'`).join(', ')})`;
}
