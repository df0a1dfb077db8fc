import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway, perCall } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { RULES } from '../../fixtures/telemetry/semconv-rules.js';
import { recordMetrics, recordSpans, type SeenPoint } from './support/recording.js';

const chat = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Hi.' }] };
const usage = { inputTokens: 11, outputTokens: 7, cachedTokens: 3, reasoningTokens: 2 };

type Profile = 'v1.41' | 'latest' | 'both';

/** One call of each kind, and what the meter had of it. */
async function measure(profile: Profile): Promise<readonly SeenPoint[]> {
  const { meterProvider, points } = recordMetrics();
  const fetch = createInMemoryFetch({ text: 'One two three.', usage });
  const gateway = createGateway({
    telemetry: { meterProvider, profile, metricMetadata: ['tenant'] },
    metadata: { tenant: 'acme', secret: 'not listed' },
  });
  const client = gateway.wrap(new OpenAI({ apiKey: 'sk-test', fetch, maxRetries: 0 }));
  await client.chat.completions.create(chat);
  for await (const _ of await client.chat.completions.create({ ...chat, stream: true }));
  await client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hi.' });
  fetch.enqueue({ status: 429, error: { code: 'rate_limit_exceeded' } });
  await client.chat.completions.create(chat).catch(() => undefined);
  await client.models.list();
  return points();
}

function named(points: readonly SeenPoint[], metric: string): readonly SeenPoint[] {
  return points.filter((point) => point.metric === metric);
}

describe.each(['v1.41', 'latest', 'both'] as const)('the metrics of profile %s', (profile) => {
  const profiles = profile === 'both' ? (['v1.41', 'latest'] as const) : ([profile] as const);
  const rules = profiles.flatMap((name) => RULES[name].metrics);

  it('are those of the conventions, with their units, buckets and attributes', async () => {
    const points = await measure(profile);

    const genAi = points.filter(({ metric }) => metric.startsWith('gen_ai.'));
    expect(genAi.length).toBeGreaterThan(0);
    for (const { metric, unit, attributes, buckets } of genAi) {
      const rule = rules.find(({ name }) => name === metric);
      expect(rule, metric).toBeDefined();
      expect(unit).toBe(rule?.unit);
      expect(buckets).toEqual(rule?.buckets);
      const own = ['openai.response.service_tier', 'openai.response.system_fingerprint'];
      const allowed = new Set([...(rule?.attributes ?? []), ...own, 'zerohop.metadata.tenant']);
      expect(Object.keys(attributes).filter((name) => !allowed.has(name))).toEqual([]);
      expect(attributes).toMatchObject({
        'gen_ai.provider.name': 'openai',
        'zerohop.metadata.tenant': 'acme',
      });
    }
  });

  it('count each target once, with its error', async () => {
    const points = await measure(profile);

    const durations = points.filter(({ metric }) =>
      /^gen_ai\.client\.(?:operation|inference)\.duration$/.test(metric),
    );
    const count = durations.reduce((sum, point) => sum + (point.count ?? 0), 0);
    // Three chats and one embedding; both names while moving.
    expect(count).toBe(profile === 'both' ? 7 : 4);
    expect(durations.map(({ attributes }) => attributes['error.type'])).toContain(
      'rate_limit_exceeded',
    );
  });

  it('time the chunks of streams only', async () => {
    const points = await measure(profile);

    const firsts = points.filter(({ metric }) => metric.endsWith('.time_to_first_chunk'));
    expect(firsts.map(({ count }) => count)).toEqual(profiles.map(() => 1));
    const rest = points.filter(({ metric }) => metric.endsWith('.time_per_output_chunk'));
    expect(rest.map(({ count }) => count)).toEqual(profiles.map(() => 1));
  });
});

describe('tokens', () => {
  it('are counted by type in the released profile', async () => {
    const points = named(await measure('v1.41'), 'gen_ai.client.token.usage');

    const of = (operation: string, type: string) =>
      points.find(
        ({ attributes }) =>
          attributes['gen_ai.operation.name'] === operation &&
          attributes['gen_ai.token.type'] === type,
      );
    expect(of('chat', 'input')).toMatchObject({ count: 2, sum: 22 });
    expect(of('chat', 'output')).toMatchObject({ count: 2, sum: 14 });
    expect(of('embeddings', 'input')).toMatchObject({ count: 1, sum: 11 });
    expect(of('embeddings', 'output')).toBeUndefined();
  });

  it('are counters of their own in the latest profile', async () => {
    const points = await measure('latest');

    const sum = (metric: string) =>
      named(points, `gen_ai.client.inference.usage.${metric}`).reduce(
        (all, one) => all + one.sum,
        0,
      );
    expect(sum('input_tokens')).toBe(33);
    expect(sum('output_tokens')).toBe(14);
    expect(sum('cache_read.input_tokens')).toBe(6);
    expect(sum('reasoning.output_tokens')).toBe(4);
  });

  it('include what Anthropic read from and wrote to its cache', async () => {
    const { meterProvider, points } = recordMetrics();
    const given = { inputTokens: 3, cacheWriteTokens: 12_304, cachedTokens: 0, outputTokens: 550 };
    const fetch = createInMemoryFetch({ usage: given });
    const gateway = createGateway({ telemetry: { meterProvider } });
    const client = gateway.wrap(new Anthropic({ apiKey: 'sk-test', fetch }));

    await client.messages.create({
      model: 'claude-sonnet-4-6',
      max_tokens: 5,
      messages: chat.messages,
    });

    const [input] = named(await points(), 'gen_ai.client.token.usage').filter(
      ({ attributes }) => attributes['gen_ai.token.type'] === 'input',
    );
    expect(input?.sum).toBe(12_307);
  });
});

describe('the metrics of the gateway', () => {
  it('count calls by outcome, passthrough included', async () => {
    const points = named(await measure('v1.41'), 'zerohop.requests');

    const sums = points.map(({ attributes, sum }) => [
      attributes['zerohop.operation'],
      attributes['zerohop.outcome'],
      sum,
    ]);
    expect(sums).toEqual([
      ['chat', 'success', 2],
      ['embeddings', 'success', 1],
      ['chat', 'error', 1],
      ['passthrough', 'success', 1],
    ]);
  });

  it('carry no metadata that was not listed', async () => {
    const points = await measure('both');

    expect(JSON.stringify(points)).not.toContain('not listed');
  });

  it('hold listed metadata to 50 values', async () => {
    const { meterProvider, points } = recordMetrics();
    const gateway = createGateway({ telemetry: { meterProvider, metricMetadata: ['user'] } });
    const client = gateway.wrap(new OpenAI({ apiKey: 'sk-test', fetch: createInMemoryFetch() }));

    for (let user = 0; user < 60; user += 1) {
      await client.chat.completions.create(chat, perCall({ metadata: { user: `u${user}` } }));
    }

    const requests = named(await points(), 'zerohop.requests');
    expect(requests).toHaveLength(51);
    expect(
      requests.find(({ attributes }) => attributes['zerohop.metadata.user'] === '_other')?.sum,
    ).toBe(10);
  });

  it('are recorded where the span is not', async () => {
    const { meterProvider, points } = recordMetrics();
    const recording = recordSpans();
    const gateway = createGateway({ telemetry: { meterProvider } });
    const client = gateway.wrap(new OpenAI({ apiKey: 'sk-test', fetch: createInMemoryFetch() }));

    await client.chat.completions.create(chat);

    expect(recording.ends()).toEqual([]);
    expect(named(await points(), 'gen_ai.client.operation.duration')).toHaveLength(1);
  });
});
