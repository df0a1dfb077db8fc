import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { AzureOpenAI } from 'openai';
import { describe, expectTypeOf, test } from 'vitest';
import {
  createGateway,
  type Explanation,
  loadBalance,
  type Settlement,
  type TargetChange,
  target,
} from 'zerohop';

const gateway = createGateway();
const openai = gateway.wrap(new OpenAI({ apiKey: 'k' }));
const azure = gateway.wrap(
  new AzureOpenAI({ apiKey: 'k', apiVersion: 'v', endpoint: 'https://e' }),
);
const anthropic = gateway.wrap(new Anthropic({ apiKey: 'k' }));
const messages = [{ role: 'user' as const, content: 'hi' }];

describe('explain()', () => {
  test('takes the body that the client’s own method takes', () => {
    const answer = gateway.explain({
      client: openai,
      operation: 'chat',
      body: { model: 'm', messages, stream: true },
      options: { tenant: 't' },
    });

    expectTypeOf(answer).resolves.toEqualTypeOf<Explanation>();
    void gateway.explain({
      client: azure,
      operation: 'responses',
      body: { model: 'm', input: 'hi' },
    });
    void gateway.explain({
      client: openai,
      operation: 'embeddings',
      body: { model: 'm', input: 'hi' },
    });
    void gateway.explain({
      client: anthropic,
      operation: 'messages',
      body: { model: 'm', max_tokens: 9, messages },
    });
  });

  test('refuses another', () => {
    // @ts-expect-error has no messages
    void gateway.explain({ client: openai, operation: 'chat', body: { model: 'm' } });
    // @ts-expect-error is not for this client
    void gateway.explain({ client: openai, operation: 'messages', body: { model: 'm', messages } });
    // @ts-expect-error is no operation
    void gateway.explain({ client: openai, operation: 'images', body: {} });
    const asked = { client: openai, operation: 'chat', body: { model: 'm', messages } } as const;
    // @ts-expect-error is no option of a call
    void gateway.explain({ ...asked, options: { ttl: 5 } });
  });
});

describe('the events of a gateway', () => {
  test('have a type each', () => {
    gateway.on('settled', (event) => expectTypeOf(event).toEqualTypeOf<Settlement>());
    gateway.on('target-changed', (event) => {
      expectTypeOf(event).toEqualTypeOf<TargetChange>();
      if (event.change === 'opened') expectTypeOf(event.openMs).toEqualTypeOf<number>();
    });
    // @ts-expect-error is no event
    gateway.on('target-change', () => undefined);
  });
});

describe('a target', () => {
  test('says what it costs and what it can do', () => {
    target({ provider: 'groq', price: { input: 1, output: 2 }, capabilities: { tools: false } });
    target({ provider: 'groq', price: ({ usage }) => (usage?.inputTokens ?? 0) / 1_000_000 });
    target({ provider: 'groq', onUnsupported: (name) => (name === 'seed' ? 'drop' : 'error') });
    loadBalance(['groq/a', 'xai/b'], { strategy: 'cost' });
    // @ts-expect-error is no capability
    target({ provider: 'groq', capabilities: { toolz: false } });
    // @ts-expect-error is said by other names
    target({ provider: 'groq', price: { inputPerMillion: 1 } });
    // @ts-expect-error is no strategy
    loadBalance(['groq/a'], { strategy: 'cheapest' });
  });
});
