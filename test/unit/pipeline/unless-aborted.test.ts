import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { unlessAborted } from '../../../src/pipeline/unless-aborted.js';

describe('unlessAborted', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['an answer', async () => 'done'],
    ['a failure', () => Promise.reject(new Error('broken'))],
  ])('gives what the work comes to, and leaves no listener: %s', async (_, begin) => {
    const { signal } = new AbortController();
    const work = begin();

    const [given, own] = await Promise.allSettled([unlessAborted(work, signal), work]);

    expect(given).toEqual(own);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each(['before', 'meanwhile'])('ends with the reason of the signal (%s)', async (when) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    if (when === 'before') controller.abort(reason);
    const given = unlessAborted(new Promise(() => undefined), controller.signal);
    controller.abort(reason);

    await expect(given).rejects.toBe(reason);
  });

  it('takes the failure of work that nobody waits for any more', async () => {
    const work = Promise.withResolvers<never>();
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const given = unlessAborted(work.promise, AbortSignal.abort(new Error('enough')));

    await expect(given).rejects.toThrow('enough');
    work.reject(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));

    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
