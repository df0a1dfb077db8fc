/** A new model for a share of the users: the same ones each time, more of them later, and none of them harmed by it. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { canary, createGateway, perCall, target } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

let isBroken = false;
await using provider = await startFakeProvider({
  reply: ({ json }) => (isBroken && Object(json).model === 'gpt-next' ? { status: 503 } : {}),
});
const openai = new OpenAI({ apiKey: 'sk-example', baseURL: provider.baseURL });

/** Asks for the same model as ever; which one answers is the gateway's to say. */
function connect(share: number) {
  const next = target({ name: 'next', client: openai, model: 'gpt-next', maxRetries: 0 });
  const gateway = createGateway({
    route: canary(share, next, { key: ({ context }) => String(context.metadata.userId) }),
  });
  const client = gateway.wrap(openai);
  return {
    gateway,
    async ask(userId: string) {
      const answer = await client.chat.completions.create(
        { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hi.' }] },
        perCall({ metadata: { userId } }),
      );
      return answer.model;
    },
  };
}

const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);
async function usersOf(model: string, { ask }: ReturnType<typeof connect>) {
  const answers = await Promise.all(
    users.map(async (user) => ((await ask(user)) === model ? [user] : [])),
  );
  return answers.flat();
}

const small = connect(0.1);
const first = await usersOf('gpt-next', small);
ok(first.length > 2 && first.length < 25);
deepStrictEqual(await usersOf('gpt-next', small), first);

// Whoever is in a small share is in a larger one: nobody is moved back and forth.
const large = connect(0.3);
const more = await usersOf('gpt-next', large);
ok(more.length > first.length);
ok(first.every((user) => more.includes(user)));

// A canary that dies takes nobody along: its users are answered by the model that they had before.
isBroken = true;
deepStrictEqual(await usersOf('gpt-5-mini', large), users);
strictEqual(large.gateway.targets.list().find(({ name }) => name === 'next')?.state, 'open');
console.log({ first, more: more.length });
await Promise.all([small, large].map(({ gateway }) => gateway.close()));
