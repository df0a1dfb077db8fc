/** `npm run demo`: the README's first example, against the fake provider, or with `--live` against the real API. */
import { createGatewayClient, settlementOf } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

const live = process.argv.includes('--live') && process.env.OPENAI_API_KEY !== undefined;
const provider = live ? undefined : await startFakeProvider({ pacing: { gapMs: 30 } });

// The first attempt dies before it has said anything; the caller never notices.
provider?.enqueue({ text: 'lost', fault: [{ kind: 'reset', after: 'headers' }] });
provider?.enqueue({
  text: 'Hello! I am a fake provider inside this process. My first attempt died after its headers, and you did not see it.',
});

const client = createGatewayClient({
  ...(provider ? { apiKey: 'sk-demo', baseURL: provider.baseURL } : {}),
  gateway: {
    metadata: { service: 'checkout' },
    timeouts: { firstByte: 20_000, idle: 30_000, total: 120_000 },
    streamUsage: 'always',
  },
});

const stream = await client.chat.completions.create({
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'Say hello.' }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');

const { outcome, attempts, usage, timings, decisions, metadata } = await settlementOf(stream);
process.stdout.write('\n\n');
console.table(
  attempts.map(({ index, status, failure, durationMs, waitedMs }) => ({
    attempt: index,
    status,
    failure: failure?.kind ?? '',
    'took ms': Math.round(durationMs),
    'waited ms': waitedMs ?? '',
  })),
);
console.log({
  outcome,
  tokens: { in: usage?.inputTokens, out: usage?.outputTokens },
  firstContentMs: Math.round(timings.firstContentMs ?? 0),
  durationMs: Math.round(timings.durationMs),
  decisions: decisions.map(({ kind }) => kind),
  metadata,
});

await client.gateway.close();
await provider?.close();
if (outcome !== 'success' || (!live && attempts.length !== 2)) process.exitCode = 1;
