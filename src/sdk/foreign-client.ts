import type { DialectName } from '../dialects/dialect.js';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import { GatewayError } from '../pipeline/errors.js';
import { type KnownProvider, ownerOf } from '../pipeline/known-providers.js';
import type { Operation } from '../pipeline/settlement.js';
import type { ErrorFactory } from '../pipeline/target.js';
import { type ClientMembers, isSdkClient, type SdkClient } from './client-types.js';
import { baseOf, type CloneOptions, cloneClient } from './clone-client.js';
import { type Place, placeOf } from './place.js';
import { sdkErrors } from './sdk-errors.js';
import type { OwnRequest } from './sdk-target.js';

/** The two kinds of SDK: what a client can be asked for, and under which paths. */
export type SdkFamily = 'openai' | 'anthropic';

/** A client that sends calls of others. */
export interface ForeignClient {
  /** A clone that sends through the gateway's transport; nobody else has it. */
  readonly client: SdkClient;
  readonly request: OwnRequest;
  readonly family: SdkFamily;
  /** The errors that its own SDK throws. */
  readonly errors: ErrorFactory;
  readonly place: Place;
  /** The `timeout` its owner gave it, in ms; `undefined` where it is the SDK's default. */
  readonly timeoutMs: number | undefined;
}

const PATHS: Readonly<Record<SdkFamily, ReadonlyMap<Operation, string>>> = {
  openai: new Map<Operation, string>([
    ['chat', '/chat/completions'],
    ['responses', '/responses'],
    ['completions', '/completions'],
    ['embeddings', '/embeddings'],
  ]),
  anthropic: new Map<Operation, string>([['messages', '/v1/messages']]),
};

const DIALECTS: Readonly<Record<SdkFamily, ReadonlySet<DialectName>>> = {
  openai: new Set<DialectName>([
    'openai-chat',
    'openai-responses',
    'openai-completions',
    'openai-embeddings',
  ]),
  anthropic: new Set<DialectName>(['anthropic-messages']),
};

/**
 * The path under which a client asks for an operation, whatever the caller's SDK used. Clients of clouds
 * make their own of it.
 *
 * @throws {@link GatewayError} `zerohop_no_target` where clients of this kind do not have it
 */
export function pathOf(operation: Operation, family: SdkFamily): string {
  const path = PATHS[family].get(operation);
  if (path !== undefined) return path;
  throw new GatewayError(`a client of the ${family} SDK cannot be asked for ${operation}`, {
    code: 'zerohop_no_target',
  });
}

const OPERATIONS: Readonly<Record<DialectName, Exclude<Operation, 'passthrough'>>> = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'openai-completions': 'completions',
  'openai-embeddings': 'embeddings',
  'anthropic-messages': 'messages',
};

/** What is asked for in a wire format. */
export function operationOf(dialect: DialectName): Exclude<Operation, 'passthrough'> {
  return OPERATIONS[dialect];
}

/** The wire formats that clients of a kind speak. */
export function dialectsOf(family: SdkFamily): ReadonlySet<DialectName> {
  return DIALECTS[family];
}

/** Which SDK a client is of, told by its resources. */
export function familyOf(client: SdkClient): SdkFamily | undefined {
  if ('chat' in client) return 'openai';
  return 'messages' in client ? 'anthropic' : undefined;
}

interface Known {
  readonly members: ClientMembers;
  readonly foreign: ForeignClient;
}

/** The clients of a target that its user made: each is cloned once, and forgotten with its owner. */
export class ForeignClients {
  readonly #options: CloneOptions;
  readonly #known = new WeakMap<object, Known>();

  constructor(options: CloneOptions) {
    this.#options = options;
  }

  /**
   * The clone of a client. One that is wrapped is taken for what it was made from: a target is no way
   * through another gateway.
   *
   * @throws {@link GatewayError} `zerohop_client` where it is no client of the SDKs, or cannot be cloned
   */
  of(given: unknown): ForeignClient {
    if (typeof given === 'object' && given !== null) {
      const seen = this.#known.get(given);
      if (seen && isAsKnown(given, seen)) return seen.foreign;
    }
    if (!isSdkClient(given)) {
      throw noClient(
        'must be a client of the OpenAI or Anthropic SDK, or a function that gives one',
      );
    }
    const base = baseOf(given);
    const known = this.#known.get(base);
    if (known && isAsKnown(base, known)) return known.foreign;
    const members = membersOf(base);
    const clone = known?.foreign.client ?? cloneClient(base, this.#options);
    for (const [name, value] of Object.entries(members)) {
      // A copy of the owner's options would have the old one.
      if (known && Reflect.get(known.members, name) !== value) Reflect.set(clone, name, value);
    }
    const foreign = asForeign(clone, placeOf(base).provider);
    this.#known.set(base, { members, foreign });
    return foreign;
  }
}

function membersOf(client: ClientMembers): ClientMembers {
  const { baseURL, apiKey, authToken, adminAPIKey, organization, project, timeout } = client;
  return { baseURL, apiKey, authToken, adminAPIKey, organization, project, timeout };
}

/** By name, one after another: each call pays for it. */
function isAsKnown(client: ClientMembers, { members }: Known): boolean {
  return (
    client.baseURL === members.baseURL &&
    client.apiKey === members.apiKey &&
    client.authToken === members.authToken &&
    client.adminAPIKey === members.adminAPIKey &&
    client.organization === members.organization &&
    client.project === members.project &&
    client.timeout === members.timeout
  );
}

/** A client of our own making, or a clone, as one that sends calls of others. */
export function asForeign(client: SdkClient, provider: KnownProvider): ForeignClient {
  const family = familyOf(client);
  if (family === undefined) {
    throw noClient(`${client.constructor.name} has neither \`chat\` nor \`messages\``);
  }
  // A timeout that no timer can represent would fire at once: it means none.
  if (!(client.timeout <= MAX_TIMER_MS)) client.timeout = MAX_TIMER_MS;
  // The SDK sends it then, the same on every attempt of a call.
  client.idempotencyHeader ??= 'Idempotency-Key';
  const place = placeOf(client);
  return {
    client,
    family,
    request: client.request.bind(client),
    errors: sdkErrors(client),
    place: { ...place, provider, owner: ownerOf(provider, place.address) },
    timeoutMs: client.timeout === defaultTimeout(client) ? undefined : client.timeout,
  };
}

function defaultTimeout(client: SdkClient): unknown {
  return Reflect.get(client.constructor, 'DEFAULT_TIMEOUT');
}

function noClient(why: string): GatewayError {
  return new GatewayError(`a target's client ${why}`, { code: 'zerohop_client' });
}
