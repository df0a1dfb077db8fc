import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { anthropicRows } from './rows/anthropic.js';
import { openaiRows } from './rows/openai.js';
import {
  anthropicBench,
  bare,
  type Connect,
  type Observation,
  observe,
  openaiBench,
  type Row,
} from './support/bench.js';
import { answerBreakers, requestBreaker } from './support/breakers.js';
import { anthropic1, openai7 } from './support/sdks.js';

let provider: FakeProvider;
beforeEach(async () => {
  provider = await startFakeProvider({ now: () => 1_750_000_000_000 });
});
afterEach(() => provider.close());

/** A broken client may also hang; that is a difference as well, so nobody waits for it. */
const PATIENCE_MS = 400;

/** What a row sees with broken clients: its observation, or how it ended instead. */
async function attempt<B extends { readonly provider: FakeProvider }>(
  row: Row<B>,
  bench: B,
): Promise<Observation> {
  const gaveUp = new Promise<string>((resolve) => {
    setTimeout(resolve, PATIENCE_MS, 'hangs').unref();
  });
  const seen = observe(row, bench).catch((error: unknown) => String(error));
  const outcome = await Promise.race([seen, gaveUp]);
  return typeof outcome === 'string' ? { result: outcome, received: [] } : outcome;
}

async function provesItself<B extends { readonly provider: FakeProvider }>(
  row: Row<B>,
  benchOf: (connect: Connect) => B,
): Promise<void> {
  const expected = await observe(row, benchOf(bare));
  let noticed: string | undefined;
  for (const { name, connect } of answerBreakers) {
    const { result } = await attempt(row, benchOf(connect));
    if (!isDeepStrictEqual(result, expected.result)) noticed = name;
    if (noticed !== undefined) break;
  }
  expect(noticed, 'the breaker that the row notices').toBeDefined();
  if (expected.received.length === 0) return;

  const { received } = await attempt(row, benchOf(requestBreaker.connect));
  expect(isDeepStrictEqual(received, expected.received), requestBreaker.name).toBe(false);
}

const simple = new Set([
  'a stream gives the same chunks in the same order',
  '400 is thrown as the SDK’s class, with everything in it',
  '.asResponse() gives the response with its body unread',
  'a signal that was aborted before: nothing is sent',
]);

describe('every breaker is noticed', () => {
  it.each(answerBreakers)('a client that $name', async ({ connect }) => {
    const reds: string[] = [];
    for (const row of openaiRows.filter(({ name }) => simple.has(name))) {
      const expected = await observe(row, openaiBench(openai7, provider, bare));
      const actual = await attempt(row, openaiBench(openai7, provider, connect));
      if (!isDeepStrictEqual(actual.result, expected.result)) reds.push(row.name);
    }

    expect(reds).not.toEqual([]);
  });
});

describe('every row is red with a client that is broken', () => {
  it.each(openaiRows)('openai: $name', async (row) => {
    await provesItself(row, (connect) => openaiBench(openai7, provider, connect));
  });

  it.each(anthropicRows)('anthropic: $name', async (row) => {
    await provesItself(row, (connect) => anthropicBench(anthropic1, provider, connect));
  });
});
