import { OpenAI as LlamaOpenAI, OpenAIEmbedding } from '@llamaindex/openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayClient, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

const messages = [{ role: 'user' as const, content: 'one two' }];

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

function setUp() {
  const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL });
  const settled: Settlement[] = [];
  client.gateway.on('settled', (settlement) => settled.push(settlement));
  // It brings an openai of its own, whose client has other private members.
  return { session: client as never, settled };
}

describe('LlamaIndex with a wrapped client as its session', () => {
  it('chats', async () => {
    const { session, settled } = setUp();

    const { message } = await new LlamaOpenAI({ model: 'gpt-4o', session }).chat({ messages });

    expect(message.content).toBe('echo: one two');
    expect(settled).toMatchObject([{ operation: 'chat', outcome: 'success' }]);
  });

  it('streams', async () => {
    const { session, settled } = setUp();
    const model = new LlamaOpenAI({ model: 'gpt-4o', session });

    let text = '';
    for await (const { delta } of await model.chat({ messages, stream: true })) text += delta;

    expect(text).toBe('echo: one two');
    expect(settled).toMatchObject([{ stream: true, outcome: 'success', text }]);
  });

  it('embeds', async () => {
    const { session, settled } = setUp();
    provider.enqueue({ embeddings: [[0.5, -0.25]] });

    const vector = await new OpenAIEmbedding({ session }).getTextEmbedding('hello');

    expect(vector).toEqual([0.5, -0.25]);
    expect(settled).toMatchObject([{ operation: 'embeddings', outcome: 'success' }]);
  });
});
