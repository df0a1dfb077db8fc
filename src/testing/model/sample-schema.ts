import { type JsonObject, listOf, numberOf, objectOf, textOf } from '../json.js';

/** Makes up a value that fits a JSON schema, always the same one. References into `$defs` are followed. */
export function sampleSchema(
  schema: unknown,
  root: JsonObject = objectOf(schema),
  depth = 0,
): unknown {
  const node = resolve(objectOf(schema), root);
  if (node.const !== undefined) return node.const;
  const choice = listOf(node.enum)[0] ?? node.default;
  if (choice !== undefined) return choice;
  const branch = listOf(node.anyOf)[0] ?? listOf(node.oneOf)[0] ?? listOf(node.allOf)[0];
  if (branch !== undefined) return sampleSchema(branch, root, depth + 1);
  return sampleType(node, root, depth);
}

function resolve(node: JsonObject, root: JsonObject): JsonObject {
  const reference = textOf(node.$ref);
  if (!reference.startsWith('#')) return node;
  const keys = reference.split('/').slice(1);
  return keys.reduce<JsonObject>((at, key) => objectOf(at[key]), root);
}

function sampleType(node: JsonObject, root: JsonObject, depth: number): unknown {
  const type = Array.isArray(node.type) ? node.type[0] : node.type;
  switch (type) {
    case 'string':
      return sampleString(node);
    case 'integer':
    case 'number':
      return numberOf(node.minimum, 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return depth > 8 ? [] : [sampleSchema(node.items, root, depth + 1)];
    default:
      return sampleObject(node, root, depth);
  }
}

function sampleString(node: JsonObject): string {
  if (node.format === 'date-time') return '2025-06-15T15:06:40Z';
  if (node.format === 'date') return '2025-06-15';
  if (node.format === 'email') return 'someone@example.com';
  return 'sample'.padEnd(numberOf(node.minLength, 0), '.');
}

function sampleObject(node: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = Object.entries(objectOf(node.properties));
  const kept = depth > 8 ? [] : properties;
  return Object.fromEntries(
    kept.map(([key, value]) => [key, sampleSchema(value, root, depth + 1)]),
  );
}
