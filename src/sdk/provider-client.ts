import { GatewayError } from '../pipeline/errors.js';
import { isSdkClient, type SdkClient } from './client-types.js';
import { type CloneOptions, refusal } from './clone-client.js';
import { asForeign, type ForeignClient, type SdkFamily } from './foreign-client.js';
import type { ProviderEndpoint } from './provider-endpoint.js';

/** A class of clients: both SDKs and all their majors take one object of options. */
type ClientClass = new (options: Record<string, unknown>) => object;

/** Stands where the SDK insists on a key and none is to be sent. */
const NO_KEY = 'none';

/** What tells the SDK's main class from those derived from it: the resources it carries as statics. */
const RESOURCE: Readonly<Record<SdkFamily, string>> = { openai: 'Chat', anthropic: 'Messages' };

/**
 * The main class of the SDK that a client is of (`OpenAI` for an `AzureOpenAI` or a user's own subclass,
 * whose constructors may take something else); `undefined` where the client has none of that kind.
 */
export function mainClassOf(
  client: SdkClient | undefined,
  family: SdkFamily,
): ClientClass | undefined {
  let found: ClientClass | undefined;
  let current: unknown = client?.constructor;
  while (typeof current === 'function' && current !== Function.prototype) {
    // A class that carries the SDK's resources is one of its own.
    if (Object.hasOwn(current, RESOURCE[family])) found = current as ClientClass;
    current = Object.getPrototypeOf(current);
  }
  return found;
}

/** The main class of an SDK as it is installed here. */
export async function installedClass(family: SdkFamily, target: string): Promise<ClientClass> {
  const name = family === 'openai' ? 'openai' : '@anthropic-ai/sdk';
  try {
    const loaded = family === 'openai' ? await import('openai') : await import('@anthropic-ai/sdk');
    // The default export of both is their main class.
    return loaded.default as unknown as ClientClass;
  } catch (error) {
    throw new GatewayError(
      `${target} is asked with ${name}, which cannot be loaded; install it: npm install ${name}`,
      { code: 'zerohop_config', cause: error },
    );
  }
}

/** What a client of a provider is made with. */
export interface ProviderClientOptions extends CloneOptions {
  readonly endpoint: ProviderEndpoint;
  readonly family: SdkFamily;
  /** Whose habits of logging it takes over: of the same SDK. */
  readonly like: SdkClient | undefined;
}

/**
 * A client for a provider that is known by name. Of the environment it has the provider's key and nothing
 * else: what the SDK reads there by itself (organisation, project, base URL, headers) belongs to the SDK's
 * own provider, and only that one gets it.
 *
 * @throws {@link GatewayError} `zerohop_config` that names the variable where there is no key
 */
export function makeProviderClient(
  Client: ClientClass,
  options: ProviderClientOptions,
): ForeignClient {
  const { endpoint, family, like, transport, mutesSpans } = options;
  const key = keyOf(endpoint);
  const headers: Record<string, string | null> = {
    ...(key === undefined && { authorization: null, 'x-api-key': null }),
    ...endpoint.headers,
  };
  const client = new Client({
    ...credentials(family, key ?? NO_KEY, endpoint),
    ...(endpoint.isSdksOwn !== true && { baseURL: baseURLOf(endpoint, family) }),
    ...(mutesSpans && family === 'anthropic' && { openTelemetry: false }),
    ...(like && { logger: Reflect.get(like, 'logger'), logLevel: like.logLevel }),
    dangerouslyAllowBrowser: like?._options?.dangerouslyAllowBrowser,
    defaultHeaders: headers,
    fetch: transport(undefined),
    maxRetries: 0,
  });
  if (!isSdkClient(client)) throw refusal(`${Client.name} does not make clients`);
  if (endpoint.isSdksOwn !== true) keepOwnHeaders(client, headers);
  return asForeign(client, endpoint.provider);
}

/** Every credential of the SDK's options is given, so that none is looked for in the environment. */
function credentials(
  family: SdkFamily,
  key: string,
  { isSdksOwn }: ProviderEndpoint,
): Record<string, unknown> {
  if (isSdksOwn) return { apiKey: key };
  // Others than Anthropic take their key as a bearer token, which `authToken` is in every version.
  if (family === 'anthropic') return { authToken: key, apiKey: null, webhookKey: null };
  return {
    apiKey: key,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
  };
}

/** The SDKs add headers from `OPENAI_CUSTOM_HEADERS` or `ANTHROPIC_CUSTOM_HEADERS`, which are for their own provider. */
function keepOwnHeaders(client: SdkClient, headers: Record<string, string | null>): void {
  const { _options: kept } = client;
  if (kept === undefined || !('defaultHeaders' in kept)) {
    throw refusal(`${client.constructor.name} does not keep its options`);
  }
  kept.defaultHeaders = headers;
}

function baseURLOf({ baseURL, anthropicBaseURL }: ProviderEndpoint, family: SdkFamily): string {
  if (family === 'openai') return baseURL;
  return anthropicBaseURL ?? baseURL.replace(/\/v1\/?$/, '');
}

function keyOf({ name, apiKey, apiKeyEnv, keyIsOptional }: ProviderEndpoint): string | undefined {
  if (apiKey !== undefined || apiKeyEnv === undefined) return apiKey;
  const key = process.env[apiKeyEnv]?.trim();
  if (key) return key;
  if (keyIsOptional) return undefined;
  throw new GatewayError(`${name}: the environment variable ${apiKeyEnv} is missing or empty`, {
    code: 'zerohop_config',
  });
}
