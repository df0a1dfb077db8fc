import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchFile, childFlags, startChild, startProvider } from '../support/child.js';
import { judge, mustHold, number, printTable } from '../support/print.js';
import type { ManyClients } from '../workers/many-clients.js';

const MEBIBYTE = 1_024 * 1_024;
const PATIENCE_MS = 10_000;

/** Time from the moment `close()` has resolved until the process is gone. */
async function exitTime(): Promise<{ code: number | null; ms: number }> {
  await using provider = await startProvider();
  const child = spawn(
    process.execPath,
    [...childFlags(), benchFile('workers/exits.ts'), provider.baseURL],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let closedAt = Number.NaN;
  child.stdout.on('data', () => {
    closedAt = performance.now();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  return { code, ms: performance.now() - closedAt };
}

/** Distinct calls whose line is in the file after the process was killed. */
function survivingLines(): { lines: number; signal: string | null } {
  const folder = mkdtempSync(join(tmpdir(), 'zerohop-bench-'));
  const file = join(folder, 'settled.jsonl');
  try {
    const { signal } = spawnSync(
      process.execPath,
      [...childFlags(), benchFile('workers/flush-and-die.ts'), file],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
        timeout: PATIENCE_MS,
      },
    );
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return { lines: new Set(lines.map((line): string => JSON.parse(line).callId)).size, signal };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function clients(quick: boolean): Promise<void> {
  const count = quick ? 2_000 : 10_000;
  await using child = startChild('workers/many-clients.ts');
  const many = await child.ask<ManyClients>('run', { count });
  const exit = await exitTime();
  const { lines, signal } = survivingLines();
  const left = many.leftBytes / MEBIBYTE;
  printTable(
    'Clients and endings',
    ['', 'seen', 'goal', ''],
    [
      [
        `${count.toLocaleString('en')} clients made on one gateway: heap left, MB`,
        number(left),
        ...judge('heap left by clients', left, { atMost: 1, unit: ' MB' }),
      ],
      [
        '  handles before → after',
        `${many.handlesBefore} → ${many.handlesAfter}`,
        ...mustHold('handles left by clients', many.handlesBefore === many.handlesAfter),
      ],
      ['  µs to make one (every tenth makes a call)', number(many.microseconds), '', ''],
      [
        '  KB a client holds: bare SDK / gateway',
        `${number(many.bareKilobytes)} / ${number(many.gatewayKilobytes)}`,
        '',
        '',
      ],
      [
        'process ends by itself after close(), ms',
        number(exit.ms),
        ...judge('exit after close()', exit.code === 0 ? exit.ms : Number.POSITIVE_INFINITY, {
          atMost: 1_000,
          unit: ' ms',
        }),
      ],
      [
        '100 calls, flush(), SIGKILL: lines there',
        String(lines),
        ...mustHold(
          'lines after SIGKILL',
          lines === 100 && signal === 'SIGKILL',
          `${lines} lines, ${signal}`,
        ),
      ],
    ],
  );
}
