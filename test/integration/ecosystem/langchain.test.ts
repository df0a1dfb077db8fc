import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

describe.each([
  ['chat', false],
  ['responses', true],
] as const)("LangChain's ChatOpenAI over gateway.fetch: %s", (operation, useResponsesApi) => {
  function setUp() {
    const gateway = createGateway();
    const settled: Settlement[] = [];
    gateway.on('settled', (settlement) => settled.push(settlement));
    const model = new ChatOpenAI({
      apiKey: 'test',
      model: 'm',
      maxRetries: 0,
      useResponsesApi,
      configuration: { baseURL: provider.baseURL, fetch: gateway.fetch },
    });
    return { model, settled };
  }

  it('invokes', async () => {
    const { model, settled } = setUp();

    const answer = await model.invoke([new HumanMessage('hi there')]);

    expect(answer.text).toBe('echo: hi there');
    expect(settled).toMatchObject([
      {
        operation,
        outcome: 'success',
        text: 'echo: hi there',
        usage: { outputTokens: expect.any(Number) },
      },
    ]);
  });

  it('streams', async () => {
    const { model, settled } = setUp();

    const pieces: string[] = [];
    for await (const chunk of await model.stream('one two')) pieces.push(chunk.text);

    expect(pieces.filter(Boolean)).toEqual(['echo:', ' one', ' two']);
    expect(settled).toMatchObject([{ stream: true, outcome: 'success', text: 'echo: one two' }]);
  });

  it('calls tools', async () => {
    const { model } = setUp();
    provider.enqueue({ toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] });
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const weather = { type: 'function', function: { name: 'weather', parameters: schema } };

    const answer = await model.bindTools([weather]).invoke('weather?');

    expect(answer.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Oslo' } }]);
  });

  it('reports an error in the words of the provider', async () => {
    const { model } = setUp();
    provider.enqueue({ status: 401, error: { message: 'no such key' } });

    await expect(model.invoke('hi')).rejects.toThrow('no such key');
  });
});

describe("LangChain's OpenAIEmbeddings over gateway.fetch", () => {
  it('embeds', async () => {
    const gateway = createGateway();
    provider.enqueue({ embeddings: [[0.5, -0.25]] });
    const model = new OpenAIEmbeddings({
      apiKey: 'test',
      model: 'm',
      maxRetries: 0,
      configuration: { baseURL: provider.baseURL, fetch: gateway.fetch },
    });

    expect(await model.embedQuery('hello')).toEqual([0.5, -0.25]);
  });
});
