import { expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/pipeline/clock.js';
import { openKeyvStore } from '../../../src/stores/keyv-store.js';

const keyv = vi.hoisted(() => ({ imports: 0 }));
vi.mock('keyv', async (importOriginal) => {
  keyv.imports += 1;
  return importOriginal();
});

const options = { sizeOf: () => 1, clock: systemClock, logger: {} };
const notInstalled = () => Promise.reject(new Error('not installed'));

it('loads the package keyv when a value is stored', async () => {
  const store = openKeyvStore(options);

  await store.set('k', 'value', 60_000);

  expect(store.get('k')).toBe('value');
  expect(keyv.imports).toBe(1);
});

it('loads nothing before a value is stored, and once for all of them', async () => {
  const loadKeyv = vi.fn(notInstalled);
  const store = openKeyvStore({ ...options, loadKeyv });
  const miss = store.get('k');
  const loadsBefore = loadKeyv.mock.calls.length;

  await Promise.all([store.set('k', 'value', 60_000), store.set('l', 'value', 60_000)]);

  expect([miss, loadsBefore]).toEqual([undefined, 0]);
  expect(loadKeyv).toHaveBeenCalledTimes(1);
});

it('stores nothing in memory where keyv cannot be loaded', async () => {
  const store = openKeyvStore({ ...options, loadKeyv: notInstalled });

  const answers = [await store.set('k', 'value', 1_000), await store.delete('k')];

  expect([...answers, await store.clear()]).toEqual([false, false, false]);
  expect(store.get('k')).toBeUndefined();
  expect(store.counters.failures).toBe(3);
});

it('takes an adapter for a store that fails where keyv cannot be loaded', async () => {
  const store = openKeyvStore({ ...options, store: new Map(), loadKeyv: notInstalled });

  expect(await store.get('k')).toBeUndefined();
  expect(await store.set('k', 'text', 1_000)).toBe(false);
  expect(store.counters.failures).toBe(2);
});

it('leaves no rejection unhandled where keyv cannot be loaded and nobody asks the adapter', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);

  openKeyvStore({ ...options, store: new Map(), loadKeyv: notInstalled });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);

  expect(unhandled).not.toHaveBeenCalled();
});
