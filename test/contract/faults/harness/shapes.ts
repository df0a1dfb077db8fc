/** The same answer in the words of one API. Stream events come without the blank line that ends them. */
export interface Shape {
  /** JSON text of "hello world", 5 tokens in and 7 out. */
  readonly ok: string;
  /** What a stream says before its first content. */
  readonly opening: readonly string[];
  readonly hello: string;
  readonly world: string;
  readonly unicode: string;
  /** Events that finish the answer: without them it is not complete. */
  readonly finish: readonly string[];
  /** What may be missing after `finish`: usage and the sentinel. */
  readonly closing: readonly string[];
  /** A content event with so much text. */
  readonly content: (text: string) => string;
  /** The body of an error answer. */
  readonly error: (type: string, message?: string, code?: string | number | null) => object;
  /** An error in the middle of a stream. */
  readonly errorEvent: (type: string, message: string, code?: string | number | null) => string;
  /** How many chunks the SDK shows of the whole stream. */
  readonly chunks: number;
}

const base = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'gpt-x' };

/** A chat chunk. */
export function chunk(members: object): string {
  return `data: ${JSON.stringify({ ...base, ...members })}`;
}

/** A chat chunk of one choice. */
export function delta(content: object, finishReason: string | null = null, index = 0): string {
  return chunk({ choices: [{ index, delta: content, finish_reason: finishReason }] });
}

/** What an OpenAI answer counts. */
export const openaiUsage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };
/** The sentinel. */
export const done = 'data: [DONE]';

/** A chat completion with changed members. */
export function completion(members: object = {}): string {
  return JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-x',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'hello world' }, finish_reason: 'stop' },
    ],
    usage: openaiUsage,
    ...members,
  });
}

const openaiError: Shape['error'] = (type, message = 'x', code = null) => ({
  error: { message, type, code },
});

/** OpenAI chat completions. */
export const openai: Shape = {
  ok: completion(),
  opening: [delta({ role: 'assistant', content: '' })],
  hello: delta({ content: 'hello' }),
  world: delta({ content: ' world' }),
  unicode: delta({ content: 'héllo 你好 🦄' }),
  finish: [delta({}, 'stop')],
  closing: [chunk({ choices: [], usage: openaiUsage }), done],
  content: (text) => delta({ content: text }),
  error: openaiError,
  errorEvent: (type, message, code) => `data: ${JSON.stringify(openaiError(type, message, code))}`,
  chunks: 5,
};

/** An Anthropic event. */
export function event(type: string, members: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}`;
}

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'hello world' }],
  model: 'claude-x',
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 7 },
};

const anthropicError: Shape['error'] = (type, text = 'x') => ({
  type: 'error',
  error: { type, message: text },
});

const textDelta = (text: string) =>
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });

/** How an Anthropic stream begins. */
export const messageStart = event('message_start', {
  message: {
    ...message,
    content: [],
    stop_reason: null,
    usage: { input_tokens: 5, output_tokens: 1 },
  },
});

/** How an Anthropic stream says why it ends. */
export function messageDelta(stopReason: string): string {
  return event('message_delta', {
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: 7 },
  });
}

/** Anthropic messages. */
export const anthropic: Shape = {
  ok: JSON.stringify(message),
  opening: [
    messageStart,
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ],
  hello: textDelta('hello'),
  world: textDelta(' world'),
  unicode: textDelta('héllo 你好 🦄'),
  finish: [event('content_block_stop', { index: 0 }), messageDelta('end_turn')],
  closing: [event('message_stop')],
  content: textDelta,
  error: anthropicError,
  errorEvent: (type, text) => `event: error\ndata: ${JSON.stringify(anthropicError(type, text))}`,
  chunks: 7,
};
