import { startChild, startProvider } from '../support/child.js';
import { type Goal, judge, mustHold, number, printTable, ratio } from '../support/print.js';
import { median } from '../support/statistics.js';
import type { CacheBlocks, CacheTimes } from '../workers/cache.js';

const COLUMNS = ['', 'bare SDK', 'cache off', 'miss', 'hit', 'goal', ''];

function row(
  title: string,
  times: CacheTimes,
  what: 'calls' | 'firstContent',
  goal: readonly string[],
): string[] {
  const figure = (variant: keyof CacheTimes) => number(median(times[variant][what]));
  return [title, figure('bare'), figure('off'), figure('miss'), figure('hit'), ...goal];
}

/** Answers from the cache beside those that are asked for. */
export async function cache(quick: boolean): Promise<void> {
  const scale = quick ? 10 : 1;
  await using provider = await startProvider();
  await using child = startChild('workers/cache.ts');
  const measure = (blocks: CacheBlocks) => child.ask<CacheTimes>('measure', blocks);
  const json = await measure({ blocks: 400 / scale, calls: 100 });
  const loopback = await measure({ blocks: 40 / scale, calls: 50, baseURL: provider.baseURL });
  const chunks = 200;
  const streams = await measure({ blocks: 100 / scale, calls: 5, chunks });
  const streamed = await measure({
    blocks: 100 / scale,
    calls: 5,
    chunks,
    baseURL: provider.baseURL,
  });
  const at = (times: CacheTimes, variant: keyof CacheTimes) => median(times[variant].calls);
  const goalOf = (name: string, value: number, goal: Goal) => judge(`cache: ${name}`, value, goal);
  const hit = at(json, 'hit');
  const share = hit / at(loopback, 'bare');
  const missAdds = at(json, 'miss') - at(json, 'off');
  const replay = at(streams, 'hit') / at(streams, 'bare');
  const first = median(streams.miss.firstContent) / median(streams.off.firstContent);
  printTable('The cache, p50 µs a call', COLUMNS, [
    row(
      'JSON of 1.5 KB, in memory',
      json,
      'calls',
      goalOf('hit', hit, { atMost: 25, unit: ' µs' }),
    ),
    [
      'a hit beside the bare SDK on loopback',
      number(at(loopback, 'bare')),
      '',
      '',
      ratio(share),
      ...goalOf('hit beside loopback', share, { atMost: 0.05 }),
    ],
    [
      'what a miss adds',
      '',
      '',
      number(missAdds),
      '',
      ...goalOf('miss adds', missAdds, { atMost: 30, unit: ' µs' }),
    ],
    row(
      `stream of ${chunks} chunks, in memory`,
      streams,
      'calls',
      goalOf('stream hit beside the bare SDK', replay, { atMost: 1.2 }),
    ),
    row(
      'to its first content: a miss beside none',
      streams,
      'firstContent',
      goalOf('first content of a miss', first, { atMost: 1.05 }),
    ),
    row('the same over loopback', streamed, 'firstContent', [
      '',
      ratio(median(streamed.miss.firstContent) / median(streamed.off.firstContent)),
    ]),
  ]);
  await filled(quick);
}

async function filled(quick: boolean): Promise<void> {
  const answers = quick ? 20_000 : 200_000;
  const maxBytes = 64 * 1024 * 1024;
  await using child = startChild('workers/cache.ts');
  const { asked, held, counters } = await child.ask<{
    asked: number;
    held: number;
    counters: { evicted: number; entries: number; bytes: number };
  }>('fill', { answers, maxBytes });
  const share = held / maxBytes;
  printTable(
    `${answers.toLocaleString('en')} different answers of 4 KiB, in 64 MiB`,
    ['', 'seen', 'goal', ''],
    [
      ['requests', number(asked), '', ''],
      ['answers kept', number(counters.entries), '', ''],
      [
        'kept and evicted',
        number(counters.entries + counters.evicted),
        ...mustHold('each is kept or evicted', counters.entries + counters.evicted === answers),
      ],
      ['held, of the bound', ratio(share), ...judge('cache: held', share, { atMost: 1.5 })],
    ],
  );
}
