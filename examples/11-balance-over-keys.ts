/** Several keys of one provider: each has its share of the calls, and one that is over its limit is left alone until it is not. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { createGateway, loadBalance, settlementOf, target } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// A provider that wants to hear nothing of one of the keys for half a minute.
const limited = new Set(['Bearer sk-two']);
await using provider = await startFakeProvider({
  reply: ({ headers }) =>
    limited.has(String(headers.authorization))
      ? { status: 429, headers: { 'retry-after': '30' } }
      : { text: 'Hello.' },
});
const withKey = (apiKey: string) => new OpenAI({ apiKey, baseURL: provider.baseURL });

// So that the example need not wait for half a minute to pass, and goes the same way each time.
let passedMs = 0;
let seed = 7;
const clock = {
  now: () => performance.now() + passedMs,
  wallNow: () => Date.now() + passedMs,
  random() {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  },
  delay: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  timer(ms: number, callback: () => void) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

const gateway = createGateway({
  clock,
  route: loadBalance(
    [
      target({ keyLabel: 'one', client: withKey('sk-one') }),
      target({ keyLabel: 'two', client: withKey('sk-two') }),
      // Of another tier: it may do twice as much.
      target({ keyLabel: 'three', client: withKey('sk-three'), weight: 2 }),
    ],
    { strategy: 'weighted' },
  ),
});
const client = gateway.wrap(withKey('sk-of-none-of-them'));

/** How often each key was used by so many calls, and how many attempts those took. */
async function ask(calls: number) {
  provider.reset();
  let attempts = 0;
  for (let call = 0; call < calls; call += 1) {
    const answer = await client.chat.completions.create({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Hi.' }],
    });
    strictEqual(answer.choices[0]?.message.content, 'Hello.');
    attempts += (await settlementOf(answer)).attempts.length;
  }
  const used: Record<string, number> = {};
  for (const { headers } of provider.requests) {
    const key = String(headers.authorization).replace('Bearer ', '');
    used[key] = (used[key] ?? 0) + 1;
  }
  return { used, attempts };
}

// One call finds out, is answered by another key at once, and nobody else asks until the time is over.
const over = await ask(60);
strictEqual(over.used['sk-two'], 1);
strictEqual(over.attempts, 61);
ok(Number(over.used['sk-three']) > 1.5 * Number(over.used['sk-one']));

limited.clear();
passedMs += 30_000;
const back = await ask(60);
strictEqual(back.attempts, 60);
deepStrictEqual(Object.keys(back.used).sort(), ['sk-one', 'sk-three', 'sk-two']);
console.log({ over: over.used, back: back.used });
await gateway.close();
