import { GatewayError } from '../../pipeline/errors.js';
import type { RedisClient } from '../../pipeline/limit-types.js';
import { type Check, refuse } from '../../pipeline/option-checks.js';
import { mendScript } from './bottleneck-lua.js';

/** What is used of a client of our own. */
export interface OwnClient extends RedisClient {
  duplicate(...args: unknown[]): OwnClient;
  defineCommand(name: string, definition: { readonly lua: string }): void;
  sendCommand(command: Command, ...rest: readonly unknown[]): unknown;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (argument: unknown) => void): unknown;
  disconnect(): void;
  readonly stream?: { unref?(): void };
}

interface Command {
  readonly args?: readonly unknown[];
  reject: (error: unknown) => void;
}

/** The part of the package `ioredis` that is used. */
interface RedisModule {
  readonly Redis: new (url: string, options: object) => OwnClient;
}

/**
 * One life, one connection: what was asked of a connection that broke is answered by an error at once, and
 * another connection is made by us.
 */
const OPTIONS = {
  lazyConnect: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: null,
  reconnectOnError: null,
  sentinelRetryStrategy: () => null,
  commandTimeout: undefined,
  disconnectTimeout: 100,
  stringNumbers: false,
  readOnly: false,
  monitor: false,
  scripts: undefined,
  protocol: 2,
};
const CLUSTER_OPTIONS = {
  lazyConnect: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  clusterRetryStrategy: () => null,
  scaleReads: 'master',
  scripts: undefined,
};

/** What a script of Bottleneck says where Redis has lost what it works with. */
const LOST_STATE = /^(?:ERR )?(SETTINGS_KEY_NOT_FOUND|UNKNOWN_CLIENT)\b/;

/** Checks `rateLimit.redis`. */
export const checkRedis: Check = (value, path) => {
  if (typeof value === 'string') {
    if (!/^rediss?:\/\//.test(value) || !URL.canParse(value)) {
      refuse(path, "must be a URL such as 'redis://localhost:6379', or a client of `ioredis`");
    }
    return;
  }
  if (isRedisClient(value)) return;
  const isOther = typeof value === 'object' && value !== null && 'sendCommand' in value;
  refuse(
    path,
    isOther
      ? 'must be a client of the package `ioredis` or a URL: Bottleneck, which shares the limits, never gets ready with a client of the package `redis`; pass `new Redis(url)` of `ioredis`, or the URL'
      : 'must be a client of the package `ioredis`, or a URL',
  );
};

/** Known by what it can do: clients of the package `redis` have no `defineCommand`. */
function isRedisClient(value: unknown): value is RedisClient {
  if (typeof value !== 'object' || value === null) return false;
  const { defineCommand, duplicate, status } = value as Partial<RedisClient>; // any object may be asked for any member
  return (
    typeof defineCommand === 'function' &&
    typeof duplicate === 'function' &&
    typeof status === 'string'
  );
}

/** Without a listener, an error that the user's client emits may end the process. Gives what takes ours away. */
export function listenWhereNobodyDoes(redis: RedisClient | string): () => void {
  if (typeof redis === 'string') return () => undefined;
  const { on, off, listenerCount } = redis as Partial<Emitter>; // any object may be asked for members
  if (listenerCount?.call(redis, 'error') !== 0) return () => undefined;
  const listener = (): void => undefined;
  on?.call(redis, 'error', listener);
  return () => void off?.call(redis, 'error', listener);
}

interface Emitter {
  on(event: 'error', listener: () => void): unknown;
  off(event: 'error', listener: () => void): unknown;
  listenerCount(event: 'error'): number;
}

let loading: Promise<RedisModule> | undefined;

/**
 * What makes connections of our own, of the user's client or to a URL; the user's client itself is not touched.
 *
 * @throws {@link GatewayError} `zerohop_config` where there is no `ioredis`
 */
export async function loadConnect(redis: RedisClient | string): Promise<() => OwnClient> {
  if (typeof redis !== 'string') return () => duplicateOf(redis);
  // Its types are those of one major.
  loading ??= import('ioredis') as unknown as Promise<RedisModule>;
  try {
    const { Redis } = await loading;
    return () => new Redis(redis, OPTIONS);
  } catch (cause) {
    loading = undefined;
    throw new GatewayError(
      'gateway.rateLimit.redis: the package `ioredis` could not be loaded; `npm install ioredis`, or pass a client of your own',
      { code: 'zerohop_config', cause },
    );
  }
}

function duplicateOf(redis: RedisClient): OwnClient {
  const client = redis as OwnClient; // isRedisClient() has seen that it is one of ioredis
  return 'nodes' in client ? client.duplicate([], CLUSTER_OPTIONS) : client.duplicate(OPTIONS);
}

/**
 * Mends a connection for Bottleneck, whose scripts it patches: Redis 7 puts `ERR ` before what they answer where
 * Redis has lost their state, and Bottleneck, which would heal, does not know it. `onStateLost` is told of which.
 */
export function mendClient(client: OwnClient, onStateLost: (id: string) => void): OwnClient {
  const { sendCommand, defineCommand, duplicate } = client;
  client.sendCommand = (command, ...rest) => {
    const { reject } = command;
    const rejectMended: typeof reject = (error) => {
      const [, lost] = (error instanceof Error && LOST_STATE.exec(error.message)) || [];
      if (lost && error instanceof Error) {
        error.message = lost;
        const id = /b_(.+)_settings$/.exec(String(command.args?.[2]))?.[1];
        if (lost === 'SETTINGS_KEY_NOT_FOUND' && id) onStateLost(id);
      }
      reject.call(command, error);
    };
    command.reject = rejectMended;
    return sendCommand.call(client, command, ...rest);
  };
  client.defineCommand = (name, definition) => {
    defineCommand.call(client, name, { ...definition, lua: mendScript(name, definition.lua) });
  };
  client.duplicate = (...args) => {
    const subscriber = duplicate.apply(client, args);
    const { unsubscribe } = subscriber;
    // Bottleneck does not wait for it, and a connection may break meanwhile.
    subscriber.unsubscribe = (...channels) =>
      unsubscribe.apply(subscriber, channels).catch(() => undefined);
    return letExit(subscriber);
  };
  return letExit(client);
}

/** A connection that nobody waits at must not keep the process alive, nor one that has ended. */
function letExit(client: OwnClient): OwnClient {
  const { disconnect } = client;
  client.on('connect', () => client.stream?.unref?.());
  client.disconnect = () => {
    // It would wait for the end of a socket that has ended.
    if (client.status !== 'end') disconnect.call(client);
  };
  return client;
}
