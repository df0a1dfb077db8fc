import { expect } from 'vitest';
import type { FaultCase } from '../harness/fault-case.js';
import { judge } from '../harness/judge.js';
import type { Scene } from '../harness/scene.js';
import { json, stream } from '../harness/script.js';
import { anthropicOnly, at, openaiClient, openaiOnly } from '../harness/sdks.js';
import { event, messageDelta, messageStart } from '../harness/shapes.js';

const toolStart = (index: number, name: string) =>
  event('content_block_start', {
    index,
    content_block: { type: 'tool_use', id: `toolu_${index}`, name, input: {} },
  });
const toolDelta = (index: number, text: string) =>
  event('content_block_delta', {
    index,
    delta: { type: 'input_json_delta', partial_json: text },
  });
const blockStop = (index: number) => event('content_block_stop', { index });
const tool = (index: number, name: string) => [
  toolStart(index, name),
  ...['', '{"a":', '1}'].map((piece) => toolDelta(index, piece)),
  blockStop(index),
];

const responseEvent = (type: string, members: object) => event(type, members);
const responseOf = (status: string, members: object = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status,
  model: 'gpt-x',
  output: [],
  usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
  ...members,
});
const textEvent = responseEvent('response.output_text.delta', {
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta: 'hello',
});
const created = responseEvent('response.created', {
  response: responseOf('in_progress', { usage: null }),
});
const incomplete = responseEvent('response.incomplete', {
  response: responseOf('incomplete', { incomplete_details: { reason: 'max_output_tokens' } }),
});
const failed = responseEvent('response.failed', {
  response: responseOf('failed', {
    usage: null,
    error: { code: 'server_error', message: 'it broke' },
  }),
});

/** Streams of other APIs, and answers that are no stream. */
export const streamAnswerCases: readonly FaultCase[] = [
  {
    id: 'S24',
    priority: 'P0',
    title: 'a JSON answer where a stream was asked for',
    stream: true,
    attempts: ({ ok }) => [[json(200, ok)]],
    expect: {
      outcome: 'success',
      text: 'hello world',
      usage: 'reported',
      check: (_, { settled }) =>
        expect(settled[0]?.choices[0]?.finishReason).toMatch(/^(stop|end_turn)$/),
    },
  },
  {
    id: 'S37',
    priority: 'P0',
    title: 'tool calls in pieces, two blocks',
    sdks: anthropicOnly,
    stream: true,
    attempts: () => [
      stream([
        messageStart,
        event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        blockStop(0),
        ...tool(1, 'first'),
        ...tool(2, 'second'),
        messageDelta('tool_use'),
        event('message_stop'),
      ]),
    ],
    expect: {
      outcome: 'success',
      usage: 'reported',
      check: (_, { settled }) =>
        expect(settled[0]?.choices[0]).toMatchObject({
          finishReason: 'tool_use',
          toolCalls: [
            { id: 'toolu_1', name: 'first', arguments: '{"a":1}' },
            { id: 'toolu_2', name: 'second', arguments: '{"a":1}' },
          ],
        }),
    },
  },
  {
    id: 'S43',
    variant: 'incomplete',
    priority: 'P1',
    title: 'terminal events of the Responses API',
    sdks: openaiOnly,
    attempts: () => [stream([created, textEvent, incomplete])],
    act: incompleteResponse,
  },
  {
    id: 'S43',
    variant: 'failed',
    priority: 'P1',
    title: 'terminal events of the Responses API',
    sdks: openaiOnly,
    attempts: () => [stream([created, textEvent, failed])],
    act: failedResponse,
  },
];

/** A Responses stream, read to its end. */
async function readResponse(scene: Scene) {
  const client = openaiClient(scene.sdk.name, { url: scene.origin.url }, scene.gateway);
  const { signal } = scene.controller;
  const caller = {
    answer: () => Promise.reject(new Error('not used')),
    response: () => Promise.reject(new Error('not used')),
    events: async () =>
      client.responses.create({ model: 'gpt-x', input: 'hi', stream: true }, { signal }),
  };
  return scene.call({ stream: true }, caller);
}

async function incompleteResponse(scene: Scene): Promise<void> {
  const result = await readResponse(scene);

  await judge(scene, result, { outcome: 'success', chunks: 3, usage: 'reported' });
  expect(at(result.events, 2, 'response', 'status')).toBe('incomplete');
  expect(scene.settled[0]?.text).toBe('hello');
  expect(scene.settled[0]?.choices[0]?.finishReason).toMatch(/incomplete|max_output_tokens/);
}

async function failedResponse(scene: Scene): Promise<void> {
  const result = await readResponse(scene);

  await judge(scene, result, {
    outcome: 'error',
    kinds: ['upstream_error'],
    error: { is: 'APIError', message: /it broke/ },
  });
  expect(scene.settled[0]?.text).toBe('hello');
}
