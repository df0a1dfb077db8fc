import { isObject, type JsonObject, list } from '../json.js';

/** Keywords that a function's arguments may not have at the top. */
const NOT_AT_TOP: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'enum', 'not']);
const NOT_STRICT = ['allOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentRequired'];
/** Keywords whose value is a map of schemas, a list of them, or one. */
const MAPS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);
const SINGLES: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'not']);

/** A schema as OpenAI takes it. */
export interface FittedSchema {
  readonly schema: JsonObject;
  /** Whether it says less than it did. */
  readonly isChanged: boolean;
  /** Whether OpenAI can be held to it: every object is closed, and all its members are required. */
  readonly canBeStrict: boolean;
}

/** Fits the schema of a function's arguments: of an object, with `properties`, and plain at the top. */
export function fitArguments(schema: JsonObject): FittedSchema {
  const own = Object.entries(schema).filter(([key]) => !NOT_AT_TOP.has(key));
  const fitted = withMembers({ type: 'object', ...Object.fromEntries(own) });
  const isChanged = own.length < Object.keys(schema).length;
  return { schema: fitted, isChanged, canBeStrict: isStrict(fitted) };
}

/** Fits the schema of an answer, which has to be an object; `undefined` where it cannot be one. */
export function fitAnswer(schema: JsonObject): FittedSchema | undefined {
  const { type } = schema;
  if (type !== undefined && type !== 'object') return undefined;
  if (type === undefined && !isObject(schema.properties)) return undefined;
  const fitted = withMembers({ ...schema, type: 'object' });
  return { schema: fitted, isChanged: false, canBeStrict: isStrict(fitted) };
}

/** The same schema, where objects and lists say what is in them, if only that it can be anything. */
function withMembers(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).map(([key, value]) => [key, fitValue(key, value)]);
  const { type } = schema;
  return {
    ...Object.fromEntries(entries),
    ...(type === 'object' && !isObject(schema.properties) && { properties: {} }),
    ...(type === 'array' && schema.items === undefined && { items: {} }),
  };
}

function fitValue(key: string, value: unknown): unknown {
  if (LISTS.has(key)) return list(value).map(fitOne);
  if (SINGLES.has(key)) return fitOne(value);
  if (!MAPS.has(key) || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fitOne(each)]));
}

function fitOne(value: unknown): unknown {
  return isObject(value) ? withMembers(value) : value;
}

function isStrict(schema: JsonObject): boolean {
  if (NOT_STRICT.some((key) => key in schema)) return false;
  const { type, properties, required } = schema;
  if (type === 'object' || list(type).includes('object') || isObject(properties)) {
    if (schema.additionalProperties !== false) return false;
    const names = isObject(properties) ? Object.keys(properties) : [];
    if (!names.every((name) => list(required).includes(name))) return false;
  }
  return Object.entries(schema).every(([key, value]) => {
    if (LISTS.has(key)) return list(value).every(isStrictOne);
    if (SINGLES.has(key)) return isStrictOne(value);
    return !MAPS.has(key) || !isObject(value) || Object.values(value).every(isStrictOne);
  });
}

function isStrictOne(value: unknown): boolean {
  return !isObject(value) || isStrict(value);
}
