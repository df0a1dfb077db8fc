import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqliteStore } from '../../../src/stores/sqlite-adapter.js';
import { MAJORS } from '../../unit/stores/majors.js';
import type { Order } from './sqlite-child.js';

const script = join(import.meta.dirname, 'sqlite-child.ts');
const hooks = new URL('../../../scripts/source-hooks.mjs', import.meta.url).href;

let folder: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zerohop-processes-'));
  file = join(folder, 'cache.db');
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  rmSync(folder, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Starts another process over the file. */
async function startChild(major: number) {
  const child = fork(script, [file, String(major)], { execArgv: ['--import', hooks] });
  children.push(child);
  await answerOf(child);
  const tell = (order: Order): Promise<unknown> => {
    const answer = answerOf(child);
    child.send(order);
    return answer;
  };
  return { tell, kill: () => end(child) };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => [{ error: `the child ended with ${code}` }]),
  ]);
  if ('error' in message) throw new Error(message.error);
  return message.answer;
}

describe.each(MAJORS)('a file that processes share, through Keyv $major', ({ major, create }) => {
  it('gives one what the other wrote', async () => {
    const child = await startChild(major);
    const keyv = create({ store: new SqliteStore({ file }), namespace: 'shared' });

    await keyv.set('ours', 'from the parent');
    await child.tell({ do: 'set', key: 'theirs', value: 'from the child' });
    const answers = [await child.tell({ do: 'get', key: 'ours' }), await keyv.get('theirs')];
    await keyv.delete('theirs');

    expect(answers).toEqual(['from the parent', 'from the child']);
    expect(await child.tell({ do: 'get', key: 'theirs' })).toBeUndefined();
    await keyv.disconnect();
  });

  it('loses nothing of what several write at a time', async () => {
    const keyv = create({ store: new SqliteStore({ file }), namespace: 'shared' });
    const writers = await Promise.all([startChild(major), startChild(major)]);
    const count = 500;

    const theirs = writers.map(({ tell }, index) =>
      tell({ do: 'setMany', prefix: `child${index}-`, count }),
    );
    const ours = Array.from({ length: count }, (_, index) => keyv.set(`parent-${index}`, index));

    expect(await Promise.all(theirs)).toEqual([count, count]);
    expect(await Promise.all(ours)).toEqual(Array.from({ length: count }, () => true));
    const seen = new Map<string, unknown>();
    for await (const [key, value] of keyv.iterator()) seen.set(key, value);
    const expected = ['parent-', 'child0-', 'child1-'].flatMap((prefix) =>
      Array.from({ length: count }, (_, index) => [`${prefix}${index}`, index] as const),
    );
    expect(seen).toEqual(new Map(expected));
    await keyv.disconnect();
  });

  it('is whole after a process was killed while it wrote', async () => {
    const child = await startChild(major);
    const keyv = create({ store: new SqliteStore({ file }), namespace: 'shared' });
    await keyv.set('ours', 'kept');

    const writing = child.tell({ do: 'setMany', prefix: 'theirs-', count: 1_000_000 });
    writing.catch(() => undefined);
    await vi.waitFor(async () => expect(await keyv.get('theirs-20')).toBe(20), 10_000);
    await child.kill();

    expect(await keyv.set('after', 'value')).toBe(true);
    expect(await keyv.getMany(['ours', 'after', 'theirs-0'])).toEqual(['kept', 'value', 0]);
    await keyv.disconnect();
  });
});

it('can be opened by several processes at once, though none had made it', async () => {
  const starting = Array.from({ length: 4 }, () => startChild(5));

  const children = await Promise.all(starting);

  for (const { tell } of children) await tell({ do: 'set', key: 'k', value: 'value' });
  expect(await children[0]?.tell({ do: 'get', key: 'k' })).toBe('value');
});
