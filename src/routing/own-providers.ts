import type { DialectName } from '../dialects/dialect.js';
import { providerOfHost } from '../pipeline/known-providers.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isHeaders,
  isListOf,
  isOneOf,
  isPlainObject,
  isText,
  refuse,
} from '../pipeline/option-checks.js';
import type { ProviderEndpoint } from '../sdk/provider-endpoint.js';

/** A provider of the user's own, to be named in `'provider/model'`. */
export interface OwnProvider {
  /** As an OpenAI client takes it; an Anthropic client gets it without its `/v1`. https, or http on loopback. */
  readonly baseURL: string;
  /** Its key. Not beside `apiKeyEnv`; without either none is sent. */
  readonly apiKey?: string | undefined;
  /** Environment variable of its key, read when it is first used. */
  readonly apiKeyEnv?: string | undefined;
  /** The wire formats it speaks. @defaultValue `['openai-chat']` */
  readonly dialects?: readonly DialectName[] | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sends over http to a host that is not this machine: keys and prompts in the clear. @defaultValue false */
  readonly allowHttp?: boolean | undefined;
}

/** Providers by name; a name of the table is replaced. */
export type OwnProviders = Readonly<Record<string, OwnProvider>>;

const DIALECTS: readonly DialectName[] = [
  'openai-chat',
  'openai-responses',
  'openai-completions',
  'openai-embeddings',
  'anthropic-messages',
];

/** In upper case, so that a key that was put here by mistake is not taken for a name and shown as one. */
const isVariable: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[A-Z_][A-Z0-9_]*$/.test(value)) {
    refuse(path, 'must be the name of an environment variable, in upper case');
  }
};

const isOwnProvider = hasShape({
  baseURL: isText,
  apiKey: isText,
  apiKeyEnv: isVariable,
  dialects: isListOf(isOneOf(...DIALECTS)),
  headers: isHeaders,
  allowHttp: isBoolean,
});

/** Checks `providers`: names, URLs and members. */
export const checkProviders: Check = (value, path) => {
  isPlainObject(value, path);
  for (const [name, provider] of Object.entries(value)) {
    const at = `${path}.${name}`;
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
      refuse(at, 'a name has letters, digits, . _ and - only');
    isOwnProvider(provider, at);
    // isOwnProvider() looked at the members that are there.
    checkMembers(provider as Partial<OwnProvider>, at);
  }
};

function checkMembers(provider: Partial<OwnProvider>, path: string): void {
  const { baseURL, apiKey, apiKeyEnv, dialects, allowHttp = false } = provider;
  const url = baseURL === undefined ? null : URL.parse(baseURL);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    refuse(`${path}.baseURL`, 'must be an http or https URL');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    refuse(`${path}.baseURL`, 'must have no credentials, no query and no fragment');
  }
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url.hostname)) {
    refuse(
      `${path}.baseURL`,
      'must be https; `allowHttp: true` lets keys and prompts go in the clear',
    );
  }
  if (apiKey !== undefined && apiKeyEnv !== undefined) {
    refuse(`${path}.apiKeyEnv`, 'not beside apiKey');
  }
  if (dialects?.length === 0) refuse(`${path}.dialects`, 'must name at least one');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

/** A provider of the user's own, as a row of the table. */
export function ownEndpoint(name: string, provider: OwnProvider): ProviderEndpoint {
  const { baseURL, apiKey, apiKeyEnv, dialects = ['openai-chat'], headers } = provider;
  return {
    name,
    baseURL,
    apiKey,
    apiKeyEnv,
    headers,
    dialects: new Set(dialects),
    provider: providerOfHost(new URL(baseURL).host) ?? { name },
  };
}
