import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { afterEach, describe, expect, it } from 'vitest';

import {
  createInMemoryFetch,
  type FakeProvider,
  type FakeProviderOptions,
  startFakeProvider,
} from '../../../src/testing/index.js';

const hi = { role: 'user' as const, content: 'hi' };
const unknown = { model: 'gpt-4o', messages: [hi], top_k: 3 };

let provider: FakeProvider | undefined;
afterEach(() => provider?.close());

async function started(options: FakeProviderOptions): Promise<FakeProvider> {
  provider = await startFakeProvider(options);
  return provider;
}

function openai({ baseURL }: FakeProvider): OpenAI {
  return new OpenAI({ apiKey: 'test', baseURL, maxRetries: 0 });
}

function anthropic({ anthropicBaseURL: baseURL }: FakeProvider): Anthropic {
  return new Anthropic({ apiKey: 'test', baseURL, maxRetries: 0 });
}

describe('a strict fake provider', () => {
  it('answers a refused chat completion as OpenAI does', async () => {
    const client = openai(await started({ strict: true }));

    const error = await client.chat.completions.create(unknown).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code: 'unknown_parameter',
      param: 'top_k',
      message: "400 Unknown parameter: 'top_k'.",
    });
  });

  it('answers a refused response as OpenAI does', async () => {
    const client = openai(await started({ strict: true }));

    const asked = { model: 'gpt-4o', input: 'hi', max_output_tokens: 5 };

    await expect(client.responses.create(asked)).rejects.toMatchObject({
      status: 400,
      code: 'integer_below_min_value',
      param: 'max_output_tokens',
    });
  });

  it('answers a refused message as Anthropic does, by the version that was asked for', async () => {
    const client = anthropic(await started({ strict: true }));
    const asked = { model: 'claude-sonnet-4-5', max_tokens: 9, messages: [hi], temperature: 1 };
    const headers = { 'anthropic-version': '2023-06-01' };

    await expect(client.messages.create(asked)).rejects.toMatchObject({
      status: 400,
      error: {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'temperature: Extra inputs are not permitted',
        },
      },
    });
    await expect(client.messages.create(asked, { headers })).resolves.toMatchObject({
      role: 'assistant',
    });
  });

  it('keeps what is queued for a request that it takes', async () => {
    const fake = await started({ strict: true });
    fake.enqueue({ text: 'queued' });

    await openai(fake)
      .chat.completions.create(unknown)
      .catch(() => undefined);
    const { choices } = await openai(fake).chat.completions.create({
      model: 'gpt-4o',
      messages: [hi],
    });

    expect(choices[0]?.message.content).toBe('queued');
  });

  it('knows the models that it is told of', async () => {
    const client = openai(await started({ strict: { models: ['gpt-4o'] } }));
    const other = { model: 'gpt-9', messages: [hi] };

    await expect(client.chat.completions.create(other)).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(client.responses.create({ model: 'gpt-9', input: 'hi' })).rejects.toMatchObject({
      status: 400,
      code: 'model_not_found',
    });
  });

  it('has the errors of the provider that it stands for', async () => {
    const client = openai(await started({ strict: { provider: 'mistral' } }));
    const tools = [{ type: 'web_search' }] as never;

    await expect(
      client.chat.completions.create({ model: 'ministral-3b', messages: [hi], tools }),
    ).rejects.toMatchObject({ status: 422 });
  });

  it('takes back the thoughts that it has signed, and no others', async () => {
    const fake = await started({ strict: true });
    fake.enqueue({ text: 'Hello.', reasoning: 'Hm.' });
    const client = anthropic(fake);
    const asked = { model: 'claude-sonnet-4-6', max_tokens: 900 };
    const { content } = await client.messages.stream({ ...asked, messages: [hi] }).finalMessage();
    const again = (answer: Anthropic.ContentBlockParam[]) =>
      client.messages.create({
        ...asked,
        messages: [hi, { role: 'assistant', content: answer }, hi],
      });
    const forged = content.map((block) =>
      block.type === 'thinking' ? { ...block, signature: 'ZmFrZS1zaWduYXR1cmU=' } : block,
    );

    await expect(again(content)).resolves.toMatchObject({ role: 'assistant' });
    await expect(again(forged)).rejects.toThrow('Invalid `signature` in `thinking` block');
  });

  it('takes back the reasoning that it has encrypted, and no other', async () => {
    const fake = await started({ strict: true });
    fake.enqueue({ text: 'Hello.', reasoning: 'Hm.' });
    const client = openai(fake);
    const asked = { model: 'gpt-5-mini', store: false } as const;
    const { output } = await client.responses.create({ ...asked, input: 'hi' });
    const again = (items: readonly OpenAI.Responses.ResponseOutputItem[]) =>
      // An output is an input by the API's word; the types differ in a status.
      client.responses.create({ ...asked, input: [...(items as ResponseInput), hi] });
    const forged = output.map((item) =>
      item.type === 'reasoning' ? { ...item, encrypted_content: 'gAAAA' } : item,
    );

    await expect(again(output)).resolves.toMatchObject({ status: 'completed' });
    await expect(again(forged)).rejects.toMatchObject({ code: 'invalid_encrypted_content' });
  });

  it('is as strict without a socket', async () => {
    const fetch = createInMemoryFetch({}, { strict: true });
    const client = new OpenAI({ apiKey: 'test', fetch, maxRetries: 0 });

    await expect(client.chat.completions.create(unknown)).rejects.toThrow('top_k');
  });
});

describe('a fake provider that is not strict', () => {
  it('answers anything', async () => {
    const client = openai(await started({}));

    await expect(client.chat.completions.create(unknown)).resolves.toMatchObject({
      object: 'chat.completion',
    });
  });

  it('signs all thoughts alike, and encrypts none', async () => {
    const fake = await started({ reply: { reasoning: 'Hm.' } });
    const asked = { model: 'claude-sonnet-4-6', max_tokens: 900, messages: [hi] };

    const { content } = await anthropic(fake).messages.create(asked);
    const { output } = await openai(fake).responses.create({ model: 'gpt-5-mini', input: 'hi' });

    expect(content[0]).toHaveProperty('signature', 'ZmFrZS1zaWduYXR1cmU=');
    expect(output[0]).not.toHaveProperty('encrypted_content');
  });
});
