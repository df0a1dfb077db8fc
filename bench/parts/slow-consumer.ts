import { startChild, startProvider } from '../support/child.js';
import { judge, number, printTable, ratio } from '../support/print.js';
import type { SlowConsumer } from '../workers/slow-consumer.js';

const MEBIBYTE = 1_024 * 1_024;

/** A reader of one chunk in 20 ms before a provider that writes as fast as it is let. */
export async function slowConsumer(quick: boolean): Promise<void> {
  const runMs = quick ? 1_500 : 3_000;
  await using provider = await startProvider();
  const measure = async (variant: string) => {
    await using child = startChild('workers/slow-consumer.ts');
    return await child.ask<SlowConsumer>('run', { variant, baseURL: provider.baseURL, runMs });
  };
  const bare = await measure('bare');
  const gateway = await measure('gateway');
  const grown = gateway.grownBytes / MEBIBYTE;
  printTable(
    `A slow consumer of 200 MiB: a 16 KiB chunk each 20 ms for ${runMs / 1_000} s`,
    ['', 'bare SDK', 'gateway', 'gateway/bare', 'goal', ''],
    [
      [
        'chunks read',
        String(bare.chunks),
        String(gateway.chunks),
        ratio(gateway.chunks / bare.chunks),
        '',
        '',
      ],
      [
        'RSS growth, MB',
        number(bare.grownBytes / MEBIBYTE),
        number(grown),
        ratio(gateway.grownBytes / bare.grownBytes),
        ...judge('slow consumer, RSS growth', grown, { atMost: 32, unit: ' MB' }),
      ],
    ],
  );
}
