import * as genaiPrices from '@pydantic/genai-prices';
import { describe, expect, it, vi } from 'vitest';
import { loadPriceSource } from '../../../src/pricing/price-source.js';
import { RecentMap } from '../../../src/pricing/recent-map.js';
import { amountOf, priced, usageOf, watchedPricer } from './support/pricing.js';

const missing = () => {
  throw new Error("Cannot find module '@pydantic/genai-prices'\nRequire stack:\n- /secret/place");
};

describe('the price data', () => {
  it('is the package, found without waiting', () => {
    expect(
      loadPriceSource().calcPrice({}, 'gpt-4o', { providerId: 'openai', timestamp: new Date() })
        ?.model.id,
    ).toBe('gpt-4o');
  });

  it('is loaded once, when the first model is looked up', () => {
    const load = vi.fn(loadPriceSource);
    const pricer = watchedPricer({ models: { own: { input: 1 } } }, load);

    pricer.price(priced({ model: 'own' }));
    pricer.price(priced({ usage: usageOf({ reportedCost: 1 }) }));
    pricer.price(priced({ usage: usageOf({ invalid: true }) }));
    expect(load).not.toHaveBeenCalled();

    pricer.price(priced());
    pricer.price(priced({ model: 'gpt-5' }));
    expect(load).toHaveBeenCalledOnce();
  });

  it('that is missing costs one warning, and only what it would have priced', () => {
    const load = vi.fn(missing);
    const pricer = watchedPricer({ models: { own: { input: 1 } } }, load);

    const results = ['gpt-4o', 'gpt-5', 'own'].map((model) =>
      amountOf(pricer.price(priced({ model }))),
    );

    expect(results).toEqual(['no_prices', 'no_prices', 1]);
    expect(load).toHaveBeenCalledOnce();
    expect(pricer.warnings).toEqual([
      'the price data @pydantic/genai-prices cannot be loaded: no price is known',
    ]);
  });

  it('can be handed over', () => {
    const load = vi.fn(missing);

    expect(amountOf(watchedPricer({ source: genaiPrices }, load).price(priced()))).toBe(2.5);
    expect(load).not.toHaveBeenCalled();
  });

  it('that throws prices nothing and fails nothing', () => {
    const source = { calcPrice: missing };

    expect(watchedPricer({ source }).price(priced())).toEqual({ unpriced: 'unknown_model' });
  });
});

describe('what is remembered of it', () => {
  it('is bounded, and keeps what is used', () => {
    const map = new RecentMap<number>(100);

    for (let index = 0; index < 10_000; index += 1) {
      map.set(String(index), index);
      expect(map.get('0')).toBe(0);
    }

    expect(map.size).toBeLessThanOrEqual(200);
    expect(map.get('9999')).toBe(9999);
    expect(map.get('5000')).toBeUndefined();
  });

  it('stays bounded with ever new models, targets and tiers', () => {
    const pricer = watchedPricer({ source: { calcPrice: () => null } });
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;

    for (let index = 0; index < 30_000; index += 1) {
      pricer.price(priced({ model: `m${index}`, target: `t${index}`, serviceTier: `s${index}` }));
      pricer.price(priced({ model: 'one', target: `t${index}`, serviceTier: `s${index}` }));
    }

    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
  });
});
