import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Clock } from '../../../src/pipeline/clock.js';
import { isGatewayError } from '../../../src/pipeline/errors.js';
import { openKeyvStore } from '../../../src/stores/keyv-store.js';
import { SqliteStore, type SqliteStoreOptions } from '../../../src/stores/sqlite-adapter.js';
import { handClock, quickClock } from '../../support/quick-clock.js';
import { describeAdapterContract } from './adapter-contract.js';
import { MAJORS } from './majors.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zerohop-sqlite-'));
  file = join(folder, 'cache.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = new SqliteStore({ file, ...options });
  onTestFinished(() => store.disconnect());
  return store;
}

/** Looks into the file by another connection, or changes it. */
function sql(text: string): readonly unknown[] {
  const database = new DatabaseSync(file);
  try {
    return database
      .prepare(text)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

describeAdapterContract('SqliteStore in a file', () => () => new SqliteStore({ file }));

describe.each(MAJORS)('as the store of Keyv $major', ({ module, create }) => {
  it('does not give back what has expired', async () => {
    const clock = handClock();
    clock.advance(Date.now());
    const keyv = create({ store: open({ clock }) });
    await keyv.set('brief', 1, 60_000);
    await keyv.set('lasting', 2);

    clock.advance(60_000);

    expect(await keyv.getMany(['brief', 'lasting'])).toEqual([undefined, 2]);
    expect(await keyv.has('brief')).toBe(false);
  });

  it('keeps what it holds in a file, for the next process', async () => {
    const first = create({ store: new SqliteStore({ file }) });
    await first.set('k', 'value', 60_000);
    await first.disconnect();

    expect(await create({ store: open() }).get('k')).toBe('value');
  });

  it('serves the cache as a bare adapter', async () => {
    const store = openKeyvStore({
      ...{ store: open(), sizeOf: () => 0, clock: handClock(), logger: {} },
      loadKeyv: () => Promise.resolve(module),
    });

    expect(await store.set('k', '{"v":1}', 60_000)).toBe(true);
    expect(await store.get('k')).toBe('{"v":1}');
    expect(await store.clear()).toBe(true);
    expect(await store.get('k')).toBeUndefined();
    expect(store.counters.failures).toBe(0);
  });
});

describe('expired rows', () => {
  const count = () => sql('SELECT count(*) AS rows FROM zerohop_cache');

  it('are swept a few at a time by what is written', async () => {
    const clock = handClock();
    const store = open({ clock });
    await store.setMany(
      Array.from({ length: 230 }, (_, index) => ({ key: `old${index}`, value: 'v', ttl: 10 })),
    );
    clock.advance(10);

    const counts = [count()];
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 50; index += 1) await store.set(`new${index}`, 'v', 1_000);
      counts.push(count());
    }

    expect(counts).toEqual([[{ rows: 230 }], [{ rows: 180 }], [{ rows: 80 }], [{ rows: 50 }]]);
  });

  it('are swept when the file is opened', async () => {
    const clock = handClock();
    const store = open({ clock });
    await store.set('old', 'v', 10);
    await store.set('new', 'v', 1_000);
    await store.disconnect();
    clock.advance(10);

    open({ clock });

    expect(sql('SELECT key FROM zerohop_cache')).toEqual([{ key: 'new' }]);
  });
});

describe('another connection that has the file', () => {
  /** A clock that runs by its waits, and lets go of the lock when so many are over. */
  function clockThat(release: () => void, afterWaits: number): Clock & { waited: number[] } {
    const clock = quickClock();
    const delay: Clock['delay'] = async (delayMs) => {
      await clock.delay(delayMs);
      if (clock.waited.length === afterWaits) release();
    };
    const now = () => clock.waited.reduce((sum, ms) => sum + ms, 0);
    return { ...clock, now, random: () => 0.5, delay };
  }

  /** Takes the lock for writing, and returns what lets go of it. */
  function lock(): () => void {
    const database = new DatabaseSync(file);
    database.exec('BEGIN IMMEDIATE');
    const release = (): void => {
      if (database.isOpen) database.close();
    };
    onTestFinished(release);
    return release;
  }

  it('is waited for without stopping the event loop, and the order of writes is kept', async () => {
    let release = (): void => undefined;
    const clock = clockThat(() => release(), 4);
    const store = open({ clock });
    release = lock();

    const writes = Promise.all([
      store.set('k', 'first'),
      store.set('k', 'second'),
      store.delete('gone'),
      store.set('k', 'third'),
    ]);
    const meanwhile = await store.get('k');

    expect(await writes).toEqual([true, true, false, true]);
    expect(meanwhile).toBeUndefined();
    expect(clock.waited).toEqual([1, 2, 4, 8]);
    expect(await store.get('k')).toBe('third');
  });

  it('is waited for as long as the option says, and no longer', async () => {
    const clock = clockThat(() => undefined, 0);
    const store = open({ clock, busyTimeoutMs: 100 });
    const release = lock();

    const write = store.set('k', 'value');

    await expect(write).rejects.toThrow(/locked/);
    expect(clock.waited).toEqual([1, 2, 4, 8, 16, 32, 50]);
    release();
    await store.set('k', 'after');
    expect(await store.get('k')).toBe('after');
  });

  it('is never waited for inside SQLite once the store is open, and while it opens as the option says', () => {
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec');

    open({ busyTimeoutMs: 1_234 });

    const waits = exec.mock.calls.flatMap(([text]) => /busy_timeout = (\d+)/.exec(text)?.[1] ?? []);
    expect(waits).toEqual(['1234', '0']);
  });

  it('does not keep anyone from reading', async () => {
    const store = open({ busyTimeoutMs: 0 });
    await store.set('k', 'value');

    lock();

    expect(await store.getMany(['k'])).toEqual(['value']);
  });
});

describe('what cannot be kept', () => {
  it('is refused where it is no text, and leaves nothing half done', async () => {
    const clock = quickClock();
    const store = open({ clock });
    const entries = [
      { key: 'a', value: 'text' },
      { key: 'b', value: { no: 'text' } as unknown as string }, // what a Keyv without serialisation hands over
    ];

    await expect(store.setMany(entries)).rejects.toThrow('values must be texts');

    expect(clock.waited).toEqual([]);
    expect(await store.get('a')).toBeUndefined();
    await store.set('a', 'later');
    expect(await store.get('a')).toBe('later');
  });

  it('is refused once the store was closed, which waits for what is being written', async () => {
    const store = open();
    const written = store.set('k', 'value');

    await store.disconnect();
    await store.disconnect();

    expect(await written).toBe(true);
    await expect(store.set('l', 'value')).rejects.toThrow();
    await expect(store.get('k')).rejects.toThrow();
    expect(sql('SELECT key FROM zerohop_cache')).toEqual([{ key: 'k' }]);
  });
});

describe('opening', () => {
  it('makes a file that is read while it is written', () => {
    open();

    expect(sql('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  });

  it('takes a database in memory, of its own', async () => {
    const [one, other] = [open({ file: ':memory:' }), open({ file: ':memory:' })];

    await one.set('k', 'value');

    expect(await one.get('k')).toBe('value');
    expect(await other.get('k')).toBeUndefined();
  });

  it('takes a table by its name, even by a word of SQL', async () => {
    const store = open({ table: 'order' });

    await store.set('k', 'value', 1_000);

    expect(await store.get('k')).toBe('value');
    expect(sql('SELECT key FROM "order"')).toEqual([{ key: 'k' }]);
  });

  it.each([
    ['a table that would be more than a name', { table: 'a; DROP TABLE b' }, 'table: '],
    ['a table with a quote', { table: 'a"b' }, 'table: '],
    ["a table of SQLite's own", { table: 'sqlite_master' }, 'table: '],
    ['an empty table', { table: '' }, 'table: '],
    ['no path', { file: '' }, 'file: '],
    ['a path in a folder that is not there', { file: '/nowhere/secret/cache.db' }, 'file: '],
    ['a wait that is no number', { busyTimeoutMs: Number.NaN }, 'busyTimeoutMs: '],
    ['a wait below zero', { busyTimeoutMs: -1 }, 'busyTimeoutMs: '],
  ])('refuses %s', (_, options, path) => {
    const refused = thrown(() => new SqliteStore({ file, ...options }));

    expect(isGatewayError(refused) && refused.code).toBe('zerohop_config');
    expect(String(refused)).toContain(`SqliteStore: ${path}`);
    expect(String(refused)).not.toContain('secret');
  });

  it.each([
    [
      'is no database',
      () => writeFileSync(file, 'not a database, though it is long enough '.repeat(40)),
    ],
    ['has a table of that name with other columns', () => sql('CREATE TABLE zerohop_cache (a, b)')],
  ])('refuses a file that %s, and lets go of it', (_, prepare) => {
    prepare();
    const close = vi.spyOn(DatabaseSync.prototype, 'close');

    const refused = thrown(() => new SqliteStore({ file }));

    expect(isGatewayError(refused) && refused.code).toBe('zerohop_config');
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('says so where this Node has no SQLite', () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);

    const refused = thrown(() => new SqliteStore({ file }));

    expect(isGatewayError(refused) && refused.code).toBe('zerohop_config');
    expect(String(refused)).toContain('no node:sqlite');
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
