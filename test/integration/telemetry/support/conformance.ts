import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft7 from 'ajv/dist/refs/json-schema-draft-07.json' with { type: 'json' };
import {
  CONTENT_SCHEMAS,
  RULES,
  type RuleAttribute,
} from '../../../fixtures/telemetry/semconv-rules.js';
import type { SeenSpan } from './recording.js';

/** Names that are ours to choose: the conventions have none for a price, and the HTTP ones have the last. */
const OWN = [
  'gen_ai.usage.cost.amount',
  'gen_ai.usage.cost.currency',
  'gen_ai.usage.cost.source',
  'http.request.resend_count',
];
const COST_ALIASES = ['gen_ai.usage.cost', 'llm.cost.total', 'gen_ai.cost.total_cost'];

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addMetaSchema(draft7);
const validators = new Map<string, ValidateFunction>(
  Object.entries(CONTENT_SCHEMAS).map(([name, schema]) => [name, ajv.compile(schema)]),
);

/** What is wrong with content, by its schema; nothing where it is right. */
export function contentFaults(attribute: string, content: unknown): readonly string[] {
  const validate = validators.get(attribute);
  if (validate === undefined) return [`${attribute} has no schema`];
  if (validate(content)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

type Profile = keyof typeof RULES;

/** What is wrong with a CLIENT span, by the rules of a profile; nothing where it is right. */
export function spanFaults(span: SeenSpan, profile: Profile): readonly string[] {
  const operation = span.attributes['gen_ai.operation.name'];
  return [
    ...nameFaults(span, profile),
    ...(span.kind === 'CLIENT' ? [] : [`kind is ${span.kind}`]),
    ...statusFaults(span),
    ...strangers(span, profile),
    ...missing(span, profile, kindOf(operation)),
    ...wrongTypes(span, profile, kindOf(operation)),
    ...[...validators.keys()].flatMap((name) => {
      const content = span.attributes[name];
      if (content === undefined) return [];
      if (typeof content !== 'string') return [`${name} is no JSON text`];
      return contentFaults(name, JSON.parse(content));
    }),
  ];
}

function kindOf(operation: unknown): string {
  return operation === 'embeddings' || operation === 'fetch_response' ? operation : 'inference';
}

function nameFaults({ name, attributes }: SeenSpan, profile: Profile): readonly string[] {
  const operation = String(attributes['gen_ai.operation.name']);
  const faults: string[] = [];
  if (!RULES[profile].operations.includes(operation)) faults.push(`operation ${operation}`);
  const expected =
    operation === 'fetch_response'
      ? operation
      : `${operation} ${String(attributes['gen_ai.request.model'])}`;
  if (name !== expected) faults.push(`name is ${name}, not ${expected}`);
  if (!RULES[profile].providers.includes(String(attributes['gen_ai.provider.name']))) {
    faults.push(`provider ${String(attributes['gen_ai.provider.name'])}`);
  }
  return faults;
}

function statusFaults({ status, attributes }: SeenSpan): readonly string[] {
  const faults = status === 'OK' ? ['status is OK'] : [];
  const hasType = attributes['error.type'] !== undefined;
  return hasType === (status === 'ERROR')
    ? faults
    : [...faults, 'error.type without ERROR, or the other way'];
}

/** Attributes that nobody knows. Spans carry the names of both profiles, as telemetry.md says. */
function strangers({ attributes }: SeenSpan, profile: Profile): readonly string[] {
  const known = new Set([
    ...RULES[profile].attributes,
    ...RULES.latest.attributes,
    ...OWN,
    ...COST_ALIASES,
  ]);
  const isStranger = (name: string) => !known.has(name) && !name.startsWith('zerohop.');
  const dropped = 'gen_ai.usage.cache_creation.input_tokens';
  const faults = Object.keys(attributes)
    .filter(isStranger)
    .map((name) => `${name} is in no convention`);
  return profile === 'latest' && dropped in attributes ? [...faults, `${dropped} is gone`] : faults;
}

function rulesOf(span: SeenSpan, profile: Profile, kind: string): readonly RuleAttribute[] {
  const rule = RULES[profile].spans[kind];
  if (rule === undefined) return [];
  const isOpenai = span.attributes['gen_ai.provider.name'] === 'openai';
  return isOpenai ? [...rule.attributes, ...rule.openai] : rule.attributes;
}

/** What only some APIs have. */
const NOT_EVERYWHERE: readonly (readonly [test: RegExp, apis: RegExp])[] = [
  [/\.cache_(?:creation|write)\./, /^anthropic/],
  [/\.(?:frequency|presence)_penalty$|\.seed$/, /^openai (?:chat|text_completion)$/],
  [/\.stop_sequences$/, /chat$|text_completion$/],
  [/system_fingerprint$/, /^openai chat$/],
  [/^openai\.api\.type$/, /^openai (?:chat|responses|fetch_response)$/],
  [/\.cache_read\./, /(?:chat|responses)$/],
  // The body of what is passed through is not read.
  [/\.response\.(?:model|status|finish_reasons)$/, /(?:chat|responses|completion|embeddings)$/],
  [/\.top_k$/, /^anthropic/],
];

/** Required attributes, and those recommended without a condition, that are not there. */
function missing(span: SeenSpan, profile: Profile, kind: string): readonly string[] {
  const { attributes, status } = span;
  const isCutShort = attributes['zerohop.stream.outcome'] === 'aborted';
  const api = `${String(attributes['gen_ai.provider.name'])} ${apiOf(span)}`;
  return rulesOf(span, profile, kind)
    .filter(({ name, level, condition }) => {
      if (level === 'required') return true;
      if (level !== 'recommended' || condition !== undefined) return false;
      if (status === 'ERROR' && /\.(?:response|usage)\./.test(name)) return false;
      if (isCutShort && name.includes('.usage.')) return false;
      return NOT_EVERYWHERE.every(([test, apis]) => !test.test(name) || apis.test(api));
    })
    .filter(({ name }) => attributes[name] === undefined)
    .map(({ name, level }) => `${name} is ${level}, and missing`);
}

function apiOf({ attributes }: SeenSpan): string {
  const operation = String(attributes['gen_ai.operation.name']);
  const isResponses = operation === 'chat' && attributes['openai.api.type'] === 'responses';
  return isResponses ? 'responses' : operation;
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  int: (value) => Number.isInteger(value),
  double: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  'string[]': (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
};

function wrongTypes(span: SeenSpan, profile: Profile, kind: string): readonly string[] {
  return rulesOf(span, profile, kind)
    .filter(({ name, type, values, open }) => {
      const value = span.attributes[name];
      if (value === undefined) return false;
      if (values && open === false && !values.includes(String(value))) return true;
      return TYPES[type]?.(value) === false;
    })
    .map(({ name, type }) => `${name} is no ${type}: ${String(span.attributes[name])}`);
}
