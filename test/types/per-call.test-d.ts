import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import type OpenAI6 from 'openai-6';
import { describe, expectTypeOf, test } from 'vitest';
import { perCall } from 'zerohop';

// Types only: nothing here is called.
declare const openai: OpenAI;
declare const openai6: OpenAI6;
declare const anthropic: Anthropic;
declare const body: { model: string; messages: [] };
declare const message: { model: string; max_tokens: number; messages: [] };
declare const tools: { model: string; messages: []; tools: [] };

describe('perCall() is accepted wherever request options are', () => {
  test('of openai 7', () => {
    expectTypeOf(perCall({})).toExtend<OpenAI.RequestOptions>();
    expectTypeOf(() => [
      openai.chat.completions.create(body, perCall({ metadata: { a: 1 } })),
      openai.chat.completions.create({ ...body, stream: true }, perCall({ maxAttempts: 2 })),
      openai.chat.completions.stream(body, perCall({ timeouts: { total: 1 } })),
      openai.chat.completions.parse(body, perCall({ bypass: true })),
      openai.chat.completions.runTools(tools, perCall({})),
      openai.responses.create({ model: 'm', input: 'x' }, perCall({})),
      openai.responses.stream({ model: 'm', input: 'x' }, perCall({})),
      openai.responses.parse({ model: 'm', input: 'x' }, perCall({})),
      openai.responses.retrieve('id', {}, perCall({})),
      openai.embeddings.create({ model: 'm', input: 'x' }, perCall({})),
      openai.models.list(perCall({})),
      openai.models.retrieve('id', perCall({})),
      openai.files.list({}, perCall({})),
      openai.get('/any', perCall({})),
    ]).toBeFunction();
  });

  test('of openai 6', () => {
    expectTypeOf(perCall({})).toExtend<OpenAI6.RequestOptions>();
    expectTypeOf(() => [
      openai6.chat.completions.create(body, perCall({ metadata: { a: 1 } })),
      openai6.chat.completions.create({ ...body, stream: true }, perCall({})),
      openai6.chat.completions.stream(body, perCall({})),
      openai6.chat.completions.parse(body, perCall({})),
      openai6.chat.completions.runTools(tools, perCall({})),
      openai6.responses.create({ model: 'm', input: 'x' }, perCall({})),
      openai6.models.list(perCall({})),
      openai6.models.retrieve('id', perCall({})),
    ]).toBeFunction();
  });

  test('of anthropic 1', () => {
    expectTypeOf(perCall({})).toExtend<Anthropic.RequestOptions>();
    expectTypeOf(() => [
      anthropic.messages.create(message, perCall({ metadata: { a: 1 } })),
      anthropic.messages.create({ ...message, stream: true }, perCall({})),
      anthropic.messages.stream(message, perCall({})),
      anthropic.messages.parse(message, perCall({})),
      anthropic.messages.countTokens(message, perCall({})),
      anthropic.messages.batches.list({}, perCall({})),
      anthropic.models.list({}, perCall({})),
      anthropic.models.retrieve('id', {}, perCall({})),
      anthropic.beta.messages.toolRunner({ ...message, tools: [] }, perCall({})),
    ]).toBeFunction();
  });
});

describe('perCall()', () => {
  test('keeps the type of the SDK’s options beside it', () => {
    const signal = new AbortController().signal;

    expectTypeOf(perCall({}, { timeout: 5_000, signal })).toExtend<OpenAI.RequestOptions>();
    expectTypeOf(perCall({}, { timeout: 5_000 }).timeout).toEqualTypeOf<number>();
    expectTypeOf<
      typeof perCall<OpenAI.RequestOptions>
    >().returns.toEqualTypeOf<OpenAI.RequestOptions>();
  });

  test('does not make bad options of the SDK good', () => {
    // @ts-expect-error a string is not a timeout
    void (() => openai.chat.completions.create(body, perCall({}, { timeout: '5s' })));
  });
});
