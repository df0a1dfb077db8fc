import type { ModelPrices } from '../../../../src/pricing/pricing-options.js';
import type { HandComputed } from './hand-computed.js';

const SONNET: ModelPrices = {
  input: 3,
  cacheRead: 0.3,
  cacheWrite: 3.75,
  cacheWrite1h: 6,
  output: 15,
  webSearch: 0.01,
};
const OPUS: ModelPrices = {
  input: 5,
  cacheRead: 0.5,
  cacheWrite: 6.25,
  cacheWrite1h: 10,
  output: 25,
};
const FAST: ModelPrices = { input: 5, output: 25, serviceTiers: { fast: 6 } };
const LONG: ModelPrices = {
  input: 3,
  cacheRead: 0.3,
  cacheWrite: 3.75,
  cacheWrite1h: 6,
  output: 15,
  tiers: [
    { above: 200_000, input: 6, cacheRead: 0.6, cacheWrite: 7.5, cacheWrite1h: 12, output: 22.5 },
  ],
};

/** Anthropic, where the size, the tier or the course of the call matters. */
export const anthropicTierCases: readonly HandComputed[] = [
  {
    title: 'the last input of the short tier, cached ones included',
    prices: LONG,
    reported: {
      input_tokens: 1000,
      cache_creation_input_tokens: 49_000,
      cache_read_input_tokens: 150_000,
      cache_creation: { ephemeral_5m_input_tokens: 49_000, ephemeral_1h_input_tokens: 0 },
      output_tokens: 10,
    },
    lines: [
      [1000, '3'],
      [150_000, '0.3'],
      [49_000, '3.75'],
      [10, '15'],
    ],
    dollars: 0.2319,
  },
  {
    title: 'the first input of the long tier, cached ones included',
    prices: LONG,
    reported: {
      input_tokens: 1001,
      cache_creation_input_tokens: 49_000,
      cache_read_input_tokens: 150_000,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 49_000 },
      output_tokens: 10,
    },
    lines: [
      [1001, '6'],
      [150_000, '0.6'],
      [49_000, '12'],
      [10, '22.5'],
    ],
    dollars: 0.684231,
  },
  {
    title: 'batch, at half, but not the searches',
    prices: SONNET,
    reported: { input_tokens: 101, output_tokens: 11, server_tool_use: { web_search_requests: 1 } },
    provider: 'anthropic',
    serviceTier: 'batch',
    lines: [
      [101, '1.5'],
      [11, '7.5'],
      [1, '10000'],
    ],
    dollars: 0.010234,
  },
  {
    title: 'inference in the United States',
    prices: SONNET,
    reported: {
      input_tokens: 100,
      cache_creation_input_tokens: 1,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 0 },
      output_tokens: 10,
      inference_geo: 'us',
    },
    provider: 'anthropic',
    lines: [
      [100, '3.3'],
      [1, '4.125'],
      [10, '16.5'],
    ],
    dollars: 0.000499125,
  },
  {
    title: 'batch in the United States',
    prices: OPUS,
    reported: { input_tokens: 3, output_tokens: 3, inference_geo: 'us' },
    provider: 'anthropic',
    serviceTier: 'batch',
    lines: [
      [3, '2.75'],
      [3, '13.75'],
    ],
    dollars: 0.0000495,
  },
  {
    title: 'the fast mode, as it was given',
    prices: FAST,
    reported: { input_tokens: 100, output_tokens: 10, speed: 'fast' },
    lines: [
      [100, '30'],
      [10, '150'],
    ],
    dollars: 0.0045,
  },
  {
    title: 'iterations, which the totals do not cover (compaction)',
    prices: OPUS,
    reported: {
      input_tokens: 682,
      output_tokens: 1320,
      iterations: [
        { input_tokens: 60_385, output_tokens: 592, type: 'compaction' },
        { input_tokens: 682, output_tokens: 1320, type: 'message' },
      ],
    },
    lines: [
      [60_385, '5'],
      [592, '25'],
      [682, '5'],
      [1320, '25'],
    ],
    dollars: 0.353135,
  },
];
