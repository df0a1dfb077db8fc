import {
  chunk,
  completion,
  delta,
  done,
  event,
  messageDelta,
  messageStart,
  openai,
  openaiUsage,
  type Shape,
} from './shapes.js';

/** One answer in both modes. */
export interface BothModes {
  readonly json: string;
  readonly events: readonly string[];
}

const input = { city: 'Nîmes', days: [1, 2] };
const written = JSON.stringify(input);
const pieces = [written.slice(0, 9), written.slice(9)];

const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: written } };

const openaiTools: BothModes = {
  json: completion({
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, tool_calls: [call] },
        finish_reason: 'tool_calls',
      },
    ],
  }),
  events: [
    delta({
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, ...call, function: { name: 'weather', arguments: '' } }],
    }),
    ...pieces.map((piece) => delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
    delta({}, 'tool_calls'),
    chunk({ choices: [], usage: openaiUsage }),
    done,
  ],
};

const block = { type: 'tool_use', id: 'toolu_1', name: 'weather' };

const anthropicTools: BothModes = {
  json: JSON.stringify({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [
      { type: 'text', text: 'Let me look.' },
      { ...block, input },
    ],
    model: 'claude-x',
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 7 },
  }),
  events: [
    messageStart,
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('content_block_delta', {
      index: 0,
      delta: { type: 'text_delta', text: 'Let me look.' },
    }),
    event('content_block_stop', { index: 0 }),
    event('content_block_start', { index: 1, content_block: { ...block, input: {} } }),
    ...pieces.map((piece) =>
      event('content_block_delta', {
        index: 1,
        delta: { type: 'input_json_delta', partial_json: piece },
      }),
    ),
    event('content_block_stop', { index: 1 }),
    messageDelta('tool_use'),
    event('message_stop'),
  ],
};

/** A tool call. */
export function toolAnswer(shape: Shape): BothModes {
  return shape === openai ? openaiTools : anthropicTools;
}

/** "hello world". */
export function textAnswer({ ok, opening, hello, world, finish, closing }: Shape): BothModes {
  return { json: ok, events: [...opening, hello, world, ...finish, ...closing] };
}
