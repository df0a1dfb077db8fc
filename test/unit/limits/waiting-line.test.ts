import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { WaitingLine, type WaitOptions } from '../../../src/limits/waiting-line.js';
import { seededRandom } from '../routing/support/seeded-random.js';

/** What everybody waits for: so many of it are there. */
class Tokens {
  count = 0;
  /** How often somebody looked. */
  looks = 0;

  tryTake(): boolean {
    this.looks += 1;
    if (this.count <= 0) return false;
    this.count -= 1;
    return true;
  }
}

/** A line whose timers are counted, and never go off. */
function openLine() {
  const timers = new Set<() => void>();
  const tokens = new Tokens();
  const line = new WaitingLine((_, callback) => {
    timers.add(callback);
    return () => timers.delete(callback);
  });
  const want = { tryTake: () => tokens.tryTake(), waitMs: () => 10 };
  const wait = ({
    priority = 5,
    signal = new AbortController().signal,
  }: Partial<WaitOptions> = {}) => line.wait(want, { priority, signal });
  /** Gives so many tokens, and waits until they are taken. */
  const give = async (count: number) => {
    tokens.count += count;
    line.wake();
    await vi.waitFor(() => expect(tokens.count).toBe(0), { timeout: 10_000, interval: 1 });
  };
  const someoneLooks = () => vi.waitFor(() => expect(tokens.looks).toBeGreaterThan(0));
  return { line, timers, tokens, wait, give, someoneLooks };
}

describe('a line', () => {
  it('lets the more urgent through first, and those alike in the order they came', async () => {
    const { wait, give, someoneLooks } = openLine();
    const served: string[] = [];
    const stand = (name: string, priority: number) =>
      wait({ priority }).then(() => served.push(name));
    const all = [stand('first', 5)];
    await someoneLooks();
    all.push(stand('5a', 5), stand('9', 9), stand('0a', 0), stand('5b', 5), stand('0b', 0));
    await new Promise(setImmediate);

    for (const _ of all) await give(1);
    await Promise.all(all);

    // Who stands at the front is not sent back.
    expect(served).toEqual(['first', '0a', '0b', '5a', '5b', '9']);
  });

  it('keeps the order, however many can be served at once', async () => {
    const { wait, give } = openLine();
    const served: number[] = [];
    const all = Array.from({ length: 300 }, (_, index) => wait().then(() => served.push(index)));

    for (const count of [1, 2, 50, 7, 200, 40]) await give(count);
    await Promise.all(all);

    expect(served).toEqual(Array.from({ length: 300 }, (_, index) => index));
  });

  it('lets one go who gives up at once, and never serves it', async () => {
    const { line, tokens, wait, give, someoneLooks } = openLine();
    const given = [new AbortController(), new AbortController()];
    const served: string[] = [];
    const [first, second] = given.map(({ signal }, index) =>
      wait({ signal }).then(() => served.push(`gave up ${index}`)),
    );
    await someoneLooks();
    const patient = wait().then(() => served.push('waited'));

    for (const [index, controller] of given.entries())
      controller.abort(new Error(`enough ${index}`));
    const left = line.size;

    await expect(first).rejects.toThrow('enough 0');
    await expect(second).rejects.toThrow('enough 1');
    await give(1);
    await patient;
    expect([left, served, tokens.count]).toEqual([1, ['waited'], 0]);
  });

  it('lets nobody in whose call has ended already', async () => {
    const { line, wait } = openLine();

    await expect(wait({ signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over');

    expect(line.size).toBe(0);
  });

  it('sends all away when told to', async () => {
    const { line, timers, wait, someoneLooks } = openLine();
    const all = Array.from({ length: 50 }, () => wait());
    await someoneLooks();

    line.dismiss(new Error('closed'));

    const outcomes = await Promise.allSettled(all);
    expect(new Set(outcomes.map((outcome) => outcome.status))).toEqual(new Set(['rejected']));
    expect([line.size, timers.size]).toEqual([0, 0]);
  });

  it('leaves nothing of 10,000 who were served or gave up', async () => {
    const { line, timers, wait, give } = openLine();
    const random = seededRandom(7);
    const before = process.getActiveResourcesInfo().length;
    const controllers = Array.from({ length: 10_000 }, () => new AbortController());
    const all = controllers.map(({ signal }) =>
      wait({ signal, priority: Math.floor(random() * 10) }).then(
        () => 'served',
        () => 'gone',
      ),
    );

    const leaving = controllers.filter(() => random() < 0.5);
    for (const controller of leaving) controller.abort(new Error('enough'));
    await give(controllers.length - leaving.length);
    const outcomes = await Promise.all(all);

    expect(outcomes.filter((outcome) => outcome === 'gone')).toHaveLength(leaving.length);
    expect([line.size, timers.size]).toEqual([0, 0]);
    expect(controllers.flatMap(({ signal }) => getEventListeners(signal, 'abort'))).toEqual([]);
    await vi.waitFor(() =>
      expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before),
    );
  });

  it('forgets those who gave up, while others go on waiting', async () => {
    const { line, someoneLooks, wait, give } = openLine();
    const patient = [wait(), wait()];
    await someoneLooks();
    const refs: WeakRef<object>[] = [];
    for (let round = 0; round < 5; round += 1) {
      const controllers = Array.from({ length: 1_000 }, () => new AbortController());
      const leaving = controllers.map(({ signal }) => {
        const want = { tryTake: () => false, waitMs: () => undefined };
        refs.push(new WeakRef(want));
        return line.wait(want, { priority: 5, signal });
      });
      await new Promise((resolve) => setImmediate(resolve));
      for (const controller of controllers) controller.abort(new Error('enough'));
      await Promise.allSettled(leaving);
    }

    await vi.waitFor(() => {
      globalThis.gc?.();
      expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(2_500);
    });
    await give(2);
    await Promise.all(patient);
  });

  it('lets each go on where it came from, not where the one before it did', async () => {
    const { wait, give } = openLine();
    const storage = new AsyncLocalStorage<number>();
    const all = Array.from({ length: 50 }, (_, index) =>
      storage.run(index, async () => {
        await wait();
        return storage.getStore();
      }),
    );

    await give(50);

    expect(await Promise.all(all)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('keeps the process alive while somebody waits, and no longer', async () => {
    const begins = vi.spyOn(globalThis, 'setInterval');
    const ends = vi.spyOn(globalThis, 'clearInterval');
    const { wait, give, someoneLooks } = openLine();
    const waiting = wait();
    const [handle] = begins.mock.results.map(({ value }) => value as NodeJS.Timeout);
    const isHeld = handle?.hasRef();
    await someoneLooks();
    const endsBefore = ends.mock.calls.some(([ended]) => ended === handle);

    await give(1);
    await waiting;

    expect([isHeld, endsBefore]).toEqual([true, false]);
    expect(ends).toHaveBeenCalledWith(handle);
  });
});
