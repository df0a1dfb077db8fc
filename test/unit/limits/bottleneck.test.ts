import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Bottleneck from 'bottleneck';
import { describe, expect, it, vi } from 'vitest';
import { beginAgainWith, loadBottleneck, mend } from '../../../src/limits/bottleneck.js';
import { HELD_FOR_MS, mendScript } from '../../../src/limits/shared/bottleneck-lua.js';

/** Private members of a limiter. */
const insides = (limiter: Bottleneck) =>
  (limiter as unknown as { _store: Record<string, unknown> })._store;

const luaOf = (name: string): string => {
  const require = createRequire(import.meta.url);
  const { payload } = require('bottleneck/lib/Scripts.js') as { payload: (name: string) => string };
  return payload(name);
};
const scripts = (
  createRequire(import.meta.url)('bottleneck/lib/Scripts.js') as { names: readonly string[] }
).names;

describe('the package bottleneck, of which more is known than it promises', () => {
  it('is the version that is known', () => {
    const path = createRequire(import.meta.url).resolve('bottleneck/package.json');
    expect(JSON.parse(readFileSync(path, 'utf8')).version).toBe('2.19.5');
  });

  it('keeps a local limiter in the fields that are mended', () => {
    const store = insides(new Bottleneck({ maxConcurrent: 1 }));

    expect(store.yieldLoop).toBeTypeOf('function');
    expect(store._nextRequest).toBeTypeOf('number');
  });

  it('keeps what a shared limiter begins with in the field that is mended', () => {
    // Where its state is makes no difference to this.
    const limiter = new Bottleneck({ reservoir: 7 });

    beginAgainWith(limiter, () => 3);

    expect(insides(limiter).storeOptions).toMatchObject({ reservoir: 3 });
  });

  it('knows of a job that stands in its queue', async () => {
    const limiter = new Bottleneck({ reservoir: 0 });
    limiter.schedule({ id: 'waits' }, () => Promise.resolve()).catch(() => undefined);

    await vi.waitFor(() => expect(limiter.jobStatus('waits')).toBe('QUEUED'));
    await limiter.stop();
  });
});

describe('a mended local limiter', () => {
  it('keeps nobody waiting after the wall clock was set back by an hour', async () => {
    const { now } = Date;
    const limiter = mend(new Bottleneck({ maxConcurrent: 1 }));
    await limiter.schedule(() => Promise.resolve());

    vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);

    await expect(limiter.schedule(() => Promise.resolve('runs'))).resolves.toBe('runs');
  });

  it('runs a job with one timer, its own', async () => {
    const setTimer = vi.spyOn(globalThis, 'setTimeout');
    const limiter = mend(new Bottleneck({ maxConcurrent: 1 }));

    await limiter.schedule(() => Promise.resolve());

    expect(setTimer).toHaveBeenCalledOnce();
  });

  it('is loaded once', () => {
    expect(loadBottleneck()).toBe(loadBottleneck());
  });
});

describe('the mended scripts', () => {
  it.each(scripts)('%s reads the clock of Redis, not that of the caller', (name) => {
    const lua = mendScript(name, luaOf(name));

    expect(lua).toContain("redis.call('time')");
    expect(lua).not.toContain('ARGV[1]');
  });

  it('take a slot for no longer than its process lives', () => {
    expect(mendScript('register', luaOf('register'))).toContain(
      `local expiration = tonumber(ARGV[num_static_argv + 3]) or ${HELD_FOR_MS}\n`,
    );
    const heartbeat = mendScript('heartbeat', luaOf('heartbeat'));
    expect(heartbeat.indexOf('hgetall')).toBeGreaterThan(heartbeat.indexOf('end\n'));
    expect(heartbeat.trimEnd().endsWith('process_tick(now, true)')).toBe(true);
  });

  it('fill a reservoir before something is taken of it or given back', () => {
    const lua = mendScript('increment_reservoir', luaOf('increment_reservoir'));
    const taken = lua.indexOf("redis.call('hincrby', settings_key, 'reservoir', incr)");

    expect(lua).toContain('math.max(0, math.min(incr, most - there))');
    expect(taken).toBeGreaterThan(lua.indexOf("process_tick(now, false)['reservoir']\n"));
    expect(lua.slice(taken)).toContain('return reservoir');
  });

  it.each(['register', 'heartbeat', 'increment_reservoir'])(
    'are refused where %s is another one',
    (name) => {
      expect(() => mendScript(name, 'return 1')).toThrow(/not the one that is known/);
    },
  );
});
