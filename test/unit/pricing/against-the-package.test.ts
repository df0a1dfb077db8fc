import { calcPrice, findProvider } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNamed } from '../../../src/pricing/match-name.js';
import { NOON, priced, usageOf, watchedPricer } from './support/pricing.js';

/** Ours and the data's names of the providers whose models are compared. */
const PROVIDERS = [
  ['openai', 'openai'],
  ['anthropic', 'anthropic'],
  ['gcp.vertex_ai', 'google'],
  ['azure.ai.openai', 'azure'],
  ['aws.bedrock', 'aws'],
  ['groq', 'groq'],
  ['mistral_ai', 'mistral'],
  ['deepseek', 'deepseek'],
  ['x_ai', 'x-ai'],
  ['perplexity', 'perplexity'],
  ['cerebras', 'cerebras'],
  ['openrouter', 'openrouter'],
  ['together', 'together'],
  ['fireworks', 'fireworks'],
] as const;

const pricer = watchedPricer();
const timestamp = new Date(NOON);

/** Every model that is priced by name and by text tokens, in and out. */
const models = PROVIDERS.flatMap(([provider, providerId]) =>
  (findProvider({ providerId })?.models ?? []).flatMap(({ id }) => {
    const found = calcPrice({}, id, { providerId, timestamp });
    const isPriced =
      found?.model_price.input_mtok !== undefined && found.model_price.output_mtok !== undefined;
    return isPriced && isNamed(found.model, id) ? [{ provider, providerId, model: id }] : [];
  }),
);

const tokens = fc.oneof(fc.nat(100), fc.nat(10_000), fc.nat(1_000_000));
const counts = fc.record({
  uncached: tokens,
  read: tokens,
  write: tokens,
  write1h: tokens,
  output: tokens,
});

describe('our own multiplication', () => {
  it(`gives what the package's does, for every model priced by text`, () => {
    expect(models.length).toBeGreaterThan(900);

    fc.assert(
      fc.property(fc.constantFrom(...models), counts, ({ provider, providerId, model }, count) => {
        const { uncached, read, write, output } = count;
        const has1h = calcPrice({}, model, { providerId, timestamp })?.model_price
          .cache_write_1h_mtok;
        const write1h = has1h === undefined ? 0 : count.write1h;
        const inputTokens = uncached + read + write + write1h;
        const usage = usageOf({
          inputTokens,
          outputTokens: output,
          cacheReadTokens: read,
          cacheWriteTokens: write + write1h,
          cacheWrite5mTokens: write,
          cacheWrite1hTokens: write1h,
        });

        const { cost } = pricer.price(priced({ provider, model, usage }));
        const theirs = calcPrice(
          {
            input_tokens: inputTokens,
            output_tokens: output,
            cache_read_tokens: read,
            cache_write_tokens: write + write1h,
            cache_write_1h_tokens: write1h,
          },
          model,
          { providerId, timestamp },
        );

        // Theirs is in numbers: a few parts in 10^15 off, and as much off the picodollar.
        const total = theirs?.total_price ?? Number.NaN;
        expect(Math.abs((cost?.amount ?? Number.NaN) - total)).toBeLessThan(1e-12 + total * 1e-13);
      }),
      { numRuns: 5000, seed: 4 },
    );
  });

  it('gives it for every tier of every model, on both sides of its edge', () => {
    const edges = [127_999, 128_000, 128_001, 199_999, 200_000, 200_001, 271_999, 272_000, 272_001];
    const off = models.flatMap(({ provider, providerId, model }) =>
      edges.filter((inputTokens) => {
        const usage = usageOf({ inputTokens, outputTokens: 10 });
        const { cost } = pricer.price(priced({ provider, model, usage }));
        const theirs = calcPrice({ input_tokens: inputTokens, output_tokens: 10 }, model, {
          providerId,
          timestamp,
        });
        return !(
          Math.abs((cost?.amount ?? Number.NaN) - (theirs?.total_price ?? Number.NaN)) < 1e-11
        );
      }),
    );

    expect(off).toEqual([]);
  });

  it('differs on audio without a rate, which the package bills as text', () => {
    const usage = usageOf({ inputTokens: 100, outputTokens: 50, audioInputTokens: 90 });
    const theirs = calcPrice(
      { input_tokens: 100, input_audio_tokens: 90, output_tokens: 50 },
      'gpt-4o-audio-preview',
      { providerId: 'openai' },
    );

    expect(theirs?.input_price).toBeCloseTo(100 * 2.5e-6, 12);
    expect(pricer.price(priced({ model: 'gpt-4o-audio-preview', usage }))).toEqual({
      unpriced: 'unknown_rate',
    });
  });
});
