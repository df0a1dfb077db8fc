import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import type { PricedUsage } from '../../../src/pipeline/pricer.js';
import { isNamed } from '../../../src/pricing/match-name.js';
import { amountOf, NOON, priced, usageOf, watchedPricer } from './support/pricing.js';

const usage = usageOf({ inputTokens: 1_000_000 });
const priceOf = (input: Partial<PricedUsage>, options = {}) =>
  amountOf(watchedPricer(options).price(priced({ usage, ...input })));

describe('models of the price data', () => {
  it.each([
    ['openai', 'gpt-4o', 2.5],
    ['openai', 'gpt-4o-2024-08-06', 2.5],
    ['openai', 'gpt-4o-2024-05-13', 5],
    ['openai', 'GPT-4o', 2.5],
    ['openai', 'gpt-4.1-mini-2025-04-14', 0.4],
    ['openai', 'gpt-5-nano-2025-08-07', 0.05],
    ['openai', 'gpt-6-sol-2026-10-01', 4],
    ['openai', 'gpt-3.5-turbo-instruct:20230824-v2', 1.5],
    ['openai', 'ft:gpt-4o-2024-08-06:acme::AbCdEf', 3.75],
    ['openai', 'ft:gpt-4o-mini-2024-07-18:acme:support:Ab:ckpt-step-88', 0.3],
    ['openai', 'text-embedding-3-small', 0.02],
    ['anthropic', 'claude-sonnet-4-5-20250929', 6],
    ['anthropic', 'claude-sonnet-4-5', 6],
    ['anthropic', 'claude-sonnet-4-20250514', 3],
    ['anthropic', 'claude-opus-4-1-20250805', 15],
    ['anthropic', 'claude-3-7-sonnet-latest', 3],
    ['anthropic', 'claude-3-5-haiku-20241022', 0.8],
    ['anthropic', 'claude-haiku-4-5-20251001', 1],
    ['anthropic', 'claude-sonnet-5', 2],
    ['anthropic', 'claude-opus-5-5', 4],
    ['azure.ai.openai', 'gpt-4o-2024-11-20', 2.5],
    ['azure.ai.inference', 'claude-opus-4-7', 5],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-4-20250514-v1:0', 3],
    ['aws.bedrock', 'eu.anthropic.claude-3-5-sonnet-20241022-v2:0', 3],
    ['gcp.vertex_ai', 'claude-sonnet-4-6@20260217', 3],
    ['gcp.vertex_ai', 'google/gemini-2.5-flash', 0.3],
    ['gcp.gemini', 'models/gemini-2.5-flash', 0.3],
    ['groq', 'openai/gpt-oss-20b', 0.075],
    ['mistral_ai', 'magistral-medium-2509', 2],
    ['x_ai', 'grok-3-mini', 0.3],
    ['together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', 0.88],
    ['openrouter', 'agentica-org/deepcoder-14b-preview:free', 0],
  ])('%s %s costs what its own name says', (provider, model, dollars) => {
    expect(priceOf({ provider, model })).toBe(dollars);
  });

  it.each([
    ['anthropic', 'claude-sonnet-5-5'],
    ['anthropic', 'claude-sonnet-5-mini'],
    ['anthropic', 'claude-haiku-4-50'],
    ['anthropic', 'claude-opus-4-5-turbo-20251101'],
    ['openai', 'gpt-5-nano-pro'],
    ['openai', 'gpt-4o-audio-preview-mini'],
    ['deepseek', 'deepseek-chat-v9'],
    ['gcp.gemini', 'gemini-2.5-pro-ultra'],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-5-5-v1:0'],
  ])('%s %s is known by likeness only', (provider, model) => {
    const exact = watchedPricer().price(priced({ usage, provider, model }));
    const approximate = watchedPricer({ approximate: true }).price(
      priced({ usage, provider, model }),
    );

    expect(exact.unpriced).toBe('unknown_model');
    expect(approximate.cost?.approximate).toBe(true);
    expect(approximate.cost?.amount).toBeGreaterThan(0);
  });

  it.each([
    ['openai', 'gpt-4o-2099-01-01'],
    ['openai', 'brand-new-model'],
    ['openai', ''],
    ['my-anthropic-proxy', 'claude-sonnet-5'],
    ['nobody', 'gpt-4o'],
    ['litellm', 'openai/gpt-4o'],
    ['__proto__', 'constructor'],
  ])('%s %s is not known at all', (provider, model) => {
    expect(priceOf({ provider, model }, { approximate: true })).toBe('unknown_model');
  });

  it('whose data names no price are not free', () => {
    expect(priceOf({ provider: 'cerebras', model: 'qwen-3-coder-480b' })).toBe('unknown_rate');
  });

  it('are never approximate under the names the data lists', () => {
    const openai = findProvider({ providerId: 'openai' });
    const listed = openai?.models.flatMap(({ match }) =>
      'or' in match ? match.or.flatMap((one) => ('equals' in one ? [one.equals] : [])) : [],
    );

    const missed = listed?.filter((name) => {
      const found = calcPrice({}, name, { providerId: 'openai' });
      return !found || !isNamed(found.model, name);
    });

    expect(listed?.length).toBeGreaterThan(100);
    expect(missed).toEqual([]);
  });
});

describe('the name that was asked for', () => {
  it('counts where the answer is a snapshot that the data does not list', () => {
    expect(priceOf({ model: 'gpt-5-pro-2026-12-01', requestModel: 'gpt-5-pro' })).toBe(15);
  });

  it('counts where it says in which region the model ran', () => {
    const answered = { provider: 'aws.bedrock', model: 'claude-sonnet-4-5-20250929' };
    const asked = (region: string) =>
      priceOf({ ...answered, requestModel: `${region}.anthropic.claude-sonnet-4-5-20250929-v1:0` });

    expect(asked('us')).toBe(3.3);
    expect(asked('global')).toBe(3);
  });

  it('does not stand in for another model', () => {
    expect(priceOf({ model: 'brand-new-model', requestModel: 'gpt-4o' })).toBe('unknown_model');
  });

  it('stands in for an answer that names none', () => {
    expect(priceOf({ model: undefined, requestModel: 'gpt-4o' })).toBe(2.5);
    expect(priceOf({ model: undefined })).toBe('unknown_model');
  });
});

describe('prices that change', () => {
  it.each([
    ['o3', Date.UTC(2025, 5, 9, 23, 59, 59, 999), 'openai', 10],
    ['o3', Date.UTC(2025, 5, 10), 'openai', 2],
    ['deepseek-chat', Date.UTC(2025, 7, 1, 16, 29, 59, 999), 'deepseek', 0.27],
    ['deepseek-chat', Date.UTC(2025, 7, 1, 16, 30), 'deepseek', 0.135],
    ['deepseek-chat', Date.UTC(2025, 7, 1, 0, 29), 'deepseek', 0.135],
    ['deepseek-chat', Date.UTC(2025, 7, 1, 0, 30), 'deepseek', 0.27],
  ])('%s at %d', (model, at, provider, dollars) => {
    expect(priceOf({ model, at, provider })).toBe(dollars);
  });

  it('are noticed in the middle of an hour by the same pricer', () => {
    const pricer = watchedPricer();
    const at = (minute: number) =>
      amountOf(
        pricer.price(
          priced({
            usage,
            provider: 'deepseek',
            model: 'deepseek-chat',
            at: Date.UTC(2025, 7, 1, 16, minute),
          }),
        ),
      );

    expect([at(0), at(29), at(30), at(59), at(5)]).toEqual([0.27, 0.27, 0.135, 0.135, 0.27]);
  });

  it('are looked up once for a model and an hour', () => {
    let lookUps = 0;
    const source = {
      calcPrice: (...query: Parameters<typeof calcPrice>) => {
        lookUps += 1;
        return calcPrice(...query);
      },
    };
    const pricer = watchedPricer({ source });

    for (let minute = 0; minute < 150; minute += 1) {
      pricer.price(priced({ usage, at: NOON + minute * 60_000 }));
      pricer.price(priced({ usage, model: 'nope', at: NOON + minute * 60_000 }));
    }

    expect(lookUps).toBe(6);
  });
});
