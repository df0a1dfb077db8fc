import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { toAmount, toNumber } from '../../../src/budgets/amount.js';
import { Ledger, type Told } from '../../../src/budgets/ledger.js';
import { memoryBudgetStore } from '../../../src/budgets/memory-budget-store.js';
import { StoreLink } from '../../../src/budgets/store-link.js';
import type { BudgetStore } from '../../../src/pipeline/budget-types.js';
import { handClock } from '../../support/quick-clock.js';
import { type Fate, remoteStore } from './support/remote-store.js';

const TIMEOUT_MS = 100;

function open(store: BudgetStore) {
  const clock = handClock();
  const warn = vi.fn();
  const link = new StoreLink({ store, timeoutMs: TIMEOUT_MS, clock, logger: { warn } });
  return { clock, warn, link, ledger: new Ledger(link, 'k', undefined) };
}

/** What is added, and what the total is said to be right after. */
async function told(total: Told<bigint>): Promise<number | undefined> {
  const amount = await total;
  return amount === undefined ? undefined : toNumber(amount);
}

/** Until all that can happen by itself has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('additions to a ledger', () => {
  it('are told at once where the store is memory', () => {
    const { ledger } = open(memoryBudgetStore());

    expect(ledger.add(toAmount(2))).toBe(toAmount(2));
    expect(ledger.add(toAmount(3))).toBe(toAmount(5));
  });

  it('go together where one is under way, and each hears the total right after its own', async () => {
    const store = remoteStore();
    const { ledger } = open(store);
    const totals = await Promise.all([1, 2, 3, 4].map((one) => told(ledger.add(toAmount(one)))));

    expect(totals).toEqual([1, 3, 6, 10]);
    expect(store.asked).toEqual(['add 1', 'add 9']);
  });

  it('hear of what others have added', async () => {
    const store = remoteStore();
    const { ledger } = open(store);
    void store.add('k', 100, undefined, { writer: 'other', sequence: 1 });

    expect(await told(ledger.add(toAmount(1)))).toBe(101);
  });

  it('hear nothing from a store that fails, and are kept', async () => {
    const store = remoteStore();
    store.fate = 'refuses';
    const { ledger } = open(store);

    expect(await told(ledger.add(toAmount(1)))).toBeUndefined();
    expect(toNumber(ledger.total)).toBe(1);
  });

  it('do not wait for longer than the deadline', async () => {
    const store = remoteStore();
    store.fate = 'hangs';
    const { ledger, clock, link } = open(store);
    const both = Promise.all([told(ledger.add(toAmount(1))), told(ledger.add(toAmount(2)))]);
    clock.advance(TIMEOUT_MS);

    expect(await both).toEqual([undefined, undefined]);
    expect(link.counters).toMatchObject({ timeouts: 1, failures: 0 });
  });

  it('are sent once a store is back, together, without a call', async () => {
    const store = remoteStore();
    store.fate = 'refuses';
    const { ledger, clock } = open(store);
    for (const one of [1, 2, 3]) await told(ledger.add(toAmount(one)));
    store.fate = 'answers';
    clock.advance(1_000);
    await settle();

    expect(store.totals.get('k')).toBe(6);
  });

  it.each<Fate>(['breaks', 'hangs'])('count once where the store %s and does it', async (fate) => {
    const store = remoteStore();
    store.fate = fate;
    const { ledger, clock } = open(store);
    const first = told(ledger.add(toAmount(1)));
    await settle();
    clock.advance(TIMEOUT_MS);
    await first;
    store.fate = 'answers';
    clock.advance(1_000);
    await settle();
    store.answerAll();
    await settle();

    expect(store.totals.get('k')).toBe(1);
    expect(store.asked).toEqual(['add 1', 'add 1']);
  });

  it('are not taken for answered where an answer comes that is not theirs', async () => {
    const store = remoteStore();
    store.fate = 'hangs';
    const { ledger, clock } = open(store);
    const first = told(ledger.add(toAmount(1)));
    clock.advance(TIMEOUT_MS);
    await first;
    store.fate = 'answers';
    clock.advance(1_000);
    await settle();
    store.fate = 'hangs';
    const second = told(ledger.add(toAmount(2)));
    store.answerFirst();
    await settle();
    expect(toNumber(ledger.unconfirmed)).toBe(2);

    store.answerAll();

    expect(await second).toBe(3);
  });

  it('are not sent again to a store that may count them twice, until it has spoken', async () => {
    const store = remoteStore({ countsOnce: false });
    store.fate = 'hangs';
    const { ledger, clock } = open(store);
    const first = told(ledger.add(toAmount(1)));
    clock.advance(TIMEOUT_MS);
    await first;
    store.fate = 'answers';
    clock.advance(5_000);
    expect(await told(ledger.add(toAmount(2)))).toBeUndefined();
    expect(store.asked).toEqual(['add 1']);

    store.answerAll();
    await settle();

    expect(store.totals.get('k')).toBe(3);
  });

  it('leave a store alone that has failed five times, and count what they did not ask', async () => {
    const store = remoteStore();
    store.fate = 'refuses';
    const { ledger, link } = open(store);
    for (let time = 0; time < 20; time += 1) await told(ledger.add(toAmount(1)));

    expect(store.asked).toHaveLength(5);
    expect(link.counters).toMatchObject({ failures: 5, skipped: 15, unsent: 1 });
  });

  it('warn once a minute', async () => {
    const store = remoteStore();
    store.fate = 'refuses';
    const { ledger, clock, warn } = open(store);
    for (let minute = 0; minute < 3; minute += 1) {
      for (let time = 0; time < 10; time += 1) await told(ledger.add(toAmount(1)));
      clock.advance(60_000);
    }

    expect(warn.mock.calls).toEqual(
      Array.from({ length: 3 }, () => ['a budget store failed', { reason: 'READONLY' }]),
    );
  });

  it('survive a store that throws at once', async () => {
    const add = () => {
      throw new Error('not even a promise');
    };
    const { ledger } = open({ ...remoteStore(), add });

    expect(await told(ledger.add(toAmount(1)))).toBeUndefined();
  });
});

describe('a ledger that is reset', () => {
  it('begins at 0', async () => {
    const { ledger } = open(remoteStore());
    await told(ledger.add(toAmount(5)));

    expect(await ledger.reset()).toBe(true);
    expect(await told(ledger.add(toAmount(1)))).toBe(1);
  });

  it('keeps what is held', async () => {
    const { ledger } = open(remoteStore());
    await told(ledger.add(toAmount(5)));
    ledger.held = toAmount(2);
    await told(ledger.add(toAmount(2)));
    await ledger.reset();

    expect(await told(ledger.refresh())).toBe(2);
  });

  it('says where the store cannot be had', async () => {
    const store = remoteStore();
    const { ledger } = open(store);
    await told(ledger.add(toAmount(5)));
    store.fate = 'refuses';

    expect(await ledger.reset()).toBe(false);
  });
});

describe('what comes of additions over any outage', () => {
  const amount = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((micro) => micro / 1_000_000);
  const step = (fates: readonly Fate[]) =>
    fc.oneof(
      { weight: 4, arbitrary: amount.map((value) => ({ kind: 'add', value }) as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(...fates).map((fate) => ({ kind: 'fate', fate }) as const),
      },
      { weight: 2, arbitrary: fc.nat(3_000).map((byMs) => ({ kind: 'wait', byMs }) as const) },
      { weight: 1, arbitrary: fc.constant({ kind: 'answer' } as const) },
    );

  it.each<readonly [string, boolean, readonly Fate[]]>([
    ['a store that counts an addition once', true, ['answers', 'refuses', 'breaks', 'hangs']],
    ['a store that does not', false, ['answers', 'refuses', 'hangs']],
  ])('is their sum, none lost and none twice: %s', async (_name, countsOnce, fates) => {
    const steps = fc.array(step(fates), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const store = remoteStore({ countsOnce });
        const { ledger, clock, link } = open(store);
        let sum = 0n;
        for (const one of all) {
          if (one.kind === 'add') {
            sum += toAmount(one.value);
            void ledger.add(toAmount(one.value));
          } else if (one.kind === 'fate') store.fate = one.fate;
          else if (one.kind === 'wait') clock.advance(one.byMs);
          else store.answerAll();
          if (one.kind !== 'add') await settle();
          expect(ledger.total).toBeDefined();
        }
        store.fate = 'answers';
        for (let time = 0; time < 5; time += 1) {
          store.answerAll();
          clock.advance(5_000);
          await settle();
        }
        await link.flush();

        expect(toAmount(store.totals.get('k') ?? 0)).toBe(sum);
        expect(ledger.isQuiet).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
