import { describe, expect, it } from 'vitest';
import { Listeners } from '../../../src/gateway/listeners.js';
import type { Logger } from '../../../src/pipeline/contract.js';

const change = { name: 'b', change: 'disabled' } as const;

function setUp(logger: Logger = {}) {
  const tracked: unknown[] = [];
  const listeners = new Listeners(logger, (work) => tracked.push(work));
  return { listeners, tracked };
}

describe('Listeners', () => {
  it('are told of events of their name, as often as they were added, until they are removed', () => {
    const { listeners } = setUp();
    const told: unknown[] = [];
    const note = (event: unknown) => void told.push(event);
    const removeOnce = listeners.add('target-changed', note);
    listeners.add('target-changed', note);
    listeners.add('settled', note);

    listeners.tell('target-changed', change);
    removeOnce();
    listeners.tell('target-changed', change);

    expect(told).toEqual([change, change, change]);
  });

  it('are known by the event they wait for', () => {
    const { listeners } = setUp();
    const remove = listeners.add('target-changed', () => undefined);

    expect([listeners.has('target-changed'), listeners.has('settled')]).toEqual([true, false]);
    remove();
    expect(listeners.has('target-changed')).toBe(false);
  });

  it('may fail without harm to anyone, a logger that fails included', () => {
    const errors: string[] = [];
    const { listeners } = setUp({
      error(message) {
        errors.push(message);
        throw new Error('full disk');
      },
    });
    const told: unknown[] = [];
    listeners.add('target-changed', () => {
      throw new Error('no');
    });
    listeners.add('target-changed', (event) => void told.push(event));
    listeners.tell('target-changed', change);

    expect(told).toEqual([change]);
    expect(errors).toEqual(['a target-changed listener threw']);
  });

  it('hand over what they do later', () => {
    const { listeners, tracked } = setUp();
    const work = Promise.resolve();
    listeners.add('target-changed', () => work);
    listeners.add('target-changed', () => 'nothing');
    listeners.tell('target-changed', change);

    expect(tracked).toEqual([work]);
  });

  it('cannot wait for an event that there is not', () => {
    const { listeners } = setUp();

    expect(() => listeners.add('toString' as 'settled', () => undefined)).toThrow(
      /^gateway\.on: no such event; there are settled, target-changed/,
    );
  });
});
