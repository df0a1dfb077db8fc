/** How long a process may be silent before the slots it holds are taken from it, in ms. */
export const HELD_FOR_MS = 10_000;
/** How often it says that it is there, in ms. */
export const HEARTBEAT_MS = 2_500;

/** What is read in place of the caller's clock. It may be put back: then nothing is waited for until it has caught up. */
const REDIS_TIME = `local redis_time = redis.call('time')
local now = tonumber(redis_time[1]) * 1000 + math.floor(tonumber(redis_time[2]) / 1000)
local noted = redis.call('hmget', settings_key, 'lastReservoirIncrease', 'nextRequest')
if math.max(tonumber(noted[1]) or 0, tonumber(noted[2]) or 0) > now then
  redis.call('hmset', settings_key, 'lastReservoirIncrease', now, 'nextRequest', now)
end`;

/** Puts off the end of all jobs of the process that calls. */
const STILL_HERE = `local jobs = redis.call('hgetall', job_clients_key)
for i = 1, #jobs, 2 do
  if jobs[i + 1] == client then
    redis.call('zadd', job_expirations_key, 'XX', now + ${HELD_FOR_MS}, jobs[i])
  end
end
`;

/** What is there when somebody takes or gives is what has come back by then, and never more than there can be. */
const FILLED_FIRST = `local there = process_tick(now, false)['reservoir']
local most = tonumber(redis.call('hget', settings_key, 'reservoirIncreaseMaximum'))
if incr > 0 and most ~= nil then incr = math.max(0, math.min(incr, most - there)) end
`;

interface Mend {
  /** The script it is for. @defaultValue all */
  readonly script?: string;
  readonly from: string;
  readonly to: string;
}

const MENDS: readonly Mend[] = [
  // By the caller's clock, one process whose clock is wrong fills the reservoir, or stops all others.
  { from: 'local now = tonumber(ARGV[1])', to: REDIS_TIME },
  // A job holds its slot for as long as its process lives, and no longer, however long the job takes.
  {
    script: 'register',
    from: 'local expiration = tonumber(ARGV[num_static_argv + 3])',
    to: `local expiration = tonumber(ARGV[num_static_argv + 3]) or ${HELD_FOR_MS}`,
  },
  {
    script: 'heartbeat',
    from: 'process_tick(now, true)',
    to: `${STILL_HERE}process_tick(now, true)`,
  },
  // Filled afterwards, a full reservoir is full again whatever was taken of it; and given back is any amount.
  {
    script: 'increment_reservoir',
    from: "redis.call('hincrby', settings_key, 'reservoir', incr)",
    to: `${FILLED_FIRST}redis.call('hincrby', settings_key, 'reservoir', incr)`,
  },
];

/**
 * A Redis script of Bottleneck 2.19.5 without its faults.
 *
 * @throws where it is not the script that is known
 */
export function mendScript(name: string, lua: string): string {
  let mended = lua;
  for (const { script = name, from, to } of MENDS) {
    if (script !== name) continue;
    const place = mended.lastIndexOf(from);
    if (place < 0) throw new Error(`the script ${name} of bottleneck is not the one that is known`);
    mended = mended.slice(0, place) + to + mended.slice(place + from.length);
  }
  return mended;
}
