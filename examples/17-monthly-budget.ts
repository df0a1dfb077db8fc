/** Budgets: so much a month for each team, a warning before, a cheaper model after, and a hard end. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { createGatewayClient, perCall } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// A call of 1,000 tokens in and 100 out.
await using provider = await startFakeProvider({
  reply: { text: 'Paris.', usage: { inputTokens: 1_000, outputTokens: 100 } },
});

const client = createGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  gateway: {
    budgets: [
      {
        name: 'monthly',
        by: ({ metadata }) => String(metadata.team),
        cost: 5,
        period: { every: 'month', timeZone: 'Europe/Berlin' },
        soft: [0.8],
        onExceeded: { useModel: 'gpt-5-nano' },
      },
      // Whatever happens: not more than this, by all teams together.
      { name: 'ceiling', cost: 20, period: '1d' },
    ],
    pricing: {
      models: { 'gpt-5': { input: 1_000, output: 10_000 }, 'gpt-5-nano': { input: 1, output: 10 } },
    },
  },
});
const { gateway } = client;
const told: string[] = [];
gateway.on('budget', ({ kind, name, key, share = '' }) =>
  told.push(`${kind} ${name} ${key} ${share}`),
);

async function ask(team: string) {
  const answer = await client.chat.completions.create(
    {
      model: 'gpt-5',
      max_completion_tokens: 100,
      messages: [{ role: 'user', content: 'The capital of France?' }],
    },
    perCall({ metadata: { team } }),
  );
  return answer.model;
}

// Two dollars each. A third one might go over, and is asked of the smaller model.
const models = [await ask('search'), await ask('search'), await ask('search')];
deepStrictEqual(models, ['gpt-5', 'gpt-5', 'gpt-5-nano']);
deepStrictEqual(told, ['soft monthly search 0.8', 'exceeded monthly search ']);

// Another team has its own.
strictEqual(await ask('checkout'), 'gpt-5');
const { cost, endsAt } = await gateway.budgets.get('monthly', 'search');
strictEqual(cost?.spent, 4.002);

// All of them together have one as well, and that one refuses.
await gateway.budgets.add('ceiling', undefined, 14);
const refusal = await ask('checkout').catch((error: unknown) => error);
ok(refusal instanceof OpenAI.RateLimitError);
strictEqual(refusal.code, 'zerohop_budget');

// A mistake can be put right.
await gateway.budgets.reset('ceiling');
strictEqual(await ask('checkout'), 'gpt-5');
console.log({ models, told, spent: cost.spent, until: new Date(endsAt ?? 0).toISOString() });
await gateway.close();
