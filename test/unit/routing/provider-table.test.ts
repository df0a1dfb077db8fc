import { describe, expect, it } from 'vitest';
import { isGatewayError } from '../../../src/pipeline/errors.js';
import { checkProviders, type OwnProviders } from '../../../src/routing/own-providers.js';
import { providerNamed, resolveTargetName } from '../../../src/routing/provider-table.js';

const KNOWN = [
  'openai',
  'anthropic',
  'gemini',
  'groq',
  'mistral',
  'deepseek',
  'xai',
  'together',
  'openrouter',
  'fireworks',
  'cerebras',
  'perplexity',
  'cohere',
  'nvidia',
  'huggingface',
  'ollama',
  'vllm',
  'lmstudio',
  'llamacpp',
];

/** What a refusal says; it must be the gateway's own, about its options. */
function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isGatewayError(error) && error.code === 'zerohop_config') return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('resolveTargetName', () => {
  it.each([
    ['groq/llama-3.3-70b-versatile', 'groq', 'llama-3.3-70b-versatile'],
    ['openrouter/anthropic/claude-sonnet-4.6', 'openrouter', 'anthropic/claude-sonnet-4.6'],
    ['fireworks/accounts/fireworks/models/kimi', 'fireworks', 'accounts/fireworks/models/kimi'],
    ['ollama/qwen3:8b', 'ollama', 'qwen3:8b'],
  ])('takes the first segment of %s for the provider', (text, provider, model) => {
    const resolved = resolveTargetName(text, undefined, 'gateway.fallbacks[0]');

    expect([resolved.provider.name, resolved.model]).toEqual([provider, model]);
  });

  it.each(['groq', 'groq/', '/model', ''])('refuses %j, and names what is known', (text) => {
    const message = refusalOf(() =>
      resolveTargetName(text, { mine: { baseURL: 'https://m' } }, 'at'),
    );

    expect(message).toMatch(/^at: must be 'provider\/model'; known providers are mine, openai, /);
    for (const name of KNOWN) expect(message).toContain(name);
  });

  it.each(['grok/grok-4', '__proto__/x', 'constructor/x'])('does not know %s', (text) => {
    expect(refusalOf(() => resolveTargetName(text, {}, 'at'))).toMatch(
      /^at: no provider of that name; known are openai, /,
    );
  });

  it.each([
    ['azure/gpt-5-mini', 'AzureOpenAI'],
    ['bedrock/anthropic.claude', 'AnthropicBedrock'],
    ['vertex/claude', 'AnthropicVertex'],
  ])('says what %s needs', (text, client) => {
    expect(refusalOf(() => resolveTargetName(text, undefined, 'at'))).toContain(`new ${client}(`);
  });

  it('prefers a provider of the user’s own', () => {
    const own: OwnProviders = { groq: { baseURL: 'https://groq.example/v1', apiKey: 'k' } };

    const { provider } = resolveTargetName('groq/m', own, 'at');

    expect(provider).toMatchObject({
      baseURL: 'https://groq.example/v1',
      provider: { name: 'groq' },
    });
  });
});

describe('the table', () => {
  it.each(KNOWN)('has a row for %s', (name) => {
    const { apiKeyEnv, dialects, provider } = providerNamed(name, undefined, 'at');

    expect(dialects.size).toBeGreaterThan(0);
    expect(provider.name).toMatch(/^[a-z_.]+$/);
    if (apiKeyEnv !== undefined) expect(apiKeyEnv).toMatch(/^[A-Z_]+$/);
  });

  it.each(KNOWN)('sends a key of %s over https only, or to this machine', (name) => {
    const { hostname, protocol } = new URL(providerNamed(name, undefined, 'at').baseURL);

    expect(hostname === '127.0.0.1' || protocol === 'https:').toBe(true);
  });

  it.each([
    ['gemini', 'gcp.gemini'],
    ['mistral', 'mistral_ai'],
    ['xai', 'x_ai'],
    ['nvidia', 'nvidia'],
    ['ollama', 'ollama'],
  ])('calls %s %s in telemetry', (name, provider) => {
    expect(providerNamed(name, undefined, 'at').provider.name).toBe(provider);
  });
});

describe('checkProviders', () => {
  it.each<[string, unknown]>([
    ['https', { baseURL: 'https://llm.example/v1', apiKeyEnv: 'MY_KEY' }],
    ['http on loopback', { baseURL: 'http://127.0.0.1:8000/v1' }],
    ['http on localhost', { baseURL: 'http://localhost:8000/v1' }],
    ['http on IPv6 loopback', { baseURL: 'http://[::1]:8000/v1' }],
    ['http where it is allowed', { baseURL: 'http://10.0.0.5/v1', allowHttp: true }],
    [
      'all there is',
      {
        baseURL: 'https://llm.example',
        apiKey: 'k',
        dialects: ['openai-chat', 'anthropic-messages'],
        headers: { 'x-team': 'search' },
      },
    ],
  ])('takes %s', (_what, provider) => {
    expect(() => checkProviders({ 'my-vllm': provider }, 'gateway.providers')).not.toThrow();
  });

  const base = 'https://llm.example/v1';
  it.each<[string, unknown, string]>([
    ['no base URL', {}, 'baseURL'],
    ['a base URL that is none', { baseURL: 'llm.example' }, 'baseURL'],
    ['another protocol', { baseURL: 'ftp://llm.example' }, 'baseURL'],
    ['http to another host', { baseURL: 'http://llm.example/v1' }, 'baseURL'],
    [
      'http to a host that looks like this one',
      { baseURL: 'http://127.0.0.1.evil.example' },
      'baseURL',
    ],
    ['a password in the URL', { baseURL: 'https://u:s3cret@llm.example' }, 'baseURL'],
    ['a query', { baseURL: 'https://llm.example?key=s3cret' }, 'baseURL'],
    ['a key and a variable', { baseURL: base, apiKey: 's3cret', apiKeyEnv: 'X' }, 'apiKeyEnv'],
    ['a key where a variable should be', { baseURL: base, apiKeyEnv: 'gsk_s3cret' }, 'apiKeyEnv'],
    ['an empty key', { baseURL: base, apiKey: '' }, 'apiKey'],
    ['an unknown dialect', { baseURL: base, dialects: ['grpc'] }, 'dialects[0]'],
    ['no dialect', { baseURL: base, dialects: [] }, 'dialects'],
    [
      'a header with a line break',
      { baseURL: base, headers: { a: 's3cret\r\nb: c' } },
      'headers.a',
    ],
    ['an unknown option', { baseURL: base, apikey: 's3cret' }, 'apikey'],
  ])('refuses %s by its path, and shows no value', (_what, provider, member) => {
    const message = refusalOf(() => checkProviders({ mine: provider }, 'gateway.providers'));

    expect(message.startsWith(`gateway.providers.mine.${member}: `)).toBe(true);
    expect(message).not.toContain('s3cret');
  });

  it.each(['a/b', '', '-x', 'a b'])('refuses %j as a name', (name) => {
    const providers = { [name]: { baseURL: base } };

    expect(refusalOf(() => checkProviders(providers, 'gateway.providers'))).toContain('a name has');
  });
});
