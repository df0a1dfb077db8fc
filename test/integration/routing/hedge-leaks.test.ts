import { getEventListeners } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from '../../contract/faults/harness/origin.js';
import { installPool, restorePool } from '../../contract/faults/harness/pool.js';
import { ProcessGuard } from '../../contract/faults/harness/process-guard.js';
import { DELAY_MS, hedgeClock, inFlight, setUp, useProviders } from './support/hedging.js';
import { wayOf } from './support/ways.js';

const providers = useProviders();
const CALLS = 1_000;
const AT_ONCE = 25;

/** How the first target of a call does, by turns. */
const faults = ['hang', 'hang;after=headers', 'hang;after=1', 'hang', 'hang;after=headers'];
/** Of so many calls one is given up by its caller. */
const ABORTED = 9;

/** A clock that knows how many timers are set. */
function countingClock() {
  const clock = hedgeClock();
  const timers = new Set<object>();
  const timer = (delayMs: number, callback: () => void) => {
    const entry = {};
    timers.add(entry);
    const stop = clock.timer(delayMs, () => {
      timers.delete(entry);
      callback();
    });
    return () => {
      timers.delete(entry);
      stop();
    };
  };
  return { ...clock, timer, timers };
}

afterAll(restorePool);

describe.each(['JSON, chat, openai 7', 'a stream, messages, anthropic 1'])(
  'a thousand hedged calls: %s',
  (name) => {
    it('leave nothing behind', async () => {
      const way = wayOf(name);
      const guard = new ProcessGuard();
      const pool = installPool();
      const clock = countingClock();
      const { signal } = new AbortController();
      // A body that came whole has answered, however its connection goes on.
      const faultOf = (call: number) => {
        const fault = faults[call % faults.length] ?? '';
        return way.isStream || fault !== 'hang;after=1' ? fault : 'hang;bytes=9';
      };
      const { ask, gateway, rows } = setUp(way, providers, { clock });
      for (let done = 0; done < CALLS; done += AT_ONCE) {
        const calls = Array.from({ length: AT_ONCE }, (_, index) => {
          providers.first.enqueue({ fault: faultOf(done + index) });
          const own = (done + index) % ABORTED === 0 ? new AbortController() : undefined;
          return { own, told: ask({ signal: own?.signal ?? signal }) };
        });
        for (const { told } of calls) told.catch(() => undefined);
        await until(() => providers.first.requests.length === done + AT_ONCE);
        for (const { own } of calls) own?.abort();
        clock.advance(DELAY_MS);
        await Promise.allSettled(calls.map(({ told }) => told));
      }

      expect(rows).toHaveLength(CALLS);
      const answered = rows.filter(({ target }) => target === 'second');
      expect(answered).toHaveLength(CALLS - Math.ceil(CALLS / ABORTED));
      expect(inFlight(gateway)).toEqual([0, 0]);
      expect(clock.timers.size).toBe(0);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      await until(() => providers.first.openSockets === 0);
      await pool.close();
      await until(() => providers.second.openSockets === 0);
      expect(await guard.stop()).toEqual([]);
    });
  },
);
