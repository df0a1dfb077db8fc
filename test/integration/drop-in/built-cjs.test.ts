import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startFakeProvider } from 'zerohop/testing';

const dist =
  process.env.ZEROHOP_TEST_DIST ?? fileURLToPath(new URL('../../../dist', import.meta.url));
const application = fileURLToPath(new URL('./support/cjs-application.cjs', import.meta.url));
const isBuilt = existsSync(`${dist}/index.cjs`) && existsSync(`${dist}/anthropic.cjs`);
if (!isBuilt) {
  process.stderr.write('built-cjs.test.ts is skipped: run `npm run build` first\n');
}

describe.skipIf(!isBuilt)('the built package in a CommonJS application', () => {
  it('gives what the bare clients of the CommonJS SDKs give, and lets the process end', async () => {
    await using provider = await startFakeProvider();

    const { stdout } = await promisify(execFile)(process.execPath, [
      application,
      dist,
      provider.url,
    ]);

    const { bare, wrapped, outcome } = JSON.parse(stdout);
    expect(Object.keys(bare)).toHaveLength(5);
    expect(wrapped).toStrictEqual(bare);
    expect(outcome).toBe('success');
  });
});
