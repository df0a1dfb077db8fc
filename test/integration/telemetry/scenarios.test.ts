import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { plain } from '../drop-in/support/observe.js';
import { anthropicScenarios } from './support/anthropic-scenarios.js';
import { openaiScenarios } from './support/openai-scenarios.js';
import { recordSpans, type SeenSpan, see } from './support/recording.js';
import type { ExpectedSpan, Scenario } from './support/scenario.js';

let provider: FakeProvider;
const recording = recordSpans();
const gateway = createGateway({ telemetry: { tracerProvider: recording.tracerProvider } });

beforeAll(async () => {
  provider = await startFakeProvider({ now: () => 0 });
});
beforeEach(() => recording.reset());
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

function expectSpan({ name, kind, status, attributes }: SeenSpan, expected: ExpectedSpan): void {
  const { usage, finishReasons, errorType } = expected;
  expect(name).toBe(expected.name);
  expect(kind).toBe('CLIENT');
  expect(status).toBe(expected.status ?? 'UNSET');
  expect(attributes['error.type']).toBe(errorType);
  expect(attributes['gen_ai.response.finish_reasons'] ?? null).toEqual(finishReasons ?? null);
  expect(attributes['zerohop.stream.outcome']).toBe(expected.aborted ? 'aborted' : undefined);
  if (usage !== undefined) {
    expect([
      attributes['gen_ai.usage.input_tokens'],
      attributes['gen_ai.usage.output_tokens'],
    ]).toEqual([usage?.[0], usage?.[1]]);
  }
  if (expected.firstChunk) {
    expect(attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
  }
}

async function play<Client extends object>(client: Client, scenario: Scenario<Client>) {
  provider.reset();
  for (const reply of scenario.replies ?? []) provider.enqueue(reply);
  return plain(await scenario.run(client));
}

async function compare<Client extends object>(
  client: Client,
  scenario: Scenario<Client>,
): Promise<void> {
  const bare = await play(client, scenario);
  const through = await play(gateway.wrap(client), scenario);
  await recording.allEnded();

  if (scenario.differs === undefined) expect(through).toEqual(bare);
  const spans = recording.spans().map(see);
  expect(recording.ends()).toEqual(scenario.spans.map(() => 1));
  expect(spans).toHaveLength(scenario.spans.length);
  for (const [index, expected] of scenario.spans.entries()) {
    const span = spans[index];
    if (span) expectSpan(span, expected);
  }
}

describe('the scenarios of OpenAI', () => {
  it.each(openaiScenarios.map((scenario) => [scenario.name, scenario] as const))(
    'leave the result alone and end each span once: %s',
    (_name, scenario) =>
      compare(
        new OpenAI({ apiKey: 'sk-test', baseURL: provider.baseURL, maxRetries: 0 }),
        scenario,
      ),
  );

  it('are all 27', () => {
    expect(openaiScenarios).toHaveLength(27);
  });
});

describe('the scenarios of Anthropic', () => {
  it.each(anthropicScenarios.map((scenario) => [scenario.name, scenario] as const))(
    'leave the result alone and end each span once: %s',
    (_name, scenario) => {
      const baseURL = provider.anthropicBaseURL;
      return compare(new Anthropic({ apiKey: 'sk-test', baseURL, maxRetries: 0 }), scenario);
    },
  );
});
