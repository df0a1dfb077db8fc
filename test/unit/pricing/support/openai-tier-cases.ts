import type { ModelPrices } from '../../../../src/pricing/pricing-options.js';
import type { HandComputed } from './hand-computed.js';

const GPT_4O: ModelPrices = { input: 2.5, cacheRead: 1.25, output: 10 };
const GPT_5_MINI: ModelPrices = {
  input: 0.25,
  cacheRead: 0.025,
  output: 2,
  serviceTiers: { priority: 1.8 },
};
const GPT_5_4: ModelPrices = {
  input: 2.5,
  cacheRead: 0.25,
  output: 15,
  tiers: [{ above: 271_999, input: 5, cacheRead: 0.5, output: 22.5 }],
};
const GPT_5_6: ModelPrices = { input: 2, cacheRead: 0.2, cacheWrite: 2.5, output: 12 };
const EMBEDDING: ModelPrices = { input: 0.02 };

/** OpenAI, where the size, the tier or the kind of the call matters. */
export const openaiTierCases: readonly HandComputed[] = [
  {
    title: 'cache writes, for a time that is not named',
    prices: GPT_5_6,
    reported: {
      prompt_tokens: 4000,
      completion_tokens: 10,
      total_tokens: 4010,
      prompt_tokens_details: { cached_tokens: 1000, cache_write_tokens: 2000 },
    },
    lines: [
      [1000, '2'],
      [1000, '0.2'],
      [2000, '2.5'],
      [10, '12'],
    ],
    dollars: 0.00732,
  },
  {
    title: 'the last input of the short tier',
    prices: GPT_5_4,
    reported: { prompt_tokens: 271_999, completion_tokens: 1, total_tokens: 272_000 },
    lines: [
      [271_999, '2.5'],
      [1, '15'],
    ],
    dollars: 0.6800125,
  },
  {
    title: 'the first input of the long tier',
    prices: GPT_5_4,
    reported: { prompt_tokens: 272_000, completion_tokens: 1, total_tokens: 272_001 },
    lines: [
      [272_000, '5'],
      [1, '22.5'],
    ],
    dollars: 1.3600225,
  },
  {
    title: 'a long input, mostly cached',
    prices: GPT_5_4,
    reported: {
      prompt_tokens: 300_000,
      completion_tokens: 1000,
      total_tokens: 301_000,
      prompt_tokens_details: { cached_tokens: 290_000 },
    },
    lines: [
      [10_000, '5'],
      [290_000, '0.5'],
      [1000, '22.5'],
    ],
    dollars: 0.2175,
  },
  {
    title: 'responses',
    prices: GPT_4O,
    reported: {
      input_tokens: 328,
      input_tokens_details: { cached_tokens: 128 },
      output_tokens: 52,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 380,
    },
    lines: [
      [200, '2.5'],
      [128, '1.25'],
      [52, '10'],
    ],
    dollars: 0.00118,
  },
  {
    title: 'flex, at half',
    prices: GPT_5_MINI,
    reported: {
      prompt_tokens: 1001,
      completion_tokens: 7,
      total_tokens: 1008,
      prompt_tokens_details: { cached_tokens: 1 },
    },
    serviceTier: 'flex',
    lines: [
      [1000, '0.125'],
      [1, '0.0125'],
      [7, '1'],
    ],
    dollars: 0.0001320125,
  },
  {
    title: 'batch, at half',
    prices: GPT_4O,
    reported: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 },
    serviceTier: 'batch',
    lines: [
      [3, '1.25'],
      [3, '5'],
    ],
    dollars: 0.00001875,
  },
  {
    title: 'priority, as it was given',
    prices: GPT_5_MINI,
    reported: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
    serviceTier: 'priority',
    lines: [
      [1000, '0.45'],
      [100, '3.6'],
    ],
    dollars: 0.00081,
  },
  {
    title: 'the default tier',
    prices: GPT_4O,
    reported: { prompt_tokens: 8, completion_tokens: 8, total_tokens: 16 },
    serviceTier: 'default',
    lines: [
      [8, '2.5'],
      [8, '10'],
    ],
    dollars: 0.0001,
  },
  {
    title: 'embeddings',
    prices: EMBEDDING,
    reported: { prompt_tokens: 8, total_tokens: 8 },
    lines: [[8, '0.02']],
    dollars: 0.00000016,
  },
  {
    title: 'embeddings that report a total alone',
    prices: EMBEDDING,
    reported: { total_tokens: 13 },
    lines: [[13, '0.02']],
    dollars: 0.00000026,
  },
];
