import {
  Agent,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
  tool,
} from '@openai/agents';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayClient, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';

let provider: FakeProvider;
beforeAll(async () => {
  setTracingDisabled(true);
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

describe.each([
  ['chat', OpenAIChatCompletionsModel],
  ['responses', OpenAIResponsesModel],
] as const)('@openai/agents with a wrapped client: %s', (operation, Model) => {
  function setUp() {
    const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL });
    const settled: Settlement[] = [];
    client.gateway.on('settled', (settlement) => settled.push(settlement));
    const weather = tool({
      name: 'weather',
      description: 'Tells the weather',
      parameters: z.object({ city: z.string() }),
      execute: ({ city }) => `rain in ${city}`,
    });
    const agent = new Agent({
      name: 'Forecaster',
      instructions: 'Use the tool.',
      model: new Model(client, 'm'),
      tools: [weather],
    });
    provider.enqueue({ toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] });
    provider.enqueue({ text: 'It rains.' });
    return { agent, settled };
  }

  it('runs with a tool', async () => {
    const { agent, settled } = setUp();

    const { finalOutput } = await run(agent, 'weather?');

    expect(finalOutput).toBe('It rains.');
    expect(provider.requests[1]?.text).toContain('rain in Oslo');
    expect(settled).toMatchObject([
      { operation, outcome: 'success', choices: [{ toolCalls: [{ name: 'weather' }] }] },
      { operation, outcome: 'success', text: 'It rains.' },
    ]);
  });

  it('runs streamed, with a tool', async () => {
    const { agent, settled } = setUp();

    const result = await run(agent, 'weather?', { stream: true });
    let text = '';
    for await (const piece of result.toTextStream()) text += piece;
    await result.completed;

    expect(text).toBe('It rains.');
    expect(result.finalOutput).toBe('It rains.');
    expect(settled).toMatchObject([
      { operation, stream: true, outcome: 'success' },
      { operation, stream: true, outcome: 'success', text: 'It rains.' },
    ]);
  });
});
