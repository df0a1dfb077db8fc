import type { Attributes, Meter } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { ErrorTypes } from '../../../src/telemetry/error-type.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { resolveTelemetryOptions } from '../../../src/telemetry/telemetry-options.js';

const CALLS = 100_000;

/** A meter that keeps nothing but which attribute sets it was given. */
function countingMeter() {
  const sets = new Set<string>();
  const models = new Set<unknown>();
  const errors = new Set<unknown>();
  const instrument = (name: string) => {
    const take = (_value: number, attributes: Attributes = {}) => {
      sets.add(`${name} ${JSON.stringify(attributes)}`);
      models.add(attributes['gen_ai.request.model']);
      errors.add(attributes['error.type']);
    };
    return { record: take, add: take };
  };
  // The instruments that metrics use, and no other member of a meter.
  const meter = { createHistogram: instrument, createCounter: instrument } as unknown as Meter;
  return { meter, sets, models, errors };
}

describe.each(['v1.41', 'latest', 'both'] as const)('profile %s', (profile) => {
  it('stays within 200 models and 2,000 attribute sets, whatever 100,000 calls are made of', () => {
    const { meter, sets, models, errors } = countingMeter();
    const settings = resolveTelemetryOptions({ profile, metricMetadata: ['user'] });
    const metrics = new Metrics(meter, settings);
    const errorTypes = new ErrorTypes();

    for (let call = 0; call < CALLS; call += 1) {
      const letters = [...String(call)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
      const failure = {
        kind: 'status',
        code: `code_${letters}`,
        message: `error ${call}`,
      } as const;
      const errorType = call % 2 === 0 ? errorTypes.of(failure, 'openai') : undefined;
      const metadata = { user: `user-${call}` };
      metrics.recordTarget({
        operation: 'chat',
        provider: `provider-${call}`,
        requestModel: `model-${call}`,
        responseModel: `model-${call}-2026`,
        host: `host-${call}`,
        port: 443,
        serviceTier: `tier-${call}`,
        fingerprint: `fp-${call}`,
        errorType,
        durationSeconds: 1,
        firstChunkSeconds: 0.1,
        perChunkSeconds: 0.01,
        usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 1, reasoningTokens: 1 },
        cost: { amount: 0.1, currency: 'USD', source: 'local' },
        metadata,
      });
      metrics.recordCall({
        ...{ operation: 'chat', outcome: 'success', durationSeconds: 1 },
        ...{ decisions: [], metadata },
      });
    }

    models.delete(undefined);
    errors.delete(undefined);
    expect(sets.size).toBeLessThanOrEqual(2_000);
    expect(models.size).toBeLessThanOrEqual(201);
    expect(errors.size).toBeLessThanOrEqual(65);
  });

  it('tells ordinary calls apart: 100 models, both outcomes', () => {
    const { meter, sets } = countingMeter();
    const metrics = new Metrics(meter, resolveTelemetryOptions({ profile }));

    for (let call = 0; call < 1_000; call += 1) {
      metrics.recordTarget({
        operation: 'chat',
        provider: 'openai',
        requestModel: `model-${call % 100}`,
        responseModel: `model-${call % 100}`,
        host: 'api.openai.com',
        port: 443,
        serviceTier: 'default',
        fingerprint: undefined,
        errorType: call < 500 ? undefined : '429',
        durationSeconds: 1,
        firstChunkSeconds: 0.1,
        perChunkSeconds: 0.01,
        usage: { inputTokens: 1, outputTokens: 1 },
        cost: undefined,
        metadata: {},
      });
    }

    expect([...sets].filter((set) => set.includes('otel.metric.overflow'))).toEqual([]);
  });

  it('puts what there is no room for into one set for each instrument', () => {
    const { meter, sets } = countingMeter();
    const settings = resolveTelemetryOptions({ profile, metricMetadata: ['user'] });
    const metrics = new Metrics(meter, settings);

    for (let call = 0; call < CALLS; call += 1) {
      metrics.recordTarget({
        operation: 'chat',
        provider: 'openai',
        requestModel: `model-${call % 97}`,
        responseModel: `model-${call % 97}`,
        host: `host-${call % 41}`,
        port: 443,
        serviceTier: undefined,
        fingerprint: undefined,
        errorType: undefined,
        durationSeconds: 1,
        firstChunkSeconds: undefined,
        perChunkSeconds: undefined,
        usage: { inputTokens: 1, outputTokens: 1 },
        cost: undefined,
        metadata: { user: `user-${call % 47}` },
      });
    }

    const overflow = [...sets].filter((set) => set.includes('otel.metric.overflow'));
    expect(sets.size).toBeLessThanOrEqual(2_000);
    expect(overflow.length).toBeGreaterThan(0);
  });
});
