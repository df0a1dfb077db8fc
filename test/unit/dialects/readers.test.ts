import { describe, expect, it } from 'vitest';
import { createReader } from '../../../src/dialects/create-reader.js';
import type { DialectName, Weight } from '../../../src/dialects/dialect.js';

const chunk = (delta: object, reason: string | null = null, index = 0) => ({
  id: 'c',
  choices: [{ index, delta, finish_reason: reason }],
});
const text = chunk({ content: 'x' });
const stop = chunk({}, 'stop');
const start = { type: 'message_start', message: { id: 'm', model: 'm', content: [], usage: {} } };
const block = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } };
const blockStart = (content_block: object) => ({
  type: 'content_block_start',
  index: 0,
  content_block,
});
const ended = {
  type: 'message_delta',
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 1 },
};
const response = { id: 'r', status: 'completed', output: [] };

describe('the weight of an event', () => {
  it.each<[string, DialectName, unknown, Weight]>([
    ['a role', 'openai-chat', chunk({ role: 'assistant', content: '' }), 'silent'],
    [
      'a role with nulls and empty lists',
      'openai-chat',
      chunk({ role: 'assistant', content: null, refusal: null, tool_calls: [] }),
      'silent',
    ],
    ['no choices', 'openai-chat', { choices: [], prompt_filter_results: [{}] }, 'silent'],
    ['usage only', 'openai-chat', { choices: [], usage: { prompt_tokens: 1 } }, 'silent'],
    [
      'a choice without a delta',
      'openai-chat',
      { choices: [{ index: 0, finish_reason: null, content_filter_results: {} }] },
      'silent',
    ],
    ['a finish reason', 'openai-chat', stop, 'silent'],
    ['text', 'openai-chat', text, 'content'],
    ['a refusal', 'openai-chat', chunk({ refusal: 'no' }), 'content'],
    ['reasoning', 'openai-chat', chunk({ reasoning_content: 'h' }), 'content'],
    [
      'reasoning details',
      'openai-chat',
      chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'e' }] }),
      'content',
    ],
    ['a tool call', 'openai-chat', chunk({ tool_calls: [{ index: 0, id: 't' }] }), 'content'],
    ['a member nobody knows', 'openai-chat', chunk({ executed_tools: [{}] }), 'content'],
    ['an event nobody knows', 'openai-chat', { value: 'x' }, 'content'],
    ['an error', 'openai-chat', { error: { message: 'm' } }, 'error'],
    ['an error beside choices', 'openai-chat', { ...text, error: { message: 'm' } }, 'error'],
    ['an error that is null', 'openai-chat', { ...text, error: null }, 'content'],
    ['a flat error', 'openai-chat', { object: 'error', message: 'm' }, 'error'],
    ['something that is no object', 'openai-chat', 'x', 'error'],
    ['text', 'openai-completions', { choices: [{ index: 0, text: 'x' }] }, 'content'],
    ['empty text', 'openai-completions', { choices: [{ index: 0, text: '' }] }, 'silent'],
    ['message_start', 'anthropic-messages', start, 'silent'],
    ['a ping', 'anthropic-messages', { type: 'ping' }, 'silent'],
    ['an empty text block', 'anthropic-messages', blockStart({ type: 'text', text: '' }), 'silent'],
    [
      'an empty thinking block',
      'anthropic-messages',
      blockStart({ type: 'thinking', thinking: '' }),
      'silent',
    ],
    [
      'a tool call',
      'anthropic-messages',
      blockStart({ type: 'tool_use', id: 't', name: 'a', input: {} }),
      'content',
    ],
    ['a block nobody knows', 'anthropic-messages', blockStart({ type: 'future' }), 'content'],
    ['text', 'anthropic-messages', block, 'content'],
    [
      'a delta nobody knows',
      'anthropic-messages',
      { type: 'content_block_delta', index: 0, delta: { type: 'future' } },
      'content',
    ],
    ['an event nobody knows', 'anthropic-messages', { type: 'future_event' }, 'content'],
    ['a stop reason', 'anthropic-messages', ended, 'silent'],
    ['message_stop', 'anthropic-messages', { type: 'message_stop' }, 'terminal'],
    [
      'an error',
      'anthropic-messages',
      { type: 'error', error: { type: 'overloaded_error' } },
      'error',
    ],
    [
      'response.created',
      'openai-responses',
      { type: 'response.created', response: { ...response, status: 'in_progress' } },
      'silent',
    ],
    [
      'an empty message',
      'openai-responses',
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'message', content: [] },
      },
      'silent',
    ],
    [
      'empty reasoning',
      'openai-responses',
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'reasoning', summary: [] },
      },
      'silent',
    ],
    [
      'sealed reasoning',
      'openai-responses',
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'reasoning', summary: [], encrypted_content: 'e' },
      },
      'content',
    ],
    [
      'a function call',
      'openai-responses',
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'function_call', call_id: 'c', name: 'f', arguments: '' },
      },
      'content',
    ],
    [
      'an empty part',
      'openai-responses',
      { type: 'response.content_part.added', part: { type: 'output_text', text: '' } },
      'silent',
    ],
    ['text', 'openai-responses', { type: 'response.output_text.delta', delta: 'x' }, 'content'],
    ['an event nobody knows', 'openai-responses', { type: 'response.future' }, 'content'],
    [
      'response.completed',
      'openai-responses',
      { type: 'response.completed', response },
      'terminal',
    ],
    [
      'response.incomplete',
      'openai-responses',
      { type: 'response.incomplete', response: { ...response, status: 'incomplete' } },
      'terminal',
    ],
    [
      'response.failed',
      'openai-responses',
      {
        type: 'response.failed',
        response: { ...response, status: 'failed', error: { code: 'server_error', message: 'm' } },
      },
      'error',
    ],
    [
      'a flat error',
      'openai-responses',
      { type: 'error', code: 'server_error', message: 'm' },
      'error',
    ],
  ])('of %s is known (%s)', (_, dialect, event, weight) => {
    expect(createReader(dialect).readEvent(null, event)).toBe(weight);
  });
});

describe('completeness', () => {
  it.each<[string, DialectName, readonly unknown[], boolean]>([
    ['nothing', 'openai-chat', [], false],
    ['text', 'openai-chat', [text], false],
    ['text and a finish reason', 'openai-chat', [text, stop], true],
    ['a finish reason twice', 'openai-chat', [text, stop, chunk({}, 'length')], true],
    ['text and [DONE]', 'openai-chat', [text, '[DONE]'], true],
    [
      'one of two choices finished',
      'openai-chat',
      [text, chunk({ content: 'y' }, null, 1), stop],
      false,
    ],
    [
      'both choices finished',
      'openai-chat',
      [text, chunk({ content: 'y' }, null, 1), stop, chunk({}, 'stop', 1)],
      true,
    ],
    [
      'a finish reason and an error',
      'openai-chat',
      [text, stop, { error: { message: 'm' } }],
      false,
    ],
    ['an error and [DONE]', 'openai-chat', [{ error: { message: 'm' } }, '[DONE]'], false],
    ['[DONE] and a late error', 'openai-chat', [text, '[DONE]', { error: { message: 'm' } }], true],
    ['[DONE] and nothing else', 'openai-chat', ['[DONE]'], false],
    ['usage and [DONE]', 'openai-chat', [{ choices: [], usage: {} }, '[DONE]'], false],
    ['an open message', 'anthropic-messages', [start, block], false],
    ['a stop reason', 'anthropic-messages', [start, block, ended], true],
    ['message_stop', 'anthropic-messages', [start, { type: 'message_stop' }], true],
    [
      'an open response',
      'openai-responses',
      [{ type: 'response.output_text.delta', delta: 'x' }],
      false,
    ],
    [
      '[DONE] without a response',
      'openai-responses',
      [{ type: 'response.output_text.delta', delta: 'x' }, '[DONE]'],
      false,
    ],
    [
      'an incomplete response',
      'openai-responses',
      [{ type: 'response.incomplete', response: { ...response, status: 'incomplete' } }],
      true,
    ],
    [
      'a failed response',
      'openai-responses',
      [{ type: 'response.failed', response: { ...response, error: { message: 'm' } } }],
      false,
    ],
  ])('of %s (%s)', (_, dialect, events, complete) => {
    const reader = createReader(dialect);
    for (const event of events) {
      if (event === '[DONE]') reader.readDone();
      else reader.readEvent(null, event);
    }

    expect(reader.complete).toBe(complete);
    expect(reader.facts().complete).toBe(complete);
  });
});

it('keeps the first of two finish reasons', () => {
  const reader = createReader('openai-chat');
  for (const event of [text, stop, chunk({}, 'length')]) reader.readEvent(null, event);

  expect(reader.facts().choices[0]?.finishReason).toBe('stop');
});

describe('a body', () => {
  it.each<[string, DialectName, unknown, string]>([
    ['without choices', 'openai-chat', { id: 'c' }, 'malformed'],
    ['whose choices are no list', 'openai-chat', { choices: {} }, 'malformed'],
    ['with no choice in it', 'openai-chat', { choices: [], usage: null }, 'empty'],
    ['that is a list', 'openai-chat', [], 'malformed'],
    ['that is text', 'openai-chat', '<html>', 'malformed'],
    ['that is a flat error', 'openai-chat', { message: 'm', code: 1 }, 'upstream_error'],
    ['that is a detail', 'openai-chat', { detail: 'm' }, 'upstream_error'],
    ['without choices', 'openai-completions', {}, 'malformed'],
    ['without content', 'anthropic-messages', { type: 'message' }, 'malformed'],
    [
      'that is an error',
      'anthropic-messages',
      { type: 'error', error: { type: 'api_error', message: 'm' } },
      'upstream_error',
    ],
    ['without output', 'openai-responses', { id: 'r' }, 'malformed'],
    [
      'that failed',
      'openai-responses',
      { ...response, status: 'failed', error: { message: 'm' } },
      'upstream_error',
    ],
    ['without data', 'openai-embeddings', { object: 'list' }, 'malformed'],
    ['with no vector in it', 'openai-embeddings', { data: [] }, 'empty'],
  ])('%s is a failure (%s)', (_, dialect, body, kind) => {
    const reader = createReader(dialect);

    expect(reader.readBody(body)).toBe('error');
    expect(reader.failure?.kind).toBe(kind);
    expect(reader.complete).toBe(false);
  });

  it('keeps the names of prototypes as data', () => {
    const reader = createReader('openai-chat');
    const body: unknown = JSON.parse(
      '{"id":"c1","__proto__":{"polluted":1},"choices":[{"message":{"content":"x","__proto__":{"role":"tool"}}}]}',
    );

    expect(reader.readBody(body)).toBe('terminal');
    expect(reader.facts().text).toBe('x');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('the body of an error', () => {
  it.each<[string, DialectName, object, unknown]>([
    ['as it came', 'openai-chat', { error: { message: 'm' } }, { error: { message: 'm' } }],
    [
      'with what stood beside it',
      'anthropic-messages',
      { type: 'error', error: { type: 't' }, request_id: 'q' },
      { type: 'error', error: { type: 't' }, request_id: 'q' },
    ],
    [
      'under `error` where it was flat',
      'openai-responses',
      { type: 'error', code: 'c', message: 'm', param: null },
      { error: { code: 'c', message: 'm', param: null } },
    ],
    [
      'out of a failed response',
      'openai-responses',
      { type: 'response.failed', response: { ...response, error: { message: 'm' } } },
      { error: { message: 'm' } },
    ],
  ])('is given %s (%s)', (_, dialect, event, errorBody) => {
    const reader = createReader(dialect);
    reader.readEvent(null, event);

    expect(reader.errorBody).toEqual(errorBody);
  });
});

describe('tool calls', () => {
  const settled = (...deltas: readonly object[]) => {
    const reader = createReader('openai-chat');
    for (const delta of deltas) reader.readEvent(null, chunk({ tool_calls: [delta] }));
    return reader
      .facts()
      .choices[0]?.toolCalls.map((call) => `${call.id}:${call.name}:${call.arguments}`);
  };
  const piece = (args: string, more?: object) => ({ function: { arguments: args }, ...more });

  it('are told apart by their index', () => {
    expect(
      settled(
        { index: 0, id: 'a', function: { name: 'f', arguments: '' } },
        { index: 1, id: 'b', function: { name: 'g', arguments: '' } },
        piece('1', { index: 1 }),
        piece('0', { index: 0 }),
      ),
    ).toEqual(['a:f:0', 'b:g:1']); // prettier-ignore
  });

  it('that are all numbered 0 are told apart by their id and name', () => {
    expect(
      settled(
        { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } },
        { index: 0, id: 'b', function: { name: 'g', arguments: '{' } },
        piece('}', { index: 0 }),
      ),
    ).toEqual(['a:f:{}', 'b:g:{}']); // prettier-ignore
  });

  it('without an index continue by their id, or the last one', () => {
    expect(
      settled(
        { id: 'a', function: { name: 'f', arguments: '[' } },
        { id: 'b', function: { name: 'g', arguments: '{' } },
        piece('}'),
        piece(']', { id: 'a' }),
      ),
    ).toEqual(['a:f:[]', 'b:g:{}']); // prettier-ignore
  });
});
