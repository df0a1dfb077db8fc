import { isObject, type JsonObject, list, text } from '../json.js';

/** Keywords that Claude's structured output enforces. The others become words, as Anthropic's own SDKs do it. */
const KEPT: ReadonlySet<string> = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'allOf', 'enum'],
  ...['const', 'default', 'description', 'title', '$ref', '$defs', 'definitions', '$schema'],
]);
/** Keywords that constrain nothing. */
const SILENT: ReadonlySet<string> = new Set(['$id', '$comment', 'examples']);
const FORMATS: ReadonlySet<unknown> = new Set([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'],
]);
/** Keywords whose value is a map of schemas. */
const MAPS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
/** Keywords whose value is a list of schemas. */
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);

/** A schema as Claude can enforce it. */
export interface StrictSchema {
  readonly schema: JsonObject;
  /** Whether something in it is only told, not enforced. */
  readonly isChanged: boolean;
}

/**
 * A schema as Claude can enforce it: every object in it is closed, and none holds itself. `undefined` where it is
 * not one of those.
 */
export function strictSchema(schema: JsonObject): StrictSchema | undefined {
  if (!isClosed(schema) || isRecursive(schema, schema, [])) return undefined;
  const fitting = new Fitting();
  const fitted = fitting.fit(schema);
  return { schema: fitted, isChanged: fitting.isChanged };
}

/** Whether no object in it takes members it does not name. */
function isClosed(schema: JsonObject): boolean {
  const { type, properties } = schema;
  const isAnObject = type === 'object' || list(type).includes('object') || isObject(properties);
  if (isAnObject && schema.additionalProperties !== false) return false;
  return childrenOf(schema).every(isClosed);
}

function childrenOf(schema: JsonObject): readonly JsonObject[] {
  return Object.entries(schema).flatMap(([key, value]) => {
    if (MAPS.has(key) && isObject(value)) return Object.values(value).filter(isObject);
    if (LISTS.has(key)) return list(value).filter(isObject);
    return key === 'items' && isObject(value) ? [value] : [];
  });
}

/** Whether a reference leads back to where it stands, or out of the document. */
function isRecursive(schema: JsonObject, root: JsonObject, open: readonly string[]): boolean {
  const reference = text(schema.$ref);
  if (reference !== undefined) {
    const target = open.includes(reference) ? undefined : resolve(reference, root);
    if (target === undefined || isRecursive(target, root, [...open, reference])) return true;
  }
  const { $defs: _, definitions: __, ...own } = schema;
  return childrenOf(own).some((child) => isRecursive(child, root, open));
}

/** What a reference of the form `#/$defs/name` means. */
function resolve(reference: string, root: JsonObject): JsonObject | undefined {
  const [hash, holder = '', name = '', ...rest] = reference.split('/');
  const definitions = hash === '#' && rest.length === 0 ? root[holder] : undefined;
  const found = isObject(definitions) ? definitions[decodeURIComponent(name)] : undefined;
  return isObject(found) ? found : undefined;
}

/** Turns what cannot be enforced into words. */
class Fitting {
  isChanged = false;

  fit(schema: JsonObject): JsonObject {
    const fitted: [string, unknown][] = [];
    const told: string[] = [];
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'oneOf') this.#change(fitted, 'anyOf', value);
      else if (isEnforced(key, value)) fitted.push([key, this.#fitValue(key, value)]);
      else if (!SILENT.has(key)) told.push(`${key}: ${JSON.stringify(value)}`);
    }
    if (told.length === 0) return Object.fromEntries(fitted);
    this.isChanged = true;
    const words = [text(schema.description) ?? [], `{${told.join(', ')}}`].flat().join('\n\n');
    return { ...Object.fromEntries(fitted), description: words };
  }

  #change(fitted: [string, unknown][], key: string, value: unknown): void {
    this.isChanged = true;
    fitted.push([key, this.#fitValue(key, value)]);
  }

  #fitValue(key: string, value: unknown): unknown {
    if (LISTS.has(key)) return list(value).map((each) => (isObject(each) ? this.fit(each) : each));
    if (!isObject(value)) return value;
    if (key === 'items') return this.fit(value);
    if (!MAPS.has(key)) return value;
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, each]) => [name, isObject(each) ? this.fit(each) : each]),
    );
  }
}

function isEnforced(key: string, value: unknown): boolean {
  if (key === 'format') return FORMATS.has(value);
  if (key === 'minItems') return value === 0 || value === 1;
  return KEPT.has(key);
}
