import { expect, it, vi } from 'vitest';
import { createGatewayClient } from '../../../src/index.js';
import { createInMemoryFetch } from '../../../src/testing/index.js';

vi.mock('ioredis', () => {
  throw new Error("Cannot find package 'ioredis'");
});

it('says what to install where limits are to be shared at a URL and ioredis is not there', async () => {
  const error = vi.fn();
  const client = createGatewayClient({
    apiKey: 'sk-test',
    fetch: createInMemoryFetch(),
    maxRetries: 0,
    gateway: {
      rateLimit: { requestsPerSecond: 10, redis: 'redis://user:secret@localhost:6379' },
      logger: { error },
    },
  });
  const messages = [{ role: 'user' as const, content: 'hi' }];

  const thrown = await client.chat.completions.create({ model: 'm', messages }).catch((one) => one);
  await client.gateway.close();

  expect(thrown.message).toMatch(/rateLimit\.redis: .*npm install ioredis/);
  expect(error.mock.calls).toEqual([[expect.stringMatching(/npm install ioredis/), {}]]);
  expect(JSON.stringify([thrown.message, error.mock.calls])).not.toContain('secret');
});
