import type { ModelPrices } from '../../../../src/pricing/pricing-options.js';
import type { HandComputed } from './hand-computed.js';

const GPT_4O: ModelPrices = { input: 2.5, cacheRead: 1.25, output: 10 };
const GPT_5_MINI: ModelPrices = { input: 0.25, cacheRead: 0.025, output: 2 };
const GPT_AUDIO: ModelPrices = { input: 2.5, output: 10, audioInput: 32, audioOutput: 64 };
const REALTIME: ModelPrices = {
  input: 4,
  cacheRead: 0.4,
  output: 16,
  audioInput: 32,
  audioCacheRead: 0.4,
  audioOutput: 64,
};
const IMAGES: ModelPrices = {
  input: 5,
  cacheRead: 1.25,
  output: 10,
  imageInput: 8,
  imageCacheRead: 2,
  imageOutput: 32,
};

/** OpenAI, chat and responses. */
export const openaiCases: readonly HandComputed[] = [
  {
    title: 'input and output',
    prices: GPT_4O,
    reported: { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 },
    lines: [
      [19, '2.5'],
      [10, '10'],
    ],
    dollars: 0.0001475,
  },
  {
    title: 'nothing at all',
    prices: GPT_4O,
    reported: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    lines: [],
    dollars: 0,
  },
  {
    title: 'one token',
    prices: GPT_5_MINI,
    reported: { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 },
    lines: [[1, '0.25']],
    dollars: 0.00000025,
  },
  {
    title: 'cached input',
    prices: GPT_4O,
    reported: {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920 },
    },
    lines: [
      [86, '2.5'],
      [1920, '1.25'],
      [300, '10'],
    ],
    dollars: 0.005615,
  },
  {
    title: '86 of 17 817 cached',
    prices: GPT_4O,
    reported: {
      prompt_tokens: 17_817,
      completion_tokens: 120,
      total_tokens: 17_937,
      prompt_tokens_details: { cached_tokens: 86 },
    },
    lines: [
      [17_731, '2.5'],
      [86, '1.25'],
      [120, '10'],
    ],
    dollars: 0.045635,
  },
  {
    title: '17 817 with 86 uncached',
    prices: GPT_4O,
    reported: {
      prompt_tokens: 17_817,
      completion_tokens: 120,
      total_tokens: 17_937,
      prompt_tokens_details: { cached_tokens: 17_731 },
    },
    lines: [
      [86, '2.5'],
      [17_731, '1.25'],
      [120, '10'],
    ],
    dollars: 0.02357875,
  },
  {
    title: 'everything cached',
    prices: GPT_4O,
    reported: {
      prompt_tokens: 1024,
      completion_tokens: 1,
      total_tokens: 1025,
      prompt_tokens_details: { cached_tokens: 1024 },
    },
    lines: [
      [1024, '1.25'],
      [1, '10'],
    ],
    dollars: 0.00129,
  },
  {
    title: 'reasoning, which the output holds',
    prices: GPT_5_MINI,
    reported: {
      prompt_tokens: 75,
      completion_tokens: 1186,
      total_tokens: 1261,
      completion_tokens_details: { reasoning_tokens: 1024 },
    },
    lines: [
      [75, '0.25'],
      [1186, '2'],
    ],
    dollars: 0.00239075,
  },
  {
    title: 'cached and reasoning',
    prices: GPT_5_MINI,
    reported: {
      prompt_tokens: 5000,
      completion_tokens: 2000,
      total_tokens: 7000,
      prompt_tokens_details: { cached_tokens: 4096 },
      completion_tokens_details: { reasoning_tokens: 1984 },
    },
    lines: [
      [904, '0.25'],
      [4096, '0.025'],
      [2000, '2'],
    ],
    dollars: 0.0043284,
  },
  {
    title: 'audio in and out',
    prices: GPT_AUDIO,
    reported: {
      prompt_tokens: 118,
      completion_tokens: 200,
      total_tokens: 318,
      prompt_tokens_details: { audio_tokens: 100 },
      completion_tokens_details: { audio_tokens: 160 },
    },
    lines: [
      [18, '2.5'],
      [100, '32'],
      [40, '10'],
      [160, '64'],
    ],
    dollars: 0.013885,
  },
  {
    title: 'audio out alone',
    prices: GPT_AUDIO,
    reported: {
      prompt_tokens: 17,
      completion_tokens: 54,
      total_tokens: 71,
      completion_tokens_details: { audio_tokens: 39 },
    },
    lines: [
      [17, '2.5'],
      [15, '10'],
      [39, '64'],
    ],
    dollars: 0.0026885,
  },
  {
    title: 'cached, reasoning and audio',
    prices: REALTIME,
    reported: {
      prompt_tokens: 1000,
      completion_tokens: 500,
      total_tokens: 1500,
      prompt_tokens_details: { cached_tokens: 200, audio_tokens: 300 },
      completion_tokens_details: { reasoning_tokens: 100, audio_tokens: 250 },
    },
    lines: [
      [500, '4'],
      [200, '0.4'],
      [300, '32'],
      [250, '16'],
      [250, '64'],
    ],
    dollars: 0.03168,
  },
  {
    title: 'audio that must have been cached',
    prices: REALTIME,
    reported: {
      prompt_tokens: 1000,
      completion_tokens: 10,
      total_tokens: 1010,
      prompt_tokens_details: { cached_tokens: 800, audio_tokens: 600 },
    },
    lines: [
      [200, '32'],
      [400, '0.4'],
      [400, '0.4'],
      [10, '16'],
    ],
    dollars: 0.00688,
  },
  {
    title: 'cached input of a model without a discount',
    prices: GPT_AUDIO,
    reported: {
      prompt_tokens: 400,
      completion_tokens: 4,
      total_tokens: 404,
      prompt_tokens_details: { cached_tokens: 300 },
    },
    lines: [
      [400, '2.5'],
      [4, '10'],
    ],
    dollars: 0.00104,
  },
  {
    title: 'images in and out',
    prices: IMAGES,
    reported: {
      prompt_tokens: 1300,
      completion_tokens: 1100,
      total_tokens: 2400,
      prompt_tokens_details: { image_tokens: 1000 },
      completion_tokens_details: { image_tokens: 1056 },
    },
    lines: [
      [300, '5'],
      [1000, '8'],
      [44, '10'],
      [1056, '32'],
    ],
    dollars: 0.043732,
  },
  {
    title: 'images billed as text where they have no rate',
    prices: GPT_4O,
    reported: {
      prompt_tokens: 1300,
      completion_tokens: 10,
      total_tokens: 1310,
      prompt_tokens_details: { image_tokens: 1000, cached_tokens: 1200 },
    },
    lines: [
      [100, '2.5'],
      [1200, '1.25'],
      [10, '10'],
    ],
    dollars: 0.00185,
  },
];
