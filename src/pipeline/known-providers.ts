/** What is known of a provider that speaks one of our dialects. Nothing else about providers is kept by hand. */
export interface KnownProvider {
  /** `gen_ai.provider.name` of the OpenTelemetry GenAI conventions, or, where they have none, our own word. */
  readonly name: string;
  /** Sends usage on streams unasked, or refuses to be asked for it. */
  readonly usageUnasked?: true;
  /** Goes on with a last assistant message that has `prefix: true`, and says it again before what is new. */
  readonly takesPrefix?: true;
}

/** By host; a name that starts with a dot stands for every host that ends so. */
const BY_HOST: readonly (readonly [host: string, provider: KnownProvider])[] = [
  ['api.openai.com', { name: 'openai' }],
  ['.api.openai.com', { name: 'openai' }],
  ['api.anthropic.com', { name: 'anthropic' }],
  ['.openai.azure.com', { name: 'azure.ai.openai' }],
  ['.cognitiveservices.azure.com', { name: 'azure.ai.openai' }],
  ['.services.ai.azure.com', { name: 'azure.ai.inference' }],
  ['.amazonaws.com', { name: 'aws.bedrock' }],
  ['.aiplatform.googleapis.com', { name: 'gcp.vertex_ai' }],
  ['-aiplatform.googleapis.com', { name: 'gcp.vertex_ai' }],
  ['generativelanguage.googleapis.com', { name: 'gcp.gemini' }],
  ['api.groq.com', { name: 'groq', usageUnasked: true }],
  ['api.mistral.ai', { name: 'mistral_ai', usageUnasked: true, takesPrefix: true }],
  ['api.deepseek.com', { name: 'deepseek', usageUnasked: true }],
  ['api.x.ai', { name: 'x_ai' }],
  ['api.perplexity.ai', { name: 'perplexity', usageUnasked: true }],
  ['api.cohere.com', { name: 'cohere' }],
  ['api.cohere.ai', { name: 'cohere' }],
  ['api.cerebras.ai', { name: 'cerebras', usageUnasked: true }],
  ['openrouter.ai', { name: 'openrouter' }],
  ['api.together.xyz', { name: 'together' }],
  ['api.together.ai', { name: 'together' }],
  ['api.fireworks.ai', { name: 'fireworks' }],
  ['router.huggingface.co', { name: 'huggingface' }],
  ['integrate.api.nvidia.com', { name: 'nvidia' }],
];

/** By the class of a client, for those whose host is the user's own. */
const BY_CLASS: Readonly<Record<string, KnownProvider>> = {
  AzureOpenAI: { name: 'azure.ai.openai' },
  AnthropicBedrock: { name: 'aws.bedrock' },
  AnthropicBedrockMantle: { name: 'aws.bedrock' },
  BedrockOpenAI: { name: 'aws.bedrock' },
  AnthropicVertex: { name: 'gcp.vertex_ai' },
  AnthropicFoundry: { name: 'azure.ai.inference' },
};

const OPENAI: KnownProvider = { name: 'openai' };
const ANTHROPIC: KnownProvider = { name: 'anthropic' };

/**
 * Whose API this is, by the client's class, else the host; a host that is not known speaks for the one
 * whose dialect it talks.
 */
export function providerOf(host: string, className: string, path = ''): KnownProvider {
  const byClass = Object.hasOwn(BY_CLASS, className) ? BY_CLASS[className] : undefined;
  if (byClass) return byClass;
  const known = providerOfHost(host);
  if (known) return known;
  return className.startsWith('Anthropic') || path.includes('/messages') ? ANTHROPIC : OPENAI;
}

/** Hosts that were looked up: there are few, and each is asked for on every call. */
const lookedUp = new Map<string, KnownProvider | undefined>();
const MAX_LOOKED_UP = 1_000;

/** Whose API a host serves; `undefined` for a host nobody knows. */
export function providerOfHost(host: string): KnownProvider | undefined {
  const known = lookedUp.get(host);
  if (known !== undefined || lookedUp.has(host)) return known;
  const provider = findProvider(host);
  if (lookedUp.size < MAX_LOOKED_UP) lookedUp.set(host, provider);
  return provider;
}

/** Whose a target is, in a word: of hosts nobody knows each is taken for a provider of its own. */
export function ownerOf(
  { name }: KnownProvider,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const isGuess = name === 'openai' || name === 'anthropic';
  return !isGuess || providerOfHost(host) !== undefined ? name : `${host}:${port}`;
}

function findProvider(host: string): KnownProvider | undefined {
  const name = host.replace(/:\d+$/, '');
  const known = BY_HOST.find(([suffix]) =>
    /^[.-]/.test(suffix) ? name.endsWith(suffix) : name === suffix,
  );
  return known?.[1];
}
