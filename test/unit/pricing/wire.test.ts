import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import type { CanonicalEvent } from '../../../src/dialects/canonical-events.js';
import { createReader } from '../../../src/dialects/create-reader.js';
import { createWriter } from '../../../src/dialects/create-writer.js';
import type { DialectName, DialectReader } from '../../../src/dialects/dialect.js';
import { SseDecoder, type SseFrame } from '../../../src/dialects/sse-decoder.js';
import type { PricedUsage } from '../../../src/pipeline/pricer.js';
import type { ResponseFacts, Usage } from '../../../src/pipeline/settlement.js';
import { loadRecordings, type WireExchange } from '../../support/wire/exchange.js';
import { NOON, watchedPricer } from './support/pricing.js';

const DIALECTS: Readonly<Record<string, DialectName>> = {
  'openai.chat': 'openai-chat',
  'openai.responses': 'openai-responses',
  'anthropic.messages': 'anthropic-messages',
  'openai.completions': 'openai-completions',
  'openai.embeddings': 'openai-embeddings',
};

/** Ours for the names of the folders. */
const PROVIDERS: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  'bedrock-mantle': 'aws.bedrock',
  mistral: 'mistral_ai',
  xai: 'x_ai',
};

interface Reported extends WireExchange {
  readonly dialect: DialectName;
  readonly facts: ResponseFacts;
  readonly usage: Usage;
}

const recordings = loadRecordings();
const reported = recordings.flatMap((exchange): Reported[] => {
  const dialect = DIALECTS[exchange.api];
  if (dialect === undefined || exchange.response.status >= 400) return [];
  const facts = read(dialect, exchange.response.body).facts();
  return facts.usage ? [{ ...exchange, dialect, facts, usage: facts.usage }] : [];
});

const pricer = watchedPricer();
const costOf = (exchange: Reported) => pricer.price(pricedOf(exchange));

function pricedOf({ provider, request, facts }: Reported): PricedUsage {
  const asked: unknown = Reflect.get(Object(request?.body), 'model');
  const requestModel = typeof asked === 'string' ? asked : undefined;
  return {
    usage: facts.usage,
    provider: PROVIDERS[provider] ?? provider,
    target: provider,
    model: facts.model ?? requestModel,
    requestModel,
    serviceTier: facts.serviceTier,
    at: NOON,
  };
}

function read(dialect: DialectName, body: unknown, events?: CanonicalEvent[]): DialectReader {
  const reader = createReader(dialect, events && { onEvent: (event) => events.push(event) });
  if (typeof body !== 'string') {
    reader.readBody(body);
    return reader;
  }
  const decoder = new SseDecoder();
  const frames: SseFrame[] = [];
  decoder.push(Buffer.from(body), frames);
  decoder.flush(frames);
  for (const { event, data } of frames) {
    if (data === '[DONE]') reader.readDone();
    else if (data !== null) reader.readEvent(event, JSON.parse(data));
  }
  return reader;
}

describe.skipIf(recordings.length === 0)('every recorded exchange that carries usage', () => {
  it('is one of hundreds, most of them with a price', () => {
    const results = reported.map(costOf);

    expect(reported.length).toBeGreaterThan(380);
    expect(results.filter(({ cost }) => cost).length / results.length).toBeGreaterThan(0.8);
  });

  it('costs a number that is not negative, or nothing and says why', () => {
    const wrong = reported.filter((exchange) => {
      const { cost, unpriced } = costOf(exchange);
      if (cost === undefined) return unpriced === undefined;
      const { currency, source, approximate, ...figures } = cost;
      return (
        currency !== 'USD' ||
        approximate !== undefined ||
        Object.values(figures).some((value = NaN) => !(Number.isFinite(value) && value >= 0))
      );
    });

    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('counts no token twice: the input is what was not cached, what was read and what was written', () => {
    const wrong = reported.filter(({ usage: { iterations: _, ...usage } }) => {
      if (usage.invalid || usage.inputTokens === undefined) return false;
      const uncached =
        usage.inputTokens - (usage.cacheReadTokens ?? 0) - (usage.cacheWriteTokens ?? 0);
      const flat = {
        input: 1,
        output: 0,
        cacheRead: 100,
        cacheWrite: 10_000,
        cacheWrite1h: 10_000,
      };
      const rates = {
        ...flat,
        audioInput: 1,
        audioCacheRead: 100,
        audioOutput: 0,
        imageOutput: 0,
        webSearch: 0,
      };
      const { cost } = watchedPricer({ models: { flat: rates } }).price({
        usage: { ...usage, reportedCost: undefined },
        provider: 'nobody',
        target: 'flat',
        model: 'flat',
        at: NOON,
      });
      const tokens =
        uncached + 100 * (usage.cacheReadTokens ?? 0) + 10_000 * (usage.cacheWriteTokens ?? 0);
      return uncached < 0 || cost?.amount !== tokens / 1e6;
    });

    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('costs the same as a stream and as a body', () => {
    const wrong = reported.filter((exchange) => {
      const { dialect } = exchange;
      const events: CanonicalEvent[] = [];
      read(dialect, exchange.response.body, events);
      if (dialect === 'openai-embeddings' || !exchange.facts.complete) return false;
      const writer = createWriter(dialect);
      const body = read(dialect, writer.json(events)).facts();
      const frames = Array.from(
        writer.sse(events),
        ({ event, data }) => `${event === null ? '' : `event: ${event}\n`}data: ${data}\n\n`,
      );
      const stream = read(dialect, frames.join('')).facts();
      const costs = [body, stream].map((facts) => costOf({ ...exchange, facts }));
      return JSON.stringify(costs[0]) !== JSON.stringify(costs[1]);
    });

    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('costs what the package makes of the same body, where it reads such bodies', () => {
    const compared: string[] = [];
    const wrong = reported.filter((exchange) => {
      const theirs = priceByPackage(exchange);
      const { cost } = costOf(exchange);
      // The package does not see the searches that Responses counts beside the usage.
      const hasFees = (cost?.requests ?? 0) > 0;
      if (theirs === undefined || cost?.source !== 'local' || hasFees) return false;
      compared.push(exchange.id);
      return Math.abs(cost.amount - theirs) > 1e-12;
    });

    expect(wrong.map(({ id }) => id)).toEqual([]);
    expect(compared.length).toBeGreaterThan(80);
  });

  it('costs what xAI says it does, by our own multiplication too', () => {
    const billed = reported.filter(
      ({ provider, usage }) => provider === 'xai' && usage.reportedCost,
    );
    const searched = (usage: Usage) => Number(usage.reported.num_server_side_tools_used ?? 0) > 0;

    const differences = billed
      .filter(({ usage }) => !searched(usage))
      .map((exchange) => {
        const { reportedCost, ...usage } = exchange.usage;
        const { cost } = pricer.price({ ...pricedOf(exchange), usage });
        return cost && Math.abs(cost.amount - (reportedCost ?? 0)) < 1e-12 ? 0 : exchange.id;
      });

    expect(differences.length).toBeGreaterThan(3);
    expect(new Set(differences)).toEqual(new Set([0]));
  });
});

if (recordings.length === 0) {
  describe('recorded exchanges', () => {
    it.skip('SKIPPED: ../shared/wire is not here, so that no recorded usage was priced', () => {});
  });
}

/** What the package says of a JSON body at the standard tier; nothing where it has no say. */
function priceByPackage({ provider, dialect, response, facts }: Reported): number | undefined {
  const flavours: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    openai: {
      'openai-chat': 'chat',
      'openai-responses': 'responses',
      'openai-embeddings': 'embeddings',
    },
    anthropic: { 'anthropic-messages': 'default' },
    groq: { 'openai-chat': 'default' },
    mistral: { 'openai-chat': 'default' },
  };
  const flavour = flavours[provider]?.[dialect];
  const data = findProvider({ providerId: provider });
  const { usage, serviceTier = 'default', model } = facts;
  const isStandard = ['default', 'standard', 'on_demand'].includes(serviceTier);
  if (!flavour || !data || !model || !isStandard || typeof response.body === 'string')
    return undefined;
  if (usage?.iterations || usage?.audioInputTokens || usage?.audioOutputTokens) return undefined;
  try {
    const { usage: counts } = extractUsage(data, response.body, flavour);
    return calcPrice(counts, model, { providerId: provider, timestamp: new Date(NOON) })
      ?.total_price;
  } catch {
    return undefined;
  }
}
