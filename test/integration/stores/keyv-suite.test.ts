import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import { Keyv } from 'keyv';
import * as vitest from 'vitest';
import { SqliteStore } from '../../../src/stores/sqlite-adapter.js';

const { afterAll, describe } = vitest;

/** Keyv's own suite of what a storage adapter owes it. It is written for Keyv 5. */
describe('SqliteStore passes the suite of Keyv', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zerohop-suite-'));
  const stores: SqliteStore[] = [];
  const open = (): SqliteStore => {
    const store = new SqliteStore({ file: join(folder, 'cache.db') });
    stores.push(store);
    return store;
  };
  afterAll(async () => {
    for (const store of stores) await store.disconnect();
    rmSync(folder, { recursive: true, force: true });
  });

  keyvTestSuite(vitest, Keyv, open);
  keyvIteratorTests(vitest, Keyv, open);
});
