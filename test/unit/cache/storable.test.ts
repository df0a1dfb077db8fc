import { describe, expect, it } from 'vitest';
import { unstorableAnswer, unstorableRequest } from '../../../src/cache/storable.js';
import { createReader } from '../../../src/dialects/create-reader.js';
import type { DialectName } from '../../../src/dialects/dialect.js';
import type { Operation, ResponseFacts, SettledChoice } from '../../../src/pipeline/settlement.js';

const OPERATIONS = ['chat', 'responses', 'messages', 'completions', 'embeddings'] as const;

describe('a call', () => {
  it.each(OPERATIONS)('for %s may be answered from the cache', (operation) => {
    expect(unstorableRequest({ operation, body: { model: 'm' } })).toBeUndefined();
  });

  it.each<[Operation, unknown]>([
    ['passthrough', { model: 'm' }],
    ['chat', 'text'],
    ['chat', null],
    ['embeddings', [1]],
  ])('for %s of %j is passed through', (operation, body) => {
    expect(unstorableRequest({ operation, body })).toBe('passthrough');
  });

  it.each<[object]>([
    [{ store: true }],
    [{ background: true }],
    [{ previous_response_id: 'resp_1' }],
    [{ conversation: 'conv_1' }],
    [{ conversation: { id: 'conv_1' } }],
    [{ container: 'container_1' }],
    [{ container: { id: 'container_1', skills: [] } }],
    [{ tools: [{ type: 'code_interpreter', container: 'cntr_1' }] }],
    [
      {
        tools: [{ type: 'shell', environment: { type: 'container_reference', container_id: 'c' } }],
      },
    ],
  ])('with %j is stateful', (body) => {
    expect(unstorableRequest({ operation: 'responses', body })).toBe('stateful');
  });

  it.each<[object]>([
    [{ store: false }],
    [{ store: null, background: false, previous_response_id: null, conversation: null }],
    [{ container: null, tools: null }],
    [{ tools: [{ type: 'code_interpreter', container: { type: 'auto' } }, { type: 'function' }] }],
    [{ tools: ['none'], metadata: { store: true } }],
  ])('with %j is not', (body) => {
    expect(unstorableRequest({ operation: 'responses', body })).toBeUndefined();
  });

  it.each<[Operation, object, string | undefined]>([
    ['chat', { temperature: 0 }, undefined],
    ['chat', { temperature: 0, n: 1 }, undefined],
    ['chat', { temperature: 0, n: null }, undefined],
    ['messages', { temperature: 0 }, undefined],
    ['embeddings', {}, undefined],
    ['chat', {}, 'not_deterministic'],
    ['chat', { temperature: null }, 'not_deterministic'],
    ['chat', { temperature: '0' }, 'not_deterministic'],
    ['chat', { temperature: 0.1 }, 'not_deterministic'],
    ['chat', { temperature: 0, n: 2 }, 'not_deterministic'],
    ['completions', { temperature: 0, n: '1' }, 'not_deterministic'],
    ['responses', { temperature: 1 }, 'not_deterministic'],
    ['responses', { temperature: 0, store: true }, 'stateful'],
  ])('for %s with %j, where only deterministic ones count: %s', (operation, body, reason) => {
    expect(unstorableRequest({ operation, body, only: 'deterministic' })).toBe(reason);
  });
});

const choice: SettledChoice = { index: 0, finishReason: 'stop', text: 'x', toolCalls: [] };
const facts: ResponseFacts = { complete: true, choices: [choice], text: 'x' };

describe('an answer', () => {
  it.each([
    'stop',
    'tool_calls',
    'function_call',
    'end_turn',
    'tool_use',
    'stop_sequence',
    'completed',
  ])('that finished with %s may be stored', (finishReason) => {
    const whole = { ...facts, choices: [{ ...choice, finishReason }] };

    expect(unstorableAnswer(whole, 200, 'chat')).toBeUndefined();
  });

  it.each([
    'length',
    'max_tokens',
    'max_output_tokens',
    'content_filter',
    'pause_turn',
    'incomplete',
    'model_context_window_exceeded',
    'eos',
    '',
    undefined,
  ])('that finished with %s may not', (finishReason) => {
    const cut = { ...facts, choices: [choice, { ...choice, index: 1, finishReason }] };

    expect(unstorableAnswer(cut, 200, 'chat')).toBe('finish_reason');
  });

  it.each<[string, Partial<ResponseFacts>, number, string]>([
    ['of an error', {}, 500, 'status'],
    ['of a redirect', {}, 304, 'status'],
    ['of what comes before it', {}, 103, 'status'],
    ['that was cut', { complete: false }, 200, 'incomplete'],
    ['without a choice', { choices: [] }, 200, 'empty'],
    ['that is refused in words', { choices: [{ ...choice, refusal: 'no' }] }, 200, 'refusal'],
    ['that is refused, with no words', { choices: [{ ...choice, refusal: '' }] }, 200, 'refusal'],
    [
      'that is refused by its end',
      { choices: [choice, { ...choice, finishReason: 'refusal' }] },
      200,
      'refusal',
    ],
  ])('%s may not', (_, change, status, reason) => {
    expect(unstorableAnswer({ ...facts, ...change }, status, 'chat')).toBe(reason);
  });

  it.each<[string, DialectName, Operation, object, string | undefined]>([
    ['a vector', 'openai-embeddings', 'embeddings', { data: [{ embedding: [1] }] }, undefined],
    ['no vector', 'openai-embeddings', 'embeddings', { data: [] }, 'incomplete'],
    ['a response in the queue', 'openai-responses', 'responses', response('queued'), 'empty'],
    ['a response that is done', 'openai-responses', 'responses', response('completed'), undefined],
    [
      'a response that was cut',
      'openai-responses',
      'responses',
      { ...response('incomplete'), incomplete_details: { reason: 'max_output_tokens' } },
      'finish_reason',
    ],
    [
      'a response that refuses',
      'openai-responses',
      'responses',
      { ...response('completed'), output: [message({ type: 'refusal', refusal: 'no' })] },
      'refusal',
    ],
    [
      'a message that refuses',
      'anthropic-messages',
      'messages',
      { content: [], stop_reason: 'refusal', stop_details: { explanation: 'no' } },
      'refusal',
    ],
    ['a paused message', 'anthropic-messages', 'messages', paused(), 'finish_reason'],
    ['an error', 'openai-chat', 'chat', { error: { message: 'no' } }, 'incomplete'],
  ])('that is %s is judged by what its reader says', (_, dialect, operation, body, reason) => {
    const reader = createReader(dialect);
    reader.readBody(body);

    expect(unstorableAnswer(reader.facts(), 200, operation)).toBe(reason);
  });
});

function response(status: string): object {
  return {
    status,
    output: status === 'queued' ? [] : [message({ type: 'output_text', text: 'x' })],
  };
}

function message(part: object): object {
  return { type: 'message', content: [part] };
}

function paused(): object {
  return { content: [{ type: 'text', text: 'x' }], stop_reason: 'pause_turn' };
}
