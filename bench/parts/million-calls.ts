import { startChild } from '../support/child.js';
import { judge, mustHold, number, printTable } from '../support/print.js';
import { slope } from '../support/statistics.js';
import type { CallsLeft } from '../workers/million-calls.js';

/** A million calls with telemetry, cost, log rows and statistics on: each counted once, and none kept. */
export async function millionCalls(quick: boolean): Promise<void> {
  const calls = quick ? 100_000 : 1_000_000;
  await using child = startChild('workers/million-calls.ts');
  const left = await child.ask<CallsLeft>('run', { calls, every: calls / 50 });
  const exact = (title: string, name: Exclude<keyof CallsLeft, 'heap'>, expected = calls) => [
    title,
    left[name].toLocaleString('en'),
    ...mustHold(`${calls} calls: ${title}`, left[name] === expected, String(left[name])),
  ];
  // The first fifth is for what is made once and kept: compiled code, attribute sets, the minutes of `stats()`.
  const settledDown = left.heap.filter(([made]) => made >= calls / 5);
  const bytes = slope(settledDown);
  const goal = { atMost: 2, unit: ' B' };
  printTable(
    `${calls.toLocaleString('en')} calls on an in-memory fetch, 1 in 20 a stream, with telemetry, cost, log rows and statistics`,
    ['', 'seen', 'goal', ''],
    [
      exact('log rows', 'rows'),
      exact('root spans', 'rootSpans'),
      exact('settled events', 'settled'),
      exact('zerohop.requests', 'requests'),
      exact('zerohop.operation.duration', 'durations'),
      exact('gen_ai.client.operation.duration', 'operations'),
      exact('call ids seen twice', 'twice', 0),
      exact('rows dropped', 'dropped', 0),
      [
        `heap, B a call over the last ${(calls * 0.8).toLocaleString('en')}`,
        number(bytes),
        ...judge('million calls: heap slope', bytes, goal),
      ],
    ],
  );
}
