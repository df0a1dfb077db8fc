import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createGateway, type Gateway, type LogOptions, type LogSink } from 'zerohop';
import { type Child, startChild } from '../harness/child.js';
import type { FaultCase, Stage } from '../harness/fault-case.js';
import { keepLogs } from '../harness/kept-logs.js';
import { until } from '../harness/origin.js';
import type { Result, Scene } from '../harness/scene.js';

async function ask(scene: Scene, count: number): Promise<void> {
  const results: Result[] = [];
  for (let index = 0; index < count; index += 1) results.push(await scene.call());
  expect(results.map(({ error, text }) => error ?? text)).toEqual(Array(count).fill('hello world'));
  expect(scene.origin.hits).toBe(count);
}

/** A folder for one run. */
async function withFolder(
  act: (scene: Scene, folder: string) => Promise<void>,
  log?: (folder: string) => LogOptions,
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'zerohop-faults-'));
  return {
    ...(log && { gateway: { log: log(folder) } }),
    act: (scene) => act(scene, folder),
    close: () => rm(folder, { recursive: true }),
  };
}

const linesOf = async (file: string): Promise<readonly string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1);

/** Ids of the rows in a file, each of which is whole. */
async function idsIn(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8');
  expect(text.endsWith('\n'), 'the last row is whole').toBe(true);
  return (await linesOf(file)).map((line) => JSON.parse(line).id);
}

/** Takes nothing: every write fails as it does on a full disk. */
const FULL = '/dev/full';
const ROOM = 5;

const fullDevice: FaultCase = {
  id: 'D10',
  priority: 'P1',
  title: 'the disk is full',
  stage() {
    const logger = keepLogs();
    return {
      gateway: { logger, log: { file: FULL, maxBuffered: ROOM, intervalMs: 0 } },
      async act(scene) {
        await ask(scene, 3 * ROOM);
        await scene.gateway.flush();
        const dropped = scene.gateway.droppedRows;
        await scene.gateway.close();

        expect(dropped, 'dropped, and not waiting').toBe(2 * ROOM);
        expect(scene.gateway.droppedRows, 'dropped when there is nothing to wait for').toBe(
          3 * ROOM,
        );
        const complaints = logger.told.filter(({ level }) => level === 'error');
        expect(complaints.map(({ message }) => message)).toEqual([
          'the request log cannot be written',
        ]);
      },
    };
  },
};

/** Room for a few rows, and half of one. */
const LIMIT = 4_096;
const ROWS = 10;

/** The limit of a file's size stands for the disk's: what is written ends in the middle of a row. */
const fullFile: FaultCase = {
  id: 'D10',
  variant: 'in the middle of a row, and has room again',
  priority: 'P1',
  title: 'the disk is full',
  sdks: ['openai 7'],
  stage: () =>
    withFolder(async (scene, folder) => {
      const file = join(folder, 'calls.jsonl');
      const child = startChild('log-calls.ts', {
        args: [file],
        through: ['prlimit', `--fsize=${LIMIT}:`],
      });
      try {
        await child.next();
        const ids = await callsOf(child, ROWS);
        await child.ask('flush');
        const { length: sizeWhenFull } = await readFile(file);
        execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:']);
        ids.push(...(await callsOf(child, ROWS)));
        const dropped = await child.ask('flush');

        expect(sizeWhenFull, 'as far as there was room').toBeLessThanOrEqual(LIMIT);
        expect([...(await idsIn(file))].sort()).toEqual([...ids].sort());
        expect(dropped).toBe(0);
      } finally {
        await child.kill();
      }
      scene.noteSaid(folder);
    }),
};

/** Has a child make calls; their ids, as their answers came. */
async function callsOf(child: Child, count: number): Promise<unknown[]> {
  const ids = [await child.ask(count)];
  while (ids.length < count) ids.push(await child.next());
  return ids;
}

/** A promise that is none of the language's own, as query builders have them. */
const rejecting = {
  // biome-ignore lint/suspicious/noThenProperty: this is what it is about
  then: (_: unknown, reject: (error: Error) => void) => reject(new Error('no')),
};

const sinks: readonly (readonly [string, LogSink])[] = [
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
  [
    'rejects later',
    async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('no');
    },
  ],
  ['gives what is like a promise, and rejects', () => rejecting],
];

const bad = sinks.map(
  ([variant, sink]): FaultCase => ({
    id: 'D12',
    variant,
    priority: 'P0',
    title: 'a sink of the user’s that does not do well',
    stage() {
      const logger = keepLogs();
      return {
        gateway: { logger, log: sink },
        async act(scene) {
          await ask(scene, 5);
          await scene.gateway.flush();

          expect(scene.gateway.droppedRows).toBe(5);
          const complaints = logger.told.filter(({ message }) => /log sink/.test(message));
          expect(complaints.map(({ level }) => level)).toEqual(['error']);
        },
      };
    },
  }),
);

const PENDING = 10_000;

const silent: readonly FaultCase[] = [
  {
    id: 'D12',
    variant: 'never ends',
    priority: 'P0',
    title: 'a sink of the user’s that does not do well',
    stage: () => ({
      gateway: { log: () => new Promise(() => undefined) },
      async act(scene) {
        await ask(scene, 5);

        expect(scene.gateway.droppedRows).toBe(0);
        await ends(scene.gateway);
      },
    }),
  },
  {
    id: 'D12',
    variant: `never ends, ${PENDING} times`,
    priority: 'P0',
    title: 'a sink of the user’s that does not do well',
    sdks: ['openai 7'],
    async act({ sdk }) {
      let rows = 0;
      const gateway = createGateway({
        log() {
          rows += 1;
          return new Promise(() => undefined);
        },
      });
      const headers = { 'content-type': 'application/json' };
      const fetch = async () => new Response(sdk.shape.ok, { headers });
      const caller = sdk.connect({ url: 'http://provider.test', fetch }, gateway);
      for (let index = 0; index < PENDING + 50; index += 1) await caller.answer({}, {});

      expect(rows).toBe(PENDING);
      expect(gateway.droppedRows).toBe(50);
    },
  },
];

/** Far longer than it is told to take. */
const FAR_TOO_LONG_MS = 5_000;

async function ends(gateway: Gateway): Promise<void> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve('it hangs'), FAR_TOO_LONG_MS);
  const closed = gateway.close({ timeoutMs: 50 }).then(() => 'closed');
  expect(await Promise.race([closed, late.promise]), 'close()').toBe('closed');
  clearTimeout(timer);
}

/** The process is killed after so many answers of those that came after the last write. */
const kills = [
  ['right after the last answer', 50],
  ['in the middle', 20],
] as const;

const killed = kills.map(
  ([variant, answers]): FaultCase => ({
    id: 'D13',
    variant,
    priority: 'P1',
    title: 'the process is killed after an answer',
    sdks: ['openai 7'],
    stage: () =>
      withFolder(
        async (scene, folder) => {
          const file = join(folder, 'calls.jsonl');
          const child = startChild('log-calls.ts', { args: [file] });
          const before: unknown[] = [];
          const after: unknown[] = [];
          try {
            await child.next();
            before.push(...(await callsOf(child, 50)));
            // By itself, once the interval is over.
            await until(() => existsSync(file));
            await settled(file, 50);
            after.push(await child.ask(50));
            while (after.length < answers) after.push(await child.next());
          } finally {
            await child.kill();
          }
          await ask(scene, 1);
          await scene.gateway.flush();

          const ids = await idsIn(file);
          expect(new Set(ids).size, 'none doubled').toBe(ids.length);
          expect(ids.slice(0, 50), 'older than the interval').toEqual(before);
          expect(ids.at(-1)).toBe(scene.settled[0]?.callId);
          expect(scene.gateway.droppedRows).toBe(0);
        },
        (folder) => ({ file: join(folder, 'calls.jsonl') }),
      ),
  }),
);

async function settled(file: string, rows: number): Promise<void> {
  let count = 0;
  await until(() => {
    void linesOf(file).then(({ length }) => {
      count = length;
    });
    return count >= rows;
  });
}

const has = (command: string): boolean => {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

function onLinux(): readonly FaultCase[] {
  const given = [...(existsSync(FULL) ? [fullDevice] : []), ...(has('prlimit') ? [fullFile] : [])];
  if (given.length < 2) console.warn('SKIPPED: a part of D10: it takes /dev/full and prlimit');
  return given;
}

/** A log that cannot be kept. */
export const logCases: readonly FaultCase[] = [...onLinux(), ...bad, ...silent, ...killed];
