import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { describe, expectTypeOf, test } from 'vitest';
import {
  createGateway,
  type Failure,
  type Interruption,
  type OnInterrupted,
  perCall,
  type ResponseFacts,
} from 'zerohop';

// Types only: nothing here is called.
declare const chat: OpenAI.ChatCompletionCreateParams;
declare const message: Anthropic.MessageCreateParams;

describe('onInterrupted', () => {
  test('is an option of the gateway, of a scope and of a call', () => {
    expectTypeOf(() => [
      createGateway({ onInterrupted: 'continue' }).run({ onInterrupted: 'error' }, () => 1),
      perCall({ onInterrupted: () => 'continue' }),
    ]).toBeFunction();
    // @ts-expect-error: no such word
    perCall({ onInterrupted: 'retry' });
  });

  test('tells a function what broke', () => {
    createGateway({
      onInterrupted: ({ failure, partial, target, continuations }) => {
        expectTypeOf(failure).toEqualTypeOf<Failure>();
        expectTypeOf(partial).toEqualTypeOf<ResponseFacts>();
        expectTypeOf(target).toEqualTypeOf<string>();
        expectTypeOf(continuations).toEqualTypeOf<number>();
        return 'error';
      },
    });
  });

  test('takes bodies of the SDKs’ own types, at once or later', () => {
    const now: OnInterrupted = () => ({ body: chat });
    const later: OnInterrupted = async ({ partial }: Interruption) =>
      partial.text === '' ? 'error' : { body: message };

    expectTypeOf([now, later]).toExtend<OnInterrupted[]>();
    // @ts-expect-error: a body is an object
    const text: OnInterrupted = () => ({ body: 'text' });
    expectTypeOf(text).toExtend<OnInterrupted>();
  });
});
