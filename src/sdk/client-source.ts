import type { DialectName } from '../dialects/dialect.js';
import { GatewayError, isGatewayError } from '../pipeline/errors.js';
import type { Operation } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import type { CloneOptions } from './clone-client.js';
import {
  dialectsOf,
  type ForeignClient,
  ForeignClients,
  familyOf,
  type SdkFamily,
} from './foreign-client.js';
import { installedClass, mainClassOf, makeProviderClient } from './provider-client.js';
import type { ProviderEndpoint } from './provider-endpoint.js';
import { SdkTarget } from './sdk-target.js';

/** What a client is asked for. */
export interface ClientAsk<Call> {
  readonly call: Call;
  readonly operation: Operation;
  /** The caller's own client, as a target. */
  readonly caller: Target;
}

/** Where a target has its client from. */
export interface ClientSource<Call> {
  /** The wire formats its clients speak; `undefined` where only a call will tell. */
  readonly dialects: ReadonlySet<DialectName> | undefined;
  /** Throws, or rejects, with a {@link GatewayError}. */
  open(ask: ClientAsk<Call>): ForeignClient | Promise<ForeignClient>;
}

/** Gives a client for a call: one for each tenant, with a key of its own. */
export type ClientFactory<Call> = (call: Call) => object | Promise<object>;

/**
 * The client a user gave, or what gives one for a call. Each client is cloned once, as long as it lives.
 *
 * @throws {@link GatewayError} `zerohop_client` where it is neither
 */
export function givenClient<Call>(
  given: object | ClientFactory<Call>,
  options: CloneOptions,
): ClientSource<Call> {
  const clients = new ForeignClients(options);
  if (isFactory<Call>(given)) {
    return { dialects: undefined, open: ({ call }) => fromFactory(given, call, clients) };
  }
  // Now, not at the first call: a client that cannot be cloned is to be known at once.
  const { family } = clients.of(given);
  return { dialects: dialectsOf(family), open: () => clients.of(given) };
}

function isFactory<Call>(given: object): given is ClientFactory<Call> {
  return typeof given === 'function';
}

async function fromFactory<Call>(
  factory: ClientFactory<Call>,
  call: Call,
  clients: ForeignClients,
): Promise<ForeignClient> {
  let given: unknown;
  try {
    given = await factory(call);
  } catch (error) {
    // Its words may hold a secret: they are in the cause, and in no message.
    throw new GatewayError("a target's client function failed", {
      code: 'zerohop_client',
      cause: error,
    });
  }
  return clients.of(given);
}

/**
 * Clients for a provider known by name, made when they are first used: of the caller's own copy of the SDK
 * where that is the right one, else of the one that is installed.
 */
export function providerClient(
  endpoint: ProviderEndpoint,
  options: CloneOptions,
): ClientSource<unknown> {
  const made = new WeakMap<object, ForeignClient>();
  return {
    dialects: endpoint.dialects,
    async open({ operation, caller }) {
      const family: SdkFamily = operation === 'messages' ? 'anthropic' : 'openai';
      const like = caller instanceof SdkTarget ? caller.client : undefined;
      const Client = mainClassOf(like, family) ?? (await installedClass(family, endpoint.name));
      const known = made.get(Client);
      if (known) return known;
      const isLike = like !== undefined && familyOf(like) === family;
      const foreign = construct(endpoint, () =>
        makeProviderClient(Client, {
          ...options,
          endpoint,
          family,
          like: isLike ? like : undefined,
        }),
      );
      made.set(Client, foreign);
      return foreign;
    },
  };
}

function construct({ name }: ProviderEndpoint, make: () => ForeignClient): ForeignClient {
  try {
    return make();
  } catch (error) {
    if (isGatewayError(error)) throw error;
    throw new GatewayError(`${name}: its client could not be made`, {
      code: 'zerohop_client',
      cause: error,
    });
  }
}
