import type { DialectName } from '../dialects/dialect.js';
import { providerOfHost } from '../pipeline/known-providers.js';
import { refuse } from '../pipeline/option-checks.js';
import type { ProviderEndpoint } from '../sdk/provider-endpoint.js';
import { type OwnProviders, ownEndpoint } from './own-providers.js';

const CHAT: readonly DialectName[] = ['openai-chat'];
const OPENAI: readonly DialectName[] = [
  'openai-chat',
  'openai-responses',
  'openai-completions',
  'openai-embeddings',
];
/** What the servers one runs oneself have in common. */
const LOCAL: readonly DialectName[] = [...OPENAI, 'anthropic-messages'];

type Row = readonly [
  name: string,
  baseURL: string,
  apiKeyEnv: string | undefined,
  dialects: readonly DialectName[],
  more?: Partial<ProviderEndpoint>,
];

/** Base URLs, key variables and wire formats as the providers document them. */
const ROWS: readonly Row[] = [
  ['openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY', OPENAI, { isSdksOwn: true }],
  [
    'anthropic',
    'https://api.anthropic.com',
    'ANTHROPIC_API_KEY',
    ['anthropic-messages'],
    { isSdksOwn: true },
  ],
  [
    'gemini',
    'https://generativelanguage.googleapis.com/v1beta/openai/',
    'GEMINI_API_KEY',
    ['openai-chat', 'openai-embeddings'],
  ],
  ['groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY', ['openai-chat', 'openai-responses']],
  ['mistral', 'https://api.mistral.ai/v1', 'MISTRAL_API_KEY', CHAT],
  [
    'deepseek',
    'https://api.deepseek.com',
    'DEEPSEEK_API_KEY',
    ['openai-chat', 'anthropic-messages'],
    { anthropicBaseURL: 'https://api.deepseek.com/anthropic' },
  ],
  ['xai', 'https://api.x.ai/v1', 'XAI_API_KEY', ['openai-chat', 'openai-responses']],
  [
    'together',
    'https://api.together.ai/v1',
    'TOGETHER_API_KEY',
    ['openai-chat', 'openai-completions', 'openai-embeddings'],
  ],
  [
    'openrouter',
    'https://openrouter.ai/api/v1',
    'OPENROUTER_API_KEY',
    ['openai-chat', 'openai-responses', 'anthropic-messages'],
  ],
  [
    'fireworks',
    'https://api.fireworks.ai/inference/v1',
    'FIREWORKS_API_KEY',
    ['openai-chat', 'openai-responses', 'openai-completions', 'anthropic-messages'],
  ],
  ['cerebras', 'https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY', CHAT],
  // Its Responses are under another base URL (`/v1`).
  ['perplexity', 'https://api.perplexity.ai', 'PERPLEXITY_API_KEY', CHAT],
  [
    'cohere',
    'https://api.cohere.ai/compatibility/v1',
    'COHERE_API_KEY',
    ['openai-chat', 'openai-embeddings'],
  ],
  ['nvidia', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY', CHAT],
  ['huggingface', 'https://router.huggingface.co/v1', 'HF_TOKEN', CHAT],
  ['ollama', 'http://127.0.0.1:11434/v1', undefined, LOCAL],
  ['vllm', 'http://127.0.0.1:8000/v1', 'VLLM_API_KEY', LOCAL, { keyIsOptional: true }],
  ['lmstudio', 'http://127.0.0.1:1234/v1', undefined, LOCAL],
  ['llamacpp', 'http://127.0.0.1:8080/v1', undefined, LOCAL],
];

const TABLE: ReadonlyMap<string, ProviderEndpoint> = new Map(
  ROWS.map(([name, baseURL, apiKeyEnv, dialects, more]) => [
    name,
    {
      name,
      baseURL,
      apiKeyEnv,
      dialects: new Set(dialects),
      provider: providerOfHost(new URL(baseURL).host) ?? { name },
      ...more,
    },
  ]),
);

const BY_HOST: ReadonlyMap<string, ProviderEndpoint> = new Map(
  Array.from(TABLE.values(), (endpoint) => [new URL(endpoint.baseURL).host, endpoint]),
);

/** The wire formats of a client's SDK that are spoken at its host: Responses only where a known provider has them. */
export function spokenAt(
  host: string,
  dialects: ReadonlySet<DialectName>,
): ReadonlySet<DialectName> {
  const known = BY_HOST.get(host);
  if (known === undefined || known.dialects.has('openai-responses')) return dialects;
  return new Set([...dialects].filter((dialect) => dialect !== 'openai-responses'));
}

/** Providers that cannot be reached with a name and a key alone. */
const NEEDS_CLIENT: ReadonlyMap<string, string> = new Map([
  ['azure', 'needs an endpoint: use target({ client: new AzureOpenAI({ endpoint, … }), model })'],
  ['bedrock', 'needs its SDK: use target({ client: new AnthropicBedrock(), model })'],
  ['vertex', 'needs its SDK: use target({ client: new AnthropicVertex(), model })'],
]);

/** A target by its name. */
export interface NamedTarget {
  readonly provider: ProviderEndpoint;
  readonly model: string;
}

/**
 * Understands `'provider/model'`. Only the first segment is the provider: models have slashes of their own.
 *
 * @throws {@link GatewayError} `zerohop_config` with the option's path, and the names that are known
 */
export function resolveTargetName(
  text: string,
  own: OwnProviders | undefined,
  path: string,
): NamedTarget {
  const slash = text.indexOf('/');
  const model = text.slice(slash + 1);
  if (slash <= 0 || model === '') {
    refuse(path, `must be 'provider/model'; known providers are ${knownNames(own)}`);
  }
  return { provider: providerNamed(text.slice(0, slash), own, path), model };
}

/**
 * The provider of a name: one of the user's own, else one of the table.
 *
 * @throws {@link GatewayError} `zerohop_config` with the option's path, and the names that are known
 */
export function providerNamed(
  name: string,
  own: OwnProviders | undefined,
  path: string,
): ProviderEndpoint {
  const given = own !== undefined && Object.hasOwn(own, name) ? own[name] : undefined;
  if (given !== undefined) return ownEndpoint(name, given);
  const known = TABLE.get(name);
  if (known !== undefined) return known;
  const why = NEEDS_CLIENT.get(name);
  if (why !== undefined) refuse(path, `${name} ${why}`);
  refuse(path, `no provider of that name; known are ${knownNames(own)}`);
}

function knownNames(own: OwnProviders | undefined): string {
  return [...new Set([...Object.keys(own ?? {}), ...TABLE.keys()])].join(', ');
}
