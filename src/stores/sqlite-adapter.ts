import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Clock, systemClock } from '../pipeline/clock.js';
import { GatewayError } from '../pipeline/errors.js';

/** Options of {@link SqliteStore}. */
export interface SqliteStoreOptions {
  /** Path of the database, whose folder exists; `':memory:'` is one that ends with the process. */
  readonly file: string;
  /** Name of the table: letters, digits and `_`. It is made where it is missing. @defaultValue 'zerohop_cache' */
  readonly table?: string | undefined;
  /** How long a write waits for another process to finish its own, in ms; it does not block the event loop. @defaultValue 5000 */
  readonly busyTimeoutMs?: number | undefined;
  /** Time and chance. For tests. @defaultValue the machine's */
  readonly clock?: Clock | undefined;
}

/** An entry of {@link SqliteStore.setMany}. */
export interface SqliteStoreEntry {
  readonly key: string;
  readonly value: string;
  /** In ms; without it the entry does not expire. */
  readonly ttl?: number | undefined;
}

const DEFAULT_TABLE = 'zerohop_cache';
const DEFAULT_BUSY_TIMEOUT_MS = 5_000;
const MAX_BUSY_WAIT_MS = 50;
/** Expired rows go a few at a time: up to twice as many as were written since. */
const SWEEP_EVERY = 50;
const SWEEP_ROWS = 100;
const SWEEP_ROWS_AT_OPEN = 1_000;
const PAGE_ROWS = 100;

/** What SQLite answers while another connection writes; its low byte, as there are several kinds. */
const SQLITE_BUSY = 5;

/**
 * A Keyv storage adapter over the SQLite that Node brings (`node:sqlite`), for Keyv 5.6 and 6.1: values that
 * outlive the process, and are shared by the processes of one machine. Its work is done on the calling
 * thread, some 10 to 200 µs an operation.
 *
 * @example
 * ```ts
 * createGateway({ cache: { store: new SqliteStore({ file: 'cache.db' }) } });
 * ```
 */
export class SqliteStore {
  /** Set by Keyv: which keys are read, written and cleared. Not to be shared by instances with different ones. */
  namespace: string | undefined = undefined;
  /** Read by Keyv 5, which has no `iterator()` without it. */
  readonly opts: { readonly dialect: 'sqlite'; readonly url: string };
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** Settles when the writes so far are over: they are done in the order they came in. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #rowsSinceSweep = 0;

  /** @throws {@link GatewayError} `zerohop_config` where the file cannot be opened, or this Node has no SQLite */
  constructor(options: SqliteStoreOptions) {
    const { file, table = DEFAULT_TABLE, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options;
    if (typeof file !== 'string' || file === '') throw refusal('file: must be a path');
    if (!/^[a-z_][a-z0-9_]{0,62}$/i.test(table) || /^sqlite_/i.test(table)) {
      throw refusal("table: must be letters, digits and '_', and not begin with 'sqlite_'");
    }
    if (!(busyTimeoutMs >= 0 && busyTimeoutMs <= 2 ** 31 - 1)) {
      throw refusal(`busyTimeoutMs: must be a number from 0 to ${2 ** 31 - 1}`);
    }
    this.opts = { dialect: 'sqlite', url: file };
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#clock = options.clock ?? systemClock;
    this.#database = openDatabase(file, busyTimeoutMs);
    try {
      createTable(this.#database, table);
      this.#statements = prepare(this.#database, table);
      // From here on nothing waits inside SQLite, which would stop the event loop.
      this.#database.exec('PRAGMA busy_timeout = 0');
      this.#sweepAtOpen();
    } catch (error) {
      this.#database.close();
      throw refusal('file: holds no table that can be used', error);
    }
  }

  /** Another process that writes just now is no reason not to open: rows are swept later, too. */
  #sweepAtOpen(): void {
    try {
      this.#statements.sweep.run(this.#clock.wallNow(), SWEEP_ROWS_AT_OPEN);
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }

  async get(key: string): Promise<string | undefined> {
    return this.#patiently(() => this.#read(key));
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#patiently(() => keys.map((key) => this.#read(key)));
  }

  async has(key: string): Promise<boolean> {
    return this.#patiently(() => this.#read(key) !== undefined);
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#patiently(() => keys.map((key) => this.#read(key) !== undefined));
  }

  async set(key: string, value: string, ttl?: number): Promise<boolean> {
    await this.setMany([{ key, value, ttl }]);
    return true;
  }

  /** All of them or none. */
  async setMany(entries: readonly SqliteStoreEntry[]): Promise<boolean[]> {
    const namespace = this.#namespace();
    const now = this.#clock.wallNow();
    await this.#write(() => {
      for (const { key, value, ttl } of entries) {
        if (typeof value !== 'string') throw new TypeError('SqliteStore: values must be texts');
        const expiresAt = Number.isFinite(ttl) ? Math.ceil(now + Number(ttl)) : null;
        this.#statements.set.run(namespace, key, value, expiresAt);
      }
      this.#sweep(entries.length, now);
    });
    return entries.map(() => true);
  }

  async delete(key: string): Promise<boolean> {
    return this.deleteMany([key]);
  }

  /** Resolves `true` where any of them was there. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const namespace = this.#namespace();
    return this.#write(() => {
      let deleted = 0;
      for (const key of keys)
        deleted += Number(this.#statements.delete.run(namespace, key).changes);
      return deleted > 0;
    });
  }

  /** Forgets everything in the namespace. */
  async clear(): Promise<void> {
    const namespace = this.#namespace();
    await this.#write(() => this.#statements.clear.run(namespace));
  }

  /** Keys and values of a namespace, a page at a time. */
  async *iterator(namespace = ''): AsyncGenerator<[key: string, value: string], void> {
    let after = 0;
    for (;;) {
      const rows = await this.#patiently(() =>
        this.#statements.page.all(namespace, after, this.#clock.wallNow(), PAGE_ROWS),
      );
      for (const { id, key, value } of rows) {
        after = Number(id);
        yield [String(key), String(value)];
      }
      if (rows.length < PAGE_ROWS) return;
    }
  }

  /** Closes the file, once what is being written is. */
  async disconnect(): Promise<void> {
    await this.#lastWrite;
    if (this.#database.isOpen) this.#database.close();
  }

  #namespace(): string {
    return this.namespace ?? '';
  }

  #read(key: string): string | undefined {
    const row = this.#statements.get.get(this.#namespace(), key, this.#clock.wallNow());
    return typeof row?.value === 'string' ? row.value : undefined;
  }

  #sweep(written: number, now: number): void {
    this.#rowsSinceSweep += written;
    if (this.#rowsSinceSweep < SWEEP_EVERY) return;
    this.#rowsSinceSweep = 0;
    this.#statements.sweep.run(now, SWEEP_ROWS);
  }

  /** Writes in one transaction, after the writes that were asked for before. */
  #write<T>(work: () => T): Promise<T> {
    const written = this.#lastWrite.then(() =>
      this.#patiently(() => {
        this.#database.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          this.#database.exec('COMMIT');
          return result;
        } catch (error) {
          this.#rollBack();
          throw error;
        }
      }),
    );
    this.#lastWrite = written.catch(() => undefined);
    return written;
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has done so by itself, as it does after a full disk.
    }
  }

  /** Tries again, in between the turns of the event loop, while another process has the file. */
  async #patiently<T>(work: () => T): Promise<T> {
    const giveUpAt = this.#clock.now() + this.#busyTimeoutMs;
    for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, MAX_BUSY_WAIT_MS)) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || this.#clock.now() >= giveUpAt) throw error;
      }
      await this.#clock.delay(waitMs * (0.5 + this.#clock.random()));
    }
  }
}

type Statements = Readonly<
  Record<'get' | 'set' | 'delete' | 'clear' | 'page' | 'sweep', StatementSync>
>;

function openDatabase(file: string, busyTimeoutMs: number): DatabaseSync {
  // Asked for here and not imported, so that a Node without it can load the package.
  const sqlite = process.getBuiltinModule('node:sqlite');
  if (sqlite === undefined) {
    throw refusal('this Node has no node:sqlite; it comes with Node 22.13 and later');
  }
  try {
    const database = new sqlite.DatabaseSync(file);
    database.exec(`PRAGMA busy_timeout = ${Math.ceil(busyTimeoutMs)}`);
    return database;
  } catch (error) {
    throw refusal('file: cannot be opened', error);
  }
}

/** The name of a table was checked; it is quoted as it may be a word of SQL's. */
function createTable(database: DatabaseSync, table: string): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS "${table}" (
      id INTEGER PRIMARY KEY,
      namespace TEXT NOT NULL,
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      expires_at INTEGER,
      UNIQUE (namespace, key)
    );
    CREATE INDEX IF NOT EXISTS "${table}_expires_at" ON "${table}" (expires_at) WHERE expires_at IS NOT NULL;
  `);
}

function prepare(database: DatabaseSync, table: string): Statements {
  const isLive = '(expires_at IS NULL OR expires_at > ?)';
  return {
    get: database.prepare(
      `SELECT value FROM "${table}" WHERE namespace = ? AND key = ? AND ${isLive}`,
    ),
    set: database.prepare(
      `INSERT INTO "${table}" (namespace, key, value, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
    ),
    delete: database.prepare(`DELETE FROM "${table}" WHERE namespace = ? AND key = ?`),
    clear: database.prepare(`DELETE FROM "${table}" WHERE namespace = ?`),
    page: database.prepare(
      `SELECT id, key, value FROM "${table}" WHERE namespace = ? AND id > ? AND ${isLive} ORDER BY id LIMIT ?`,
    ),
    sweep: database.prepare(
      `DELETE FROM "${table}" WHERE id IN (SELECT id FROM "${table}" WHERE expires_at <= ? LIMIT ?)`,
    ),
  };
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === SQLITE_BUSY
  );
}

function refusal(what: string, cause?: unknown): GatewayError {
  return new GatewayError(`SqliteStore: ${what}`, { code: 'zerohop_config', cause });
}
