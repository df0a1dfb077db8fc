import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import { createGateway, fallback, type LogRow, primary, target } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { recordSpans } from './support/recording.js';

it('a translated call is told by each span in its own words, content included', async () => {
  const recording = recordSpans();
  const rows: LogRow[] = [];
  const claude = target({
    name: 'claude',
    client: new Anthropic({
      apiKey: 'k',
      fetch: createInMemoryFetch({
        text: 'The answer.',
        usage: { inputTokens: 10, outputTokens: 3, cachedTokens: 4 },
      }),
    }),
    model: 'claude-sonnet-4-6',
  });
  const gateway = createGateway({
    route: fallback(primary, claude),
    telemetry: { tracerProvider: recording.tracerProvider, captureContent: 'span' },
    log: { sink: (row) => void rows.push(row) },
  });
  const client = gateway.wrap(
    new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: createInMemoryFetch({ status: 503 }) }),
  );
  await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why?' },
    ],
  });
  await gateway.flush();
  const [own, other] = recording
    .spans()
    .filter(
      ({ attributes }) =>
        attributes['gen_ai.provider.name'] !== undefined &&
        attributes['server.address'] !== undefined,
    );

  expect(own?.attributes).toMatchObject({
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'error.type': '503',
  });
  expect(other?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-sonnet-4-6',
    'gen_ai.response.finish_reasons': ['end_turn'],
    'gen_ai.usage.input_tokens': 14,
    'gen_ai.usage.output_tokens': 3,
  });
  expect(JSON.parse(String(other?.attributes['gen_ai.input.messages']))).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'Why?' }] },
  ]);
  expect(JSON.parse(String(other?.attributes['gen_ai.output.messages']))).toMatchObject([
    { role: 'assistant', parts: [{ type: 'text', content: 'The answer.' }] },
  ]);
  expect(rows).toMatchObject([
    {
      operation: 'chat',
      target: 'claude',
      provider: 'anthropic',
      usage: { inputTokens: 14, outputTokens: 3, cacheReadTokens: 4 },
    },
  ]);
  expect(rows[0]?.cost).toBeGreaterThan(0);
});
