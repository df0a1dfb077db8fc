/** Limits that processes share in Redis, and what becomes of them when it dies. Starts a `redis-server` of its own. */
import { ok, strictEqual } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import OpenAI from 'openai';
import { createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** A Redis in memory; nothing where this machine has none. */
async function startRedis(): Promise<{ server: ChildProcess; url: string } | undefined> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => server.kill('SIGKILL'));
  const isUp = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.once('exit', () => resolve(false));
    server.stdout.on('data', (text) => String(text).includes('Ready to accept') && resolve(true));
  });
  return isUp ? { server, url: `redis://127.0.0.1:${port}` } : undefined;
}

async function show(redis: { server: ChildProcess; url: string }): Promise<void> {
  await using provider = await startFakeProvider({ reply: { text: 'Hello.' } });
  const warnings: string[] = [];

  /** What each process of a service would do. */
  const start = () =>
    createGatewayClient({
      apiKey: 'sk-example',
      baseURL: provider.baseURL,
      gateway: {
        rateLimit: {
          requestsPerMinute: 600,
          onLimit: 'reject',
          // A client of `ioredis`, or a URL.
          redis: redis.url,
          // While Redis cannot be reached, each has half of the limit.
          processes: 2,
        },
        logger: { warn: (message) => warnings.push(message) },
      },
    });
  const clients = [start(), start()];
  const ask = async (client: OpenAI) => {
    const messages = [{ role: 'user' as const, content: 'Hi.' }];
    const answer = await client.chat.completions.create({ model: 'gpt-5-mini', messages });
    return answer.choices[0]?.message.content;
  };

  // A hundred calls of each at once. Of 600 a minute, a tenth may be used at once: by both together.
  const since = performance.now();
  const calls = clients.flatMap((client) => Array.from({ length: 100 }, () => ask(client)));
  const outcomes = await Promise.allSettled(calls);
  const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    ok(outcome.reason instanceof OpenAI.RateLimitError);
    strictEqual(outcome.reason.code, 'zerohop_rate_limited');
  }
  const most = 61 + (600 / 60_000) * (performance.now() - since);
  ok(answered > 30 && answered < most, `${answered} of 200`);
  strictEqual(provider.requests.length, answered);

  // Redis dies. Calls go on by each process's half, and no call waits for it longer than 100 ms.
  redis.server.kill('SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const client of clients) strictEqual(await ask(client), 'Hello.');
  ok(warnings.every((warning) => warning.startsWith('limits cannot be shared')));
  console.log({ answered, of: outcomes.length, warning: warnings[0] });
  for (const client of clients) await client.gateway.close();
}

const redis = await startRedis();
if (redis) await show(redis);
else console.log('SKIPPED: redis-server is not installed (apt-get install redis-server)');
