import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { chat } from '../drop-in/rows/openai-chat.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({
    reply: { text: 'hi', usage: { inputTokens: 1, outputTokens: 2 } },
  });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const rates = (input: number, output: number): GatewayOptions => ({
  pricing: { models: { [chat.model]: { input, output } } },
});

describe('x-zerohop-cost', () => {
  const rows: readonly (readonly [string, GatewayOptions, boolean, string | null])[] = [
    // 1 × 3 + 2 × 15 = 33 millionths.
    ['is what an answer cost, as a plain decimal', rates(3, 15), false, '0.000033'],
    // 1 × 0.01 + 2 × 0.02 = 0.05 millionths: a number that JavaScript would write as 5e-8.
    ['has no exponent', rates(0.01, 0.02), false, '0.00000005'],
    ['is 0 where the price is', rates(0, 0), false, '0'],
    ['of all attempts', rates(1_000_000, 500_000), false, '2'],
    ['is absent where pricing is off', { pricing: false }, false, null],
    ['is absent on a stream', rates(3, 15), true, null],
  ];

  it.each(rows)('%s', async (_name, options, stream, expected) => {
    const client = createGateway(options).wrap(
      new OpenAI({ apiKey: 'k', baseURL: provider.baseURL }),
    );

    const { response } = await client.chat.completions.create({ ...chat, stream }).withResponse();

    expect(response.headers.get('x-zerohop-cost')).toBe(expected);
    expect(response.headers.get('x-zerohop-attempts')).toBe('1');
  });
});
