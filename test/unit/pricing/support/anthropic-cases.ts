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

/** Anthropic, whose `input_tokens` are the uncached ones alone. */
export const anthropicCases: readonly HandComputed[] = [
  {
    title: 'input and output',
    prices: SONNET,
    reported: { input_tokens: 10, output_tokens: 20 },
    provider: 'anthropic',
    lines: [
      [10, '3'],
      [20, '15'],
    ],
    dollars: 0.00033,
  },
  {
    title: 'input 3, cache_creation 12304, output 550',
    prices: SONNET,
    reported: {
      input_tokens: 3,
      cache_creation_input_tokens: 12_304,
      cache_read_input_tokens: 0,
      output_tokens: 550,
    },
    lines: [
      [3, '3'],
      [12_304, '3.75'],
      [550, '15'],
    ],
    dollars: 0.054399,
  },
  {
    title: 'a write for five minutes',
    prices: SONNET,
    reported: {
      input_tokens: 3,
      cache_creation_input_tokens: 12_304,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 12_304, ephemeral_1h_input_tokens: 0 },
      output_tokens: 550,
    },
    lines: [
      [3, '3'],
      [12_304, '3.75'],
      [550, '15'],
    ],
    dollars: 0.054399,
  },
  {
    title: 'a write for an hour',
    prices: SONNET,
    reported: {
      input_tokens: 3,
      cache_creation_input_tokens: 12_304,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 12_304 },
      output_tokens: 550,
    },
    lines: [
      [3, '3'],
      [12_304, '6'],
      [550, '15'],
    ],
    dollars: 0.082083,
  },
  {
    title: 'writes for both',
    prices: SONNET,
    reported: {
      input_tokens: 3,
      cache_creation_input_tokens: 12_304,
      cache_read_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 4304, ephemeral_1h_input_tokens: 8000 },
      output_tokens: 550,
    },
    lines: [
      [3, '3'],
      [100, '0.3'],
      [4304, '3.75'],
      [8000, '6'],
      [550, '15'],
    ],
    dollars: 0.072429,
  },
  {
    title: 'a read',
    prices: SONNET,
    reported: {
      input_tokens: 4,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 5000,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: 503,
    },
    lines: [
      [4, '3'],
      [5000, '0.3'],
      [503, '15'],
    ],
    dollars: 0.009057,
  },
  {
    title: 'a read and a write',
    prices: OPUS,
    reported: {
      input_tokens: 1,
      cache_creation_input_tokens: 318,
      cache_read_input_tokens: 2750,
      cache_creation: { ephemeral_5m_input_tokens: 318, ephemeral_1h_input_tokens: 0 },
      output_tokens: 97,
    },
    lines: [
      [1, '5'],
      [2750, '0.5'],
      [318, '6.25'],
      [97, '25'],
    ],
    dollars: 0.0057925,
  },
  {
    title: 'lifetimes without a total',
    prices: SONNET,
    reported: {
      input_tokens: 1,
      cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 },
      output_tokens: 4,
    },
    lines: [
      [1, '3'],
      [2, '3.75'],
      [3, '6'],
      [4, '15'],
    ],
    dollars: 0.0000885,
  },
  {
    title: 'thinking, which the output holds',
    prices: SONNET,
    reported: {
      input_tokens: 28,
      output_tokens: 106,
      output_tokens_details: { thinking_tokens: 67 },
    },
    lines: [
      [28, '3'],
      [106, '15'],
    ],
    dollars: 0.001674,
  },
  {
    title: 'web searches',
    prices: SONNET,
    reported: {
      input_tokens: 9447,
      output_tokens: 250,
      server_tool_use: { web_search_requests: 3 },
    },
    lines: [
      [9447, '3'],
      [250, '15'],
      [3, '10000'],
    ],
    dollars: 0.062091,
  },
];
