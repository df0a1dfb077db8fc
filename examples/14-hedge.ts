/** A second request beside a slow one, a copy to another model in the background, and what is asked when all is down. */
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import {
  createGateway,
  hedge,
  mirror,
  primary,
  type Settlement,
  settlementOf,
  target,
} from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// Stand-ins for three providers.
await using main = await startFakeProvider({ reply: { text: 'main' } });
await using spare = await startFakeProvider({ reply: { text: 'spare' } });
await using preview = await startFakeProvider({ reply: { text: 'preview' } });
const connect = ({ baseURL }: { baseURL: string }) =>
  new OpenAI({ apiKey: 'sk-test', baseURL, maxRetries: 0 });

const settled: Settlement[] = [];
const gateway = createGateway({
  // `after: 'p95'`, the default, learns from the last answers how long is too long.
  route: mirror(
    hedge(primary, target({ name: 'spare', client: connect(spare) }), { after: 30, share: 0.5 }),
    target({ name: 'preview', client: connect(preview), model: 'gpt-next' }),
    { share: 1 },
  ),
  breaker: { consecutive: 1, allOpen: 'least-bad' },
});
gateway.on('settled', (settlement) => settled.push(settlement));
const client = gateway.wrap(connect(main));
const body = {
  model: 'gpt-5-mini',
  messages: [{ role: 'user' as const, content: 'Who are you?' }],
};
const textOf = ({ choices }: OpenAI.ChatCompletion) => choices[0]?.message.content;

// Main hangs, for JSON and in a stream that has said nothing yet: the spare answers, and main's socket is closed.
main.enqueue({ fault: 'hang' });
const answer = await client.chat.completions.create(body);
strictEqual(textOf(answer), 'spare');
main.enqueue({ fault: 'hang;after=1' });
let text = '';
for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
  text += chunk.choices[0]?.delta.content ?? '';
}
strictEqual(text, 'spare');
deepStrictEqual(await Promise.all(main.requests.map(({ settled: end }) => end)), [
  'client-closed',
  'client-closed',
]);
const { attempts } = await settlementOf(answer);
deepStrictEqual(
  attempts.map(({ failure }) => failure?.code),
  ['hedge_lost', undefined],
);

// Each was copied to the preview, whose answers nobody waits for. They are calls of their own.
await preview.waitForRequest(2);
ok(preview.requests.every(({ json }) => Object(json).model === 'gpt-next'));

// Both fail once, which opens their breakers. The next call does not fail at once, but asks who is least bad.
main.enqueue({ status: 500 });
spare.enqueue({ status: 500 });
await rejects(client.chat.completions.create(body), OpenAI.InternalServerError);
deepStrictEqual(
  gateway.targets
    .list()
    .slice(0, 2)
    .map(({ state }) => state),
  ['open', 'open'],
);
const again = await client.chat.completions.create(body);
ok((await settlementOf(again)).decisions.some(({ kind }) => kind === 'least-bad'));

await gateway.close();
const copies = settled.filter(({ decisions }) => decisions.some(({ kind }) => kind === 'mirror'));
strictEqual(copies.length, 4);
console.log({
  attempts: attempts.map(({ target: name, failure }) => [name, failure?.code ?? 'answered']),
  again: textOf(again),
  copies: copies.map(({ outcome }) => outcome),
});
