import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BudgetKeyv, type BudgetStore, keyvBudgetStore, memoryBudgetStore } from 'zerohop';
import { redisBudgetStore } from '../../../src/budgets/redis-budget-store.js';
import { MAJORS } from '../stores/majors.js';

let sequence = 0;
const addition = (writer = 'w') => {
  sequence += 1;
  return { writer, sequence };
};
const LATER = Date.now() + 3_600_000;

/** Makes it later than that. */
function later(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: LATER + 1 });
  onTestFinished(() => void vi.useRealTimers());
}

interface Way {
  readonly name: string;
  readonly open: () => BudgetStore;
}

const KEYVS = MAJORS.map(({ major, create }) => ({
  major,
  // Both majors have what is used of them.
  create: (options: Readonly<Record<string, unknown>> = {}) =>
    create(options) as unknown as BudgetKeyv,
}));

const WAYS: readonly Way[] = [
  { name: 'memory', open: () => memoryBudgetStore({ now: () => Date.now() }) },
  ...KEYVS.map(({ major, create }) => ({
    name: `Keyv ${major}`,
    open: () => keyvBudgetStore(create()),
  })),
];

describe.each(WAYS)('a budget store: $name', ({ open }) => {
  it('gives the new total', async () => {
    const store = open();
    await store.add('k', 0.1, LATER, addition());

    expect(await store.add('k', 0.2, LATER, addition())).toBe(0.3);
    expect(await store.get('k')).toBe(0.3);
  });

  it('has nothing under a key that is new', async () => {
    expect(await open().get('k')).toBe(0);
  });

  it('takes back what was added', async () => {
    const store = open();
    await store.add('k', 0.3, LATER, addition());

    expect(await store.add('k', -0.4, LATER, addition())).toBe(-0.1);
  });

  it('loses none of many additions at once', async () => {
    const store = open();
    await Promise.all(
      Array.from({ length: 200 }, async () => store.add('k', 0.001, undefined, addition())),
    );

    expect(await store.get('k')).toBe(0.2);
  });

  it('keeps keys apart', async () => {
    const store = open();
    await store.add('a', 1, LATER, addition());
    await store.add('b', 2, LATER, addition());
    await store.reset('a');

    expect([await store.get('a'), await store.get('b')]).toEqual([0, 2]);
  });

  it('begins at 0 again once it has expired', async () => {
    const store = open();
    await store.add('k', 1, LATER, addition());
    later();

    expect(await store.get('k')).toBe(0);
  });
});

describe.each(KEYVS)('a budget store in Keyv $major', ({ create }) => {
  it('counts an addition once that is sent again', async () => {
    const store = keyvBudgetStore(create());
    const first = addition();
    await store.add('k', 1, LATER, first);
    await store.add('k', 1, LATER, addition('other'));

    expect(await store.add('k', 1, LATER, first)).toBe(2);
  });

  it('is found again by the next process', async () => {
    const adapter = new Map<string, unknown>();
    await keyvBudgetStore(create({ store: adapter })).add('k', 1.5, LATER, addition());

    expect(await keyvBudgetStore(create({ store: adapter })).get('k')).toBe(1.5);
  });

  it('adds nothing where what there is cannot be read', async () => {
    const adapter = new Map<string, unknown>();
    let fails = false;
    const get = (key: string) => {
      if (fails) throw new Error('gone');
      return adapter.get(key);
    };
    const keyv = create({
      store: Object.assign(new Map(), { get, set: adapter.set.bind(adapter) }),
    });
    const store = keyvBudgetStore(keyv);
    await store.add('k', 5, LATER, addition());
    fails = true;
    const failed = Promise.resolve(store.add('k', 1, LATER, addition()));

    await expect(failed).rejects.toThrow();
    fails = false;
    expect(await store.get('k')).toBe(5);
  });
});

describe('a budget store in memory', () => {
  it('lets go of what has expired', () => {
    let now = 0;
    const store = memoryBudgetStore({ now: () => now });
    for (let key = 0; key < 1_000; key += 1) void store.add(`old ${key}`, 1, 10, addition());
    now = 20;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let key = 0; key < 50_000; key += 1) {
      now += 1;
      void store.add(`key ${key}`, 1, now + 10, addition());
    }
    globalThis.gc?.();

    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
    expect(store.get('key 49999')).toBe(1);
  });

  it('is exact where floating point is not', () => {
    const store = memoryBudgetStore();
    for (let time = 0; time < 1_000; time += 1) void store.add('k', 0.1, undefined, addition());

    expect(store.get('k')).toBe(100);
  });
});

describe('a budget store of something else', () => {
  it.each([
    ['redisBudgetStore: must be given', () => redisBudgetStore({} as never)],
    ['redisBudgetStore: must be given', () => redisBudgetStore(null as never)],
    ['keyvBudgetStore: must be given', () => keyvBudgetStore(new Map() as never)],
  ])('is refused: %s', (message, open) => {
    expect(open).toThrow(message);
  });
});
