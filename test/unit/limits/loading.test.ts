import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const hooks = new URL('../../../scripts/source-hooks.mjs', import.meta.url).href;
const source = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;

/** Writes what is loaded of the packages that limits may need. */
const watch = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /node_modules\\/(bottleneck|ioredis)\\//.exec(url) ?? [];
    if (name) process._rawDebug('loaded ' + name);
    return nextLoad(url, context);
  },
});
`)}`;

/** The packages that a process loads whose calls have these limits, after so many calls. */
function loadedBy(gateway: string, calls: number): readonly string[] {
  const script = `
    const { createGatewayClient } = await import('${source('index.ts')}');
    const { createInMemoryFetch } = await import('${source('testing/index.ts')}');
    const client = createGatewayClient({ apiKey: 'sk-test', fetch: createInMemoryFetch(), gateway: ${gateway} });
    for (let count = 0; count < ${calls}; count += 1) {
      await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    }
    await client.gateway.close();
  `;
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--import', hooks, '--import', watch, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  return [
    ...new Set(Array.from(stderr.matchAll(/loaded (\w+)/g), ([, name]) => String(name))),
  ].sort();
}

describe('a process', () => {
  it.each([
    ['without limits', '{}', 2, []],
    [
      'with limits that nobody has to wait for',
      '{ rateLimit: { requestsPerSecond: 1000 } }',
      2,
      [],
    ],
    [
      'with limits that somebody waits for',
      '{ rateLimit: { requestsPerSecond: 5 } }',
      2,
      ['bottleneck'],
    ],
    [
      'with limits that are shared',
      "{ rateLimit: { requestsPerSecond: 50, redis: 'redis://127.0.0.1:1' } }",
      1,
      ['bottleneck', 'ioredis'],
    ],
  ])('%s loads what it needs, and ends by itself', (_, gateway, calls, packages) => {
    expect(loadedBy(gateway, calls)).toEqual(packages);
  });
});
