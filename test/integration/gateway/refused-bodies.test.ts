import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';

const INIT = { headers: { 'content-type': 'text/html; charset=utf-8' } };

/** A page that never ends, and whether it was given up. */
function endlessPage() {
  const seen = { cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('<html>')),
    cancel() {
      seen.cancelled = true;
    },
  });
  return { seen, fetch: () => Promise.resolve(new Response(body, INIT)) };
}

describe('a page in the place of a stream', () => {
  it('is given up, and not left to end by itself', async () => {
    const { seen, fetch } = endlessPage();
    const client = createGateway().wrap(new OpenAI({ apiKey: 'k', maxRetries: 0, fetch }));

    const call = client.chat.completions.create({ model: 'm', messages: [], stream: true });

    await expect(call).rejects.toThrow(/text\/html where a stream was asked for/);
    expect(seen.cancelled).toBe(true);
  });
});
