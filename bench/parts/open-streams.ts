import { startChild } from '../support/child.js';
import { judge, mustHold, number, printTable, ratio } from '../support/print.js';
import type { OpenStreams } from '../workers/open-streams.js';

const MEBIBYTE = 1_024 * 1_024;

async function measure(variant: string, streams: number): Promise<OpenStreams> {
  await using child = startChild('workers/open-streams.ts');
  return await child.ask<OpenStreams>('run', { variant, streams, chunks: 40 });
}

/** 10,000 streams open at once over one in-memory transport. */
export async function openStreams(quick: boolean): Promise<void> {
  const streams = quick ? 2_000 : 10_000;
  const bare = await measure('bare', streams);
  const gateway = await measure('gateway', streams);
  const left = gateway.leftBytes / MEBIBYTE;
  const row = (
    name: string,
    figure: (seen: OpenStreams) => number,
    goal: readonly string[] = ['', ''],
  ) => [
    name,
    number(figure(bare)),
    number(figure(gateway)),
    ratio(figure(gateway) / figure(bare)),
    ...goal,
  ];
  const heldRatio = gateway.heldPerStream / bare.heldPerStream;
  printTable(
    `${streams.toLocaleString('en')} streams of 40 chunks at once, in memory`,
    ['', 'bare SDK', 'gateway', 'gateway/bare', 'goal', ''],
    [
      row(
        'streams complete',
        ({ complete }) => complete,
        mustHold('open streams complete', gateway.complete === streams),
      ),
      row(
        'chunks of another stream',
        ({ crossTalk }) => crossTalk,
        mustHold('no cross-talk', gateway.crossTalk === 0),
      ),
      row(
        'heap + external per open stream, KB',
        ({ heldPerStream }) => heldPerStream,
        judge('memory per open stream', heldRatio, { atMost: 1.3, unit: '×' }),
      ),
      row('RSS per open stream, KB', ({ rssPerStream }) => rssPerStream),
      row(
        'left afterwards, MB',
        ({ leftBytes }) => leftBytes / MEBIBYTE,
        judge('left after open streams', left, { atMost: 10, unit: ' MB' }),
      ),
      row('seconds', ({ seconds }) => seconds),
    ],
  );
}
