/** Fallbacks, a balanced group over two keys, a canary, and targets switched while running. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import {
  canary,
  createGateway,
  fallback,
  loadBalance,
  primary,
  settlementOf,
  target,
} from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// Stand-ins for three providers.
await using main = await startFakeProvider({ reply: { text: 'main' } });
await using spare = await startFakeProvider({ reply: { text: 'spare' } });
await using preview = await startFakeProvider({ reply: { text: 'preview' } });
const connect = (apiKey: string, { baseURL }: { baseURL: string }) =>
  new OpenAI({ apiKey, baseURL, maxRetries: 0 });

const gateway = createGateway({
  route: fallback(
    canary(0.5, target({ name: 'preview', client: connect('sk-p', preview), model: 'gpt-next' }), {
      key: ({ context }) => String(context.metadata.userId),
      otherwise: primary,
    }),
    loadBalance(
      [
        target({ name: 'spare', keyLabel: 'one', client: connect('sk-1', spare), weight: 3 }),
        target({ name: 'spare-2', keyLabel: 'two', client: connect('sk-2', spare) }),
      ],
      { strategy: 'weighted' },
    ),
  ),
});
const client = gateway.wrap(connect('sk-main', main));
const ask = (userId: number) =>
  gateway.run({ metadata: { userId } }, async () => {
    const answer = await client.chat.completions.create({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Who are you?' }],
    });
    return { answer, text: answer.choices[0]?.message.content };
  });

// The same users are in the canary each time.
const first = await Promise.all(
  [1, 2, 3, 4, 5, 6, 7, 8].map(async (user) => (await ask(user)).text),
);
const again = await Promise.all(
  [1, 2, 3, 4, 5, 6, 7, 8].map(async (user) => (await ask(user)).text),
);
deepStrictEqual(first, again);
ok(first.includes('main') && first.includes('preview'));

// An outage of the main provider, in the middle of the headers: its users are answered by a spare key.
const user = 1 + first.indexOf('main');
main.enqueue({ fault: 'reset' });
const { answer, text } = await ask(user);
strictEqual(text, 'spare');
const { attempts } = await settlementOf(answer);
strictEqual(attempts.length, 2);
const used = spare.requests.at(-1)?.headers.authorization;
ok(used === 'Bearer sk-1' || used === 'Bearer sk-2');

// Switched off by hand, without a restart: the canary's users are answered as all others are.
gateway.targets.disable('preview');
strictEqual((await ask(1 + first.indexOf('preview'))).text, 'main');
console.log({
  first,
  attempts: attempts.map(({ target: name, failure }) => [name, failure?.kind]),
});
await gateway.close();
