/** So many tokens a minute for each tenant: guessed before a call, counted after it, and refused as the provider would. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { createGatewayClient, perCall, settlementOf } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// Each answer takes 500 tokens, which is more than anybody would guess.
await using provider = await startFakeProvider({
  reply: { text: 'Paris.', usage: { inputTokens: 400, outputTokens: 100 } },
});

// So that the example need not wait for tokens to come back.
let passedMs = 0;
const clock = {
  now: () => performance.now() + passedMs,
  wallNow: () => Date.now() + passedMs,
  random: Math.random,
  delay: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  timer(ms: number, callback: () => void) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

const client = createGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  gateway: {
    clock,
    rateLimit: {
      // A tenth of it may be used at once.
      tokensPerMinute: 10_000,
      by: ({ metadata }) => String(metadata.tenant),
      // 'wait' is the default, and 'next-target' goes elsewhere.
      onLimit: 'reject',
    },
  },
});

/** The tokens that a tenant's call took, or the error that it got. */
async function ask(tenant: string) {
  try {
    const answer = await client.chat.completions.create(
      {
        model: 'gpt-5-mini',
        max_completion_tokens: 100,
        messages: [{ role: 'user', content: 'The capital of France?' }],
      },
      perCall({ metadata: { tenant } }),
    );
    const { usage } = await settlementOf(answer);
    return (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  } catch (error) {
    return error;
  }
}

// The second takes what is left and is not cut off for it; for the third there is nothing.
deepStrictEqual([await ask('acme'), await ask('acme')], [500, 500]);
const refusal = await ask('acme');
ok(refusal instanceof OpenAI.RateLimitError);
strictEqual(refusal.code, 'zerohop_rate_limited');
strictEqual(refusal.headers?.get('x-ratelimit-limit'), '10000');
strictEqual(provider.requests.length, 2);

// Another tenant has its own.
strictEqual(await ask('globex'), 500);

// What a refusal says of when there will be enough is so.
const waitMs = 1_000 * Number(refusal.headers?.get('retry-after'));
ok(waitMs > 0 && waitMs <= 2_000);
passedMs += waitMs;
strictEqual(await ask('acme'), 500);

strictEqual(provider.requests.length, 4);
console.log({ refused: refusal.message, waitMs });
await client.gateway.close();
