import { startChild } from '../support/child.js';
import { judge, number, printTable } from '../support/print.js';
import { median, medianDeviation, pairedDifferences } from '../support/statistics.js';
import type { Pair, TranslationTimes } from '../workers/translation.js';

const DIALECTS = ['openai-chat', 'openai-responses', 'anthropic-messages'] as const;
const PAIRS: readonly Pair[] = DIALECTS.flatMap((from) =>
  DIALECTS.filter((to) => to !== from).map((to) => ({ from, to })),
);
const LONG = 1_000_000;
/** What a heap is off by, in bytes. */
const NOISE = 256 * 1_024;

const nameOf = ({ from, to }: Pair): string =>
  `${from.replace(/^\w+-/, '')} → ${to.replace(/^\w+-/, '')}`;

/** What it costs to tell a stream and a request in another dialect. */
export async function translation(quick: boolean): Promise<void> {
  const rounds = quick ? 20 : 100;
  await using child = startChild('workers/translation.ts');
  const asked = { pairs: PAIRS, rounds };
  const streams = await child.ask<readonly TranslationTimes[]>('streams', asked);
  printTable(
    `Streams in another dialect: medians of ${rounds} streams of 2,000 chunks by turns`,
    ['µs a chunk', 'read', 'and translated', 'translating adds', 'MAD', 'and spelled', 'goal', ''],
    PAIRS.map((pair, index) => {
      const { read = [], translated = [], spelled = [] } = streams[index] ?? {};
      const added = pairedDifferences(translated, read);
      return [
        nameOf(pair),
        number(median(read)),
        number(median(translated)),
        number(median(added)),
        `±${number(medianDeviation(added))}`,
        number(median(spelled)),
        ...judge(`translation: a chunk, ${nameOf(pair)}`, median(spelled), {
          atMost: 6,
          unit: ' µs',
        }),
      ];
    }),
  );
  const requests = await child.ask<readonly (readonly number[])[]>('requests', asked);
  const held = await child.ask<readonly number[]>('memory', { pairs: PAIRS, chunks: LONG });
  printTable(
    'Requests of 20 messages with tools; what a translation holds after 1,000,000 chunks',
    ['', 'µs a request', 'MAD', 'goal', '', 'bytes held', 'goal', ''],
    PAIRS.map((pair, index) => {
      const times = requests[index] ?? [];
      const bytes = held[index] ?? Number.NaN;
      return [
        nameOf(pair),
        number(median(times)),
        `±${number(medianDeviation(times))}`,
        ...judge(`translation: a request, ${nameOf(pair)}`, median(times), {
          atMost: 150,
          unit: ' µs',
        }),
        number(bytes),
        // The last event of a response repeats all of it.
        ...(pair.to === 'openai-responses'
          ? ['', '']
          : judge(`translation: memory, ${nameOf(pair)}`, bytes, { atMost: NOISE, unit: ' B' })),
      ];
    }),
  );
}
