import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { isGatewayError, SqliteStore } from 'zerohop';
import { pricing, statuses, UNHURRIED } from '../harness/cache-cases.js';
import { type Child, startChild } from '../harness/child.js';
import type { FaultCase, Stage } from '../harness/fault-case.js';
import { keepLogs, type Told } from '../harness/kept-logs.js';
import { until } from '../harness/origin.js';
import type { Result, Scene } from '../harness/scene.js';

interface Rig {
  readonly file: string;
  readonly store: SqliteStore;
  readonly told: readonly Told[];
  /** Has another process lock the file; its next message after anything says that it let go. */
  lock(): Promise<Child>;
}

interface SqliteCase extends Omit<FaultCase, 'stage' | 'act'> {
  readonly storeTimeout?: number;
  readonly act: (scene: Scene, rig: Rig) => Promise<void>;
}

/** Longer than a test may take: what would wait for it inside of SQLite, with nothing else going on, fails its test. */
const FOR_EVER_MS = 70_000;

function sqliteCase({ act, storeTimeout, ...one }: SqliteCase): FaultCase {
  return {
    ...one,
    async stage(): Promise<Stage> {
      const folder = await mkdtemp(join(tmpdir(), 'zerohop-faults-'));
      const file = join(folder, 'cache.db');
      const store = new SqliteStore({ file, busyTimeoutMs: FOR_EVER_MS });
      const logger = keepLogs();
      const children: Child[] = [];
      const lock = async () => {
        const child = startChild('hold-lock.ts', { args: [file] });
        children.push(child);
        await child.next();
        return child;
      };
      return {
        gateway: { pricing, logger, cache: { store, storeTimeout: storeTimeout ?? UNHURRIED } },
        act: (scene) => act(scene, { file, store, told: logger.told, lock }),
        async close() {
          for (const child of children) await child.kill();
          await store.disconnect();
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}

const DEADLINE_MS = 100;
const CALLS = 4;

async function ask(scene: Scene, count: number): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let index = 0; index < count; index += 1) {
    results.push(await scene.call({ extra: { user: `u${index}` } }));
  }
  return results;
}

const texts = (results: readonly Result[]) => results.map(({ error, text }) => error ?? text);

/** Keys in the file, as another process finds them. */
function keysIn(file: string): readonly unknown[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database
      .prepare('SELECT key FROM zerohop_cache')
      .all()
      .map(({ key }) => key);
  } finally {
    database.close();
  }
}

/** What SQLite waits for, it does not wait for on our thread; what is late, is written all the same. */
async function lockedByAnother(scene: Scene, { file, lock }: Rig): Promise<void> {
  await scene.call();
  await scene.gateway.flush();
  const child = await lock();
  const hit = await scene.call();
  const results = await ask(scene, CALLS);
  await scene.gateway.flush();
  const { timeouts, stored } = scene.gateway.cache.counters;
  const during = keysIn(file);
  const said = await child.ask('release');
  await until(() => keysIn(file).length === 1 + CALLS);
  const again = await ask(scene, CALLS);

  expect(said).toBe('released');
  expect(texts([hit, ...results, ...again])).toEqual(Array(1 + 2 * CALLS).fill('hello world'));
  expect(during, 'written while it was locked').toHaveLength(1);
  expect([timeouts, stored]).toEqual([CALLS, 1]);
  expect(new Set(keysIn(file)).size, 'none doubled').toBe(1 + CALLS);
  expect(statuses(scene)).toEqual([
    'MISS',
    'HIT',
    ...Array(CALLS).fill('MISS'),
    ...Array(CALLS).fill('HIT'),
  ]);
  expect(scene.origin.hits).toBe(1 + CALLS);
}

/** The second process of an application, which comes up while the first one writes. */
async function lockedAtOpen(scene: Scene, { file, lock }: Rig): Promise<void> {
  await scene.call();
  await scene.gateway.flush();
  const child = await lock();

  const second = new SqliteStore({ file, busyTimeoutMs: 200 });
  second.namespace = 'zerohop';
  const found = await second.get(String(keysIn(file)[0]));
  await child.ask('release');
  await second.disconnect();

  expect(found).toContain('hello world');
}

const locked: readonly SqliteCase[] = [
  {
    id: 'D08',
    priority: 'P0',
    title: 'SQLite is locked by another process',
    storeTimeout: DEADLINE_MS,
    act: lockedByAnother,
  },
  {
    id: 'D08',
    variant: 'when it is opened',
    priority: 'P0',
    title: 'SQLite is locked by another process',
    act: lockedAtOpen,
  },
];

/** What cannot be opened, whoever one is. */
const unusable: readonly (readonly [string, (folder: string) => Promise<string>])[] = [
  ['a folder that is not there', async (folder) => join(folder, 'missing', 'cache.db')],
  ['a folder', async (folder) => folder],
  ['where nothing can be made', async () => '/proc/cache.db'],
  [
    'a file of something else',
    async (folder) => {
      const file = join(folder, 'cache.db');
      await writeFile(file, 'no database at all, '.repeat(100));
      return file;
    },
  ],
];

const refused = unusable.map(
  ([variant, fileIn]): FaultCase => ({
    id: 'D09',
    variant,
    priority: 'P0',
    title: 'a SQLite file that cannot be used',
    async act(scene) {
      const folder = await mkdtemp(join(tmpdir(), 'zerohop-faults-'));
      const file = await fileIn(folder);
      let refusal: unknown;
      try {
        await new SqliteStore({ file }).disconnect();
      } catch (error) {
        refusal = error;
      }
      await rm(folder, { recursive: true });

      expect(isGatewayError(refusal) && refusal.code).toBe('zerohop_config');
      expect(String(refusal)).toContain('SqliteStore: file');
      scene.noteSaid(refusal);
    },
  }),
);

/** What becomes of the file once it is open. */
const spoilt: readonly (readonly [string, (rig: Rig) => Promise<void>])[] = [
  [
    'its table is dropped',
    async ({ file }) => {
      const database = new DatabaseSync(file);
      database.exec('DROP TABLE zerohop_cache');
      database.close();
    },
  ],
  ['it is closed', ({ store }) => store.disconnect()],
];

const failing = spoilt.map(
  ([variant, spoil]): SqliteCase => ({
    id: 'D09',
    variant,
    priority: 'P0',
    title: 'a SQLite file that cannot be used',
    async act(scene, rig) {
      await scene.call();
      await scene.gateway.flush();
      await spoil(rig);
      const results = await ask(scene, 8);
      await scene.gateway.flush();
      const { failures, timeouts, stored, skipped } = scene.gateway.cache.counters;

      expect(texts(results)).toEqual(Array(8).fill('hello world'));
      expect(scene.origin.hits).toBe(9);
      expect(statuses(scene)).toEqual(Array(9).fill('MISS'));
      expect([failures, timeouts, stored]).toEqual([5, 0, 1]);
      expect(skipped).toBe(2 * 8 - 5);
      expect(rig.told.filter(({ level }) => level === 'warn')).toHaveLength(1);
    },
  }),
);

/** A cache in a SQLite file. */
export const sqliteCases: readonly FaultCase[] = [
  ...[...locked, ...failing].map(sqliteCase),
  ...refused,
];
