import type { ModelPrices } from '../../../../src/pricing/pricing-options.js';
import type { HandComputed } from './hand-computed.js';

const DEEPSEEK: ModelPrices = { input: 0.27, cacheRead: 0.07, output: 1.1 };
const GROQ: ModelPrices = { input: 0.15, cacheRead: 0.075, output: 0.6 };
const GROK: ModelPrices = { input: 0.3, cacheRead: 0.075, output: 0.5 };
const SONAR: ModelPrices = { input: 1, output: 1, request: 0.012 };
const RESEARCH: ModelPrices = { input: 2, output: 8, reasoning: 3, webSearch: 0.005 };
const MISTRAL: ModelPrices = { input: 0.4, output: 2 };
const TINY: ModelPrices = { input: 0.0028, cacheRead: 1.25e-6, output: 0.3333333 };
const LOCAL: ModelPrices = { input: 0, output: 0 };

/** Everyone else, with what they do differently. */
export const otherCases: readonly HandComputed[] = [
  {
    title: 'DeepSeek, hit and miss',
    prices: DEEPSEEK,
    reported: {
      prompt_tokens: 1000,
      completion_tokens: 50,
      total_tokens: 1050,
      prompt_cache_hit_tokens: 832,
      prompt_cache_miss_tokens: 168,
    },
    provider: 'deepseek',
    lines: [
      [168, '0.27'],
      [832, '0.07'],
      [50, '1.1'],
    ],
    dollars: 0.0001586,
  },
  {
    title: 'DeepSeek, the hit reported in both places',
    prices: DEEPSEEK,
    reported: {
      prompt_tokens: 1000,
      completion_tokens: 50,
      total_tokens: 1050,
      prompt_tokens_details: { cached_tokens: 832 },
      completion_tokens_details: { reasoning_tokens: 40 },
      prompt_cache_hit_tokens: 832,
      prompt_cache_miss_tokens: 168,
    },
    provider: 'deepseek',
    lines: [
      [168, '0.27'],
      [832, '0.07'],
      [50, '1.1'],
    ],
    dollars: 0.0001586,
  },
  {
    title: 'DeepSeek, all missed',
    prices: DEEPSEEK,
    reported: {
      prompt_tokens: 9,
      completion_tokens: 1,
      total_tokens: 10,
      prompt_cache_hit_tokens: 0,
      prompt_cache_miss_tokens: 9,
    },
    provider: 'deepseek',
    lines: [
      [9, '0.27'],
      [1, '1.1'],
    ],
    dollars: 0.00000353,
  },
  {
    title: 'Groq, with times among the counts',
    prices: GROQ,
    reported: {
      queue_time: 0.05,
      prompt_tokens: 78,
      prompt_time: 0.003,
      completion_tokens: 46,
      completion_time: 0.1,
      total_tokens: 124,
      total_time: 0.103,
    },
    provider: 'groq',
    serviceTier: 'on_demand',
    lines: [
      [78, '0.15'],
      [46, '0.6'],
    ],
    dollars: 0.0000393,
  },
  {
    title: 'Groq, flex at the full price',
    prices: GROQ,
    reported: { prompt_tokens: 78, completion_tokens: 46, total_tokens: 124 },
    provider: 'groq',
    serviceTier: 'flex',
    lines: [
      [78, '0.15'],
      [46, '0.6'],
    ],
    dollars: 0.0000393,
  },
  {
    title: 'xAI, whose reasoning is beside the completion',
    prices: GROK,
    reported: {
      prompt_tokens: 291,
      completion_tokens: 26,
      total_tokens: 506,
      prompt_tokens_details: { text_tokens: 291, cached_tokens: 244 },
      completion_tokens_details: { reasoning_tokens: 189 },
    },
    provider: 'x_ai',
    lines: [
      [47, '0.3'],
      [244, '0.075'],
      [215, '0.5'],
    ],
    dollars: 0.0001399,
  },
  {
    title: 'xAI on Azure, where ticks are nought',
    prices: GROK,
    reported: {
      prompt_tokens: 205,
      completion_tokens: 18,
      total_tokens: 223,
      prompt_tokens_details: { cached_tokens: 159 },
      cost_in_usd_ticks: 0,
    },
    provider: 'azure.ai.openai',
    lines: [
      [46, '0.3'],
      [159, '0.075'],
      [18, '0.5'],
    ],
    dollars: 0.000034725,
  },
  {
    title: 'Perplexity, with a fee for the request',
    prices: SONAR,
    reported: { prompt_tokens: 20, completion_tokens: 70, total_tokens: 90 },
    provider: 'perplexity',
    lines: [
      [20, '1'],
      [70, '1'],
      [1, '12000'],
    ],
    dollars: 0.01209,
  },
  {
    title: 'reasoning that has a rate of its own',
    prices: RESEARCH,
    reported: {
      prompt_tokens: 10,
      completion_tokens: 500,
      total_tokens: 510,
      reasoning_tokens: 400,
      num_search_queries: 2,
    },
    provider: 'perplexity',
    lines: [
      [10, '2'],
      [100, '8'],
      [400, '3'],
      [2, '5000'],
    ],
    dollars: 0.01202,
  },
  {
    title: 'Mistral',
    prices: MISTRAL,
    reported: { prompt_tokens: 15, completion_tokens: 23, total_tokens: 38 },
    provider: 'mistral_ai',
    lines: [
      [15, '0.4'],
      [23, '2'],
    ],
    dollars: 0.000052,
  },
  {
    title: 'llama.cpp at home',
    prices: LOCAL,
    reported: { prompt_tokens: 15, completion_tokens: 23, total_tokens: 38 },
    lines: [],
    dollars: 0,
  },
  {
    title: 'rates of many decimals, which add up to whole picodollars',
    prices: TINY,
    reported: {
      prompt_tokens: 1001,
      completion_tokens: 1_000_000,
      total_tokens: 1_001_001,
      prompt_tokens_details: { cached_tokens: 800 },
    },
    lines: [
      [201, '0.0028'],
      [800, '0.00000125'],
      [1_000_000, '0.3333333'],
    ],
    dollars: 0.3333338638,
  },
];
