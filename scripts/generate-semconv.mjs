/**
 * `node scripts/generate-semconv.mjs [folder]`: reads the OpenTelemetry GenAI conventions as data
 * (default `../shared/telemetry`, which need not be there) and writes what the project keeps of them:
 *
 * - `src/telemetry/semconv.ts`: the names, units and buckets that the gateway emits. A name below that
 *   no profile of the conventions knows stops the script.
 * - `test/fixtures/telemetry/semconv-rules.ts`: what the conformance tests need: the attributes of each
 *   span, metric and event with their requirement levels, and the schemas of message content.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(root, '../shared/telemetry');
if (!existsSync(join(folder, 'semconv-genai.json'))) {
  console.error(`there are no conventions in ${folder}; nothing was written`);
  process.exit(1);
}
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const { profiles } = read('semconv-genai.json');
/** The profiles the gateway speaks, by the name its option has for them. */
const PROFILES = { 'v1.41': profiles.v1_41_1, latest: profiles.latest_main };

const ATTRIBUTES = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'server.address',
  'server.port',
  'error.type',
  'gen_ai.request.max_tokens',
  'gen_ai.request.temperature',
  'gen_ai.request.top_p',
  'gen_ai.request.top_k',
  'gen_ai.request.stop_sequences',
  'gen_ai.request.frequency_penalty',
  'gen_ai.request.presence_penalty',
  'gen_ai.request.seed',
  'gen_ai.request.choice.count',
  'gen_ai.request.reasoning.level',
  'gen_ai.request.previous_response.id',
  'gen_ai.request.stream',
  'gen_ai.request.encoding_formats',
  'gen_ai.embeddings.dimension.count',
  'gen_ai.output.type',
  'gen_ai.conversation.id',
  'gen_ai.prompt.name',
  'gen_ai.prompt.version',
  'gen_ai.response.id',
  'gen_ai.response.model',
  'gen_ai.response.finish_reasons',
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.usage.text.input_tokens',
  'gen_ai.usage.text.output_tokens',
  'gen_ai.usage.image.input_tokens',
  'gen_ai.usage.image.output_tokens',
  'gen_ai.usage.audio.input_tokens',
  'gen_ai.usage.audio.output_tokens',
  'gen_ai.token.type',
  'gen_ai.token.modality',
  'gen_ai.system_instructions',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.tool.definitions',
  'openai.api.type',
  'openai.request.service_tier',
  'openai.response.service_tier',
  'openai.response.system_fingerprint',
  'exception.type',
];
const EVENTS = ['gen_ai.client.inference.operation.details', 'gen_ai.client.operation.exception'];
/** The metrics of each profile. */
const METRICS = {
  'v1.41': [
    'gen_ai.client.operation.duration',
    'gen_ai.client.operation.time_to_first_chunk',
    'gen_ai.client.operation.time_per_output_chunk',
    'gen_ai.client.token.usage',
  ],
  latest: [
    'gen_ai.client.operation.duration',
    'gen_ai.client.inference.duration',
    'gen_ai.client.inference.time_to_first_chunk',
    'gen_ai.client.inference.time_per_output_chunk',
    'gen_ai.client.inference.usage.input_tokens',
    'gen_ai.client.inference.usage.output_tokens',
    'gen_ai.client.inference.usage.cache_read.input_tokens',
    'gen_ai.client.inference.usage.cache_write.input_tokens',
    'gen_ai.client.inference.usage.reasoning.output_tokens',
    'gen_ai.client.inference.operation.input_tokens',
    'gen_ai.client.inference.operation.output_tokens',
  ],
};
const SPANS = {
  'v1.41': {
    inference: ['span.gen_ai.inference.client', 'span.openai.inference.client'],
    embeddings: ['span.gen_ai.embeddings.client'],
  },
  latest: {
    inference: ['gen_ai.client.inference', 'openai.gen_ai.client.inference'],
    embeddings: ['gen_ai.embeddings.client'],
    fetch_response: ['gen_ai.fetch_response.client', 'openai.fetch_response.client'],
  },
};

/** Every attribute of a profile, wherever it stands. */
function attributesOf(profile) {
  const groups = ['spans', 'span_refinements', 'events', 'metrics'].flatMap((kind) =>
    Object.values(profile[kind] ?? {}),
  );
  const listed = groups.flatMap(({ attributes = [] }) => attributes.map(({ name }) => name));
  return new Set([...Object.keys(profile.registry), ...listed]);
}

const known = new Set(Object.values(PROFILES).flatMap((profile) => [...attributesOf(profile)]));
const strangers = ATTRIBUTES.filter((name) => !known.has(name));
if (strangers.length > 0) throw new Error(`not in the conventions: ${strangers.join(', ')}`);

const camel = (name) => name.replace(/[._]+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const keyOf = (name) => camel(name.replace(/^gen_ai\./, ''));
const HEAD =
  '// Generated by scripts/generate-semconv.mjs from the conventions as data. Do not edit.\n';

function compactMetric(name, { instrument, unit, brief, attributes, ...metric }) {
  const buckets = metric.explicit_bucket_boundaries;
  return {
    name,
    instrument,
    unit,
    description: brief,
    ...(metric.value_type && { valueType: metric.value_type }),
    ...(buckets && { buckets }),
    attributes: attributes.map((attribute) => attribute.name),
  };
}

function metricsOf(profileName) {
  return METRICS[profileName].map((name) => {
    const metric = PROFILES[profileName].metrics[name];
    if (metric === undefined) throw new Error(`${profileName} has no metric ${name}`);
    return compactMetric(name, metric);
  });
}

function constants() {
  const attributes = Object.fromEntries(ATTRIBUTES.map((name) => [keyOf(name), name]));
  const all = new Map(
    [...metricsOf('latest'), ...metricsOf('v1.41')].map((one) => [one.name, one]),
  );
  const metrics = Object.fromEntries(
    [...all].map(([name, { unit, description, buckets }]) => [
      camel(name.replace(/^gen_ai\.client\./, '')),
      { name, unit, description, ...(buckets && { buckets }) },
    ]),
  );
  return `${HEAD}
/** Attribute names of the GenAI conventions. */
export const ATTRIBUTES = ${JSON.stringify(attributes)} as const;

/** Event names of the GenAI conventions. */
export const EVENTS = ${JSON.stringify({ details: EVENTS[0], exception: EVENTS[1] })} as const;

/** Metrics of the GenAI conventions, of both profiles. */
export const METRICS = ${JSON.stringify(metrics)} as const;
`;
}

const compact = ({ name, type, requirement, enum: values, open_enum: open }) => ({
  name,
  type,
  level: requirement.level,
  ...(requirement.condition && { condition: requirement.condition }),
  ...(values && { values: [...new Set(values)], open: open === true }),
});

function rulesOf(profileName) {
  const profile = PROFILES[profileName];
  const spans = Object.entries(SPANS[profileName]).map(([kind, names]) => {
    const found = names.map((name) => profile.spans[name] ?? profile.span_refinements[name]);
    const [first, ...refinements] = found.map(({ attributes }) => attributes.map(compact));
    const own = new Set(first.map(({ name }) => name));
    const added = refinements.flat().filter(({ name }) => !own.has(name));
    return [kind, { kind: 'client', attributes: first, openai: added }];
  });
  return {
    operations: profile.registry['gen_ai.operation.name'].enum,
    providers: profile.registry['gen_ai.provider.name'].enum,
    attributes: [...attributesOf(profile)].filter((name) => !/^(?:mcp|aws|jsonrpc)\b/.test(name)),
    spans: Object.fromEntries(spans),
    metrics: metricsOf(profileName),
  };
}

/** A schema without what validates nothing. */
function bare(schema) {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== 'object' || schema === null) return schema;
  const silent = ['description', 'title', 'default'];
  return Object.fromEntries(
    Object.entries(schema)
      .filter(
        ([key, value]) => !(silent.includes(key) && typeof value !== 'object') && value !== null,
      )
      .map(([key, value]) => [key, bare(value)]),
  );
}

function rules() {
  const byProfile = Object.fromEntries(Object.keys(PROFILES).map((name) => [name, rulesOf(name)]));
  const schemas = {
    'gen_ai.system_instructions': bare(read('gen-ai-system-instructions.json')),
    'gen_ai.input.messages': bare(read('gen-ai-input-messages.json')),
    'gen_ai.output.messages': bare(read('gen-ai-output-messages.json')),
    'gen_ai.tool.definitions': bare(read('gen-ai-tool-definitions.json')),
  };
  return `${HEAD}
/** An attribute as a span of the conventions lists it. */
export interface RuleAttribute {
  readonly name: string;
  readonly type: string;
  readonly level: string;
  readonly condition?: string;
  readonly values?: readonly string[];
  readonly open?: boolean;
}

/** What the conventions say of one kind of span; \`openai\` is what OpenAI's refinement adds. */
export interface RuleSpan {
  readonly kind: string;
  readonly attributes: readonly RuleAttribute[];
  readonly openai: readonly RuleAttribute[];
}

export interface RuleMetric {
  readonly name: string;
  readonly instrument: string;
  readonly unit: string;
  readonly description: string;
  readonly valueType?: string;
  readonly buckets?: readonly number[];
  readonly attributes: readonly string[];
}

export interface Rules {
  readonly operations: readonly string[];
  readonly providers: readonly string[];
  readonly attributes: readonly string[];
  readonly spans: Readonly<Record<string, RuleSpan>>;
  readonly metrics: readonly RuleMetric[];
}

export const RULES: Readonly<Record<'v1.41' | 'latest', Rules>> = ${JSON.stringify(byProfile)};

/** JSON schemas of message content, by attribute. */
export const CONTENT_SCHEMAS: Readonly<Record<string, object>> = ${JSON.stringify(schemas)};
`;
}

const written = ['src/telemetry/semconv.ts', 'test/fixtures/telemetry/semconv-rules.ts'];
writeFileSync(join(root, written[0]), constants());
writeFileSync(join(root, written[1]), rules());
const { status } = spawnSync('npx', ['biome', 'check', '--write', ...written], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
