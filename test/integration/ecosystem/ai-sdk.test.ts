import { createOpenAI } from '@ai-sdk/openai';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

describe.each(['chat', 'responses'] as const)('the Vercel AI SDK over gateway.fetch: %s', (api) => {
  function setUp() {
    const gateway = createGateway();
    const settled: Settlement[] = [];
    gateway.on('settled', (settlement) => settled.push(settlement));
    const { baseURL } = provider;
    const openai = createOpenAI({ apiKey: 'test', baseURL, fetch: gateway.fetch });
    return { settled, model: api === 'chat' ? openai.chat('m') : openai.responses('m') };
  }

  it('generates text', async () => {
    const { model, settled } = setUp();

    const { text, usage, finishReason } = await generateText({
      model,
      prompt: 'hi there',
      maxRetries: 0,
    });

    expect({ text, finishReason }).toEqual({ text: 'echo: hi there', finishReason: 'stop' });
    expect(settled).toMatchObject([
      {
        operation: api,
        outcome: 'success',
        text: 'echo: hi there',
        usage: { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens },
      },
    ]);
  });

  it('streams text', async () => {
    const { model, settled } = setUp();

    const result = streamText({ model, prompt: 'one two three', maxRetries: 0 });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);

    expect(pieces).toEqual(['echo:', ' one', ' two', ' three']);
    expect(await result.finishReason).toBe('stop');
    expect(settled).toMatchObject([{ stream: true, outcome: 'success', text: pieces.join('') }]);
  });

  it('calls tools', async () => {
    const { model, settled } = setUp();
    provider.enqueue({ toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] });
    provider.enqueue({ text: 'It rains.' });
    const weather = tool({
      description: 'Tells the weather',
      inputSchema: z.object({ city: z.string() }),
      execute: ({ city }) => `rain in ${city}`,
    });

    const { text, steps } = await generateText({
      model,
      prompt: 'weather?',
      tools: { weather },
      stopWhen: stepCountIs(2),
      maxRetries: 0,
    });

    expect(text).toBe('It rains.');
    expect(steps[0]?.toolResults).toMatchObject([{ output: 'rain in Oslo' }]);
    expect(provider.requests[1]?.text).toContain('rain in Oslo');
    expect(settled.map(({ choices }) => choices[0]?.toolCalls.length)).toEqual([1, 0]);
  });

  it('reports an error in the words of the provider', async () => {
    const { model } = setUp();
    provider.enqueue({ status: 400, error: { message: 'no such thing' } });

    const call = generateText({ model, prompt: 'hi', maxRetries: 0 });

    await expect(call).rejects.toMatchObject({ statusCode: 400, message: 'no such thing' });
  });

  it('reports an error in the middle of a stream in the words of the provider', async () => {
    const { model } = setUp();
    provider.enqueue({
      text: 'one two three four five six seven',
      fault: 'error-event;after=6;message=it broke',
    });
    const errors: unknown[] = [];

    const result = streamText({
      model,
      prompt: 'hi',
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();

    expect(errors.map(wordsOf)).toEqual([expect.stringContaining('it broke')]);
  });

  it('stops the upstream when the caller aborts', async () => {
    const { model } = setUp();
    provider.enqueue({ text: 'one two three four five six seven', fault: 'hang;after=6' });
    const abort = new AbortController();

    const result = streamText({
      model,
      prompt: 'hi',
      maxRetries: 0,
      abortSignal: abort.signal,
      onChunk: () => abort.abort(),
    });
    await result.consumeStream();

    expect(await provider.requests[0]?.settled).toBe('client-closed');
  });
});

function wordsOf(error: unknown): unknown {
  return error instanceof Error ? error.message : JSON.stringify(error);
}
