import type { BudgetStore } from '../pipeline/budget-types.js';
import { GatewayError } from '../pipeline/errors.js';
import { fromParts, toAmount, toNumber, toParts } from './amount.js';

/** A client of `ioredis`, as far as it is used. */
export interface BudgetRedis {
  eval(script: string, keyCount: number, ...keysAndValues: (string | number)[]): Promise<unknown>;
  hmget(key: string, ...fields: string[]): Promise<unknown>;
  del(...keys: string[]): Promise<unknown>;
}

/** How long is known what was added last: an addition that is sent again after more than that counts twice. */
const KNOWN_FOR_MS = 86_400_000;

/**
 * Adds in whole units and 10^-12 of one, as Redis has floating point alone. An addition that its writer has
 * made before is left out.
 */
const ADD = `
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local now = redis.call('HMGET', KEYS[1], 'whole', 'parts')
local whole, parts = tonumber(now[1] or '0'), tonumber(now[2] or '0')
if tonumber(ARGV[1]) > last then
  whole, parts = whole + tonumber(ARGV[2]), parts + tonumber(ARGV[3])
  if parts >= 1e12 then whole, parts = whole + 1, parts - 1e12 end
  redis.call('HSET', KEYS[1], 'whole', string.format('%.0f', whole), 'parts', string.format('%.0f', parts))
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[5])
  if ARGV[4] ~= '' then redis.call('PEXPIREAT', KEYS[1], ARGV[4]) end
end
return { string.format('%.0f', whole), string.format('%.0f', parts) }`;

const SUM = `
local whole, parts = 0, 0
for _, key in ipairs(KEYS) do
  local now = redis.call('HMGET', key, 'whole', 'parts')
  whole, parts = whole + tonumber(now[1] or '0'), parts + tonumber(now[2] or '0')
end
return { string.format('%.0f', whole), string.format('%.0f', parts) }`;

/**
 * Amounts in Redis, for several processes: exact, with one atomic round trip for each addition.
 *
 * @param client of `ioredis`. With `maxRetriesPerRequest: 1` or so, it does not hold on to what cannot be sent
 * @throws {@link GatewayError} `zerohop_config` where it is none
 */
export function redisBudgetStore(client: BudgetRedis): BudgetStore {
  if (!isRedis(client)) {
    throw new GatewayError('redisBudgetStore: must be given a client of ioredis', {
      code: 'zerohop_config',
    });
  }
  listenWhereNobodyDoes(client);
  return {
    countsOnce: true,
    async add(key, amount, expiresAt, { writer, sequence }) {
      const { whole, parts } = toParts(toAmount(amount));
      const keys = [key, `${key}:by:${writer}`];
      const values = [sequence, whole, parts, expiresAt ?? '', KNOWN_FOR_MS];
      return read(await client.eval(ADD, keys.length, ...keys, ...values));
    },
    async get(key) {
      return read(await client.hmget(key, 'whole', 'parts'));
    },
    reset: (key) => client.del(key),
    async sum(keys) {
      return read(await client.eval(SUM, keys.length, ...keys));
    },
  };
}

function read(reply: unknown): number {
  if (!Array.isArray(reply)) throw new TypeError('a reply that is no amount');
  const [whole, parts] = reply.map((part: unknown) => Number(part ?? 0));
  return toNumber(fromParts({ whole: whole ?? 0, parts: parts ?? 0 }));
}

function isRedis(client: unknown): client is BudgetRedis {
  if (typeof client !== 'object' || client === null) return false;
  return ['eval', 'hmget', 'del'].every((name) => typeof Reflect.get(client, name) === 'function');
}

/** Without a listener, `ioredis` writes to the console what it emits. It rejects the same, and that is counted. */
function listenWhereNobodyDoes(client: object): void {
  const on: unknown = Reflect.get(client, 'on');
  const listenerCount: unknown = Reflect.get(client, 'listenerCount');
  if (typeof on !== 'function' || typeof listenerCount !== 'function') return;
  if (listenerCount.call(client, 'error') === 0) on.call(client, 'error', () => undefined);
}
