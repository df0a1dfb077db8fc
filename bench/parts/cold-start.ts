import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { judge, number, printTable } from '../support/print.js';
import { median, medianDeviation, pairedDifferences } from '../support/statistics.js';

const ROUNDS = 9;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Time to import one package in a process of its own, in ms. */
function importTime(name: string): number {
  const program = `const start = performance.now(); await import('${name}'); console.log(performance.now() - start)`;
  const own = process.execArgv.filter((flag) => !flag.startsWith('--cpu-prof'));
  const { stdout } = spawnSync(process.execPath, [...own, '--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return Number(stdout);
}

export async function coldStart(quick: boolean): Promise<void> {
  const pairs = [
    ['openai', 'zerohop'],
    ['@anthropic-ai/sdk', 'zerohop/anthropic'],
  ] as const;
  const rows = pairs.map(([sdk, ours]) => {
    const times = Array.from(
      { length: quick ? 3 : ROUNDS },
      () => [importTime(sdk), importTime(ours)] as const,
    );
    const [bare, gateway] = [times.map(([time]) => time), times.map(([, time]) => time)];
    const added = pairedDifferences(gateway, bare);
    return [
      ours,
      `${number(median(bare))} ±${number(medianDeviation(bare))}`,
      `${number(median(gateway))} ±${number(medianDeviation(gateway))}`,
      number(median(added)),
      ...judge(`import of ${ours}, added`, median(added), { atMost: 40, unit: ' ms' }),
    ];
  });
  printTable('Import, ms', ['', 'SDK alone', 'with the gateway', 'adds', 'goal', ''], rows);
}
