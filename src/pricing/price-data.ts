import { isNamed } from './match-name.js';
import type { DataPrice, PriceMatch, PriceSource } from './price-source.js';
import type { ModelPrices, RateName } from './pricing-options.js';

/** What the price data says of a model, from one time to another. */
export interface Listing {
  readonly prices: ModelPrices;
  /** Whether the model was found by likeness only. */
  readonly approximate: boolean;
}

/** Where the price data's providers are called otherwise than `gen_ai.provider.name` calls them. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'aws.bedrock': 'aws',
  'azure.ai.inference': 'azure',
  'azure.ai.openai': 'azure',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  'gcp.vertex_ai': 'google',
  mistral_ai: 'mistral',
  moonshot_ai: 'moonshotai',
  x_ai: 'x-ai',
};

interface DataRate {
  readonly name: RateName;
  /** What the data's figure is divided by to be ours: they price a thousand requests or searches. */
  readonly per: number;
}

const RATES: Readonly<Record<string, DataRate>> = {
  input_mtok: { name: 'input', per: 1 },
  output_mtok: { name: 'output', per: 1 },
  cache_read_mtok: { name: 'cacheRead', per: 1 },
  cache_write_mtok: { name: 'cacheWrite', per: 1 },
  cache_write_5m_mtok: { name: 'cacheWrite', per: 1 },
  cache_write_1h_mtok: { name: 'cacheWrite1h', per: 1 },
  input_audio_mtok: { name: 'audioInput', per: 1 },
  output_audio_mtok: { name: 'audioOutput', per: 1 },
  cache_audio_read_mtok: { name: 'audioCacheRead', per: 1 },
  input_image_mtok: { name: 'imageInput', per: 1 },
  cache_image_read_mtok: { name: 'imageCacheRead', per: 1 },
  output_image_mtok: { name: 'imageOutput', per: 1 },
  output_reasoning_mtok: { name: 'reasoning', per: 1 },
  requests_kcount: { name: 'request', per: 1000 },
  web_searches_kcount: { name: 'webSearch', per: 1000 },
};

/** How Google's own endpoints write what the data lists bare. */
const GOOGLE_PREFIX = /^(?:publishers\/google\/)?(?:models|google)\//;

/** A model that its very name calls free has no prices in the data. */
const FREE: ModelPrices = { input: 0, output: 0 };

/** Looks a model up. Nothing where the data does not know it, or cannot be read. */
export function lookUp(
  source: PriceSource,
  { provider, model, at }: { provider: string; model: string; at: number },
): { match: PriceMatch; listing: Listing } | undefined {
  const providerId = providerIdOf(provider);
  const name = providerId === 'google' ? model.replace(GOOGLE_PREFIX, '') : model;
  try {
    const match = source.calcPrice({}, name, { providerId, timestamp: new Date(at) });
    // The data finds providers by likeness too: `my-anthropic-proxy` is anthropic to it.
    if (match === null || match.provider.id !== providerId) return undefined;
    const isFree = Object.keys(match.model_price).length === 0 && name.endsWith(':free');
    const prices = isFree ? FREE : toPrices(match.model_price);
    return { match, listing: { prices, approximate: !isNamed(match.model, name) } };
  } catch {
    // Data that the application updated may be of any kind.
    return undefined;
  }
}

function providerIdOf(provider: string): string {
  const known = Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined;
  return known ?? provider;
}

function toPrices(listed: PriceMatch['model_price']): ModelPrices {
  const base: Partial<Record<RateName, number>> = {};
  const tiers = new Map<number, Partial<Record<RateName, number>>>();
  for (const [key, price] of Object.entries(listed)) {
    const rate = Object.hasOwn(RATES, key) ? RATES[key] : undefined;
    if (rate === undefined || price === undefined) continue;
    base[rate.name] = basePrice(price) / rate.per;
    if (typeof price === 'number') continue;
    for (const { start, price: above } of price.tiers) {
      const tier = tiers.get(start) ?? {};
      tier[rate.name] = above / rate.per;
      tiers.set(start, tier);
    }
  }
  return { ...base, tiers: Array.from(tiers, ([above, rates]) => ({ above, ...rates })) };
}

function basePrice(price: DataPrice): number {
  return typeof price === 'number' ? price : price.base;
}
