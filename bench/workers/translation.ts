/** Reads answers, and reads and translates them, by turns; translates requests. */
import { createReader } from '../../src/dialects/create-reader.js';
import type { DialectName } from '../../src/dialects/dialect.js';
import { AnswerTranslator } from '../../src/dialects/translation/answer-translator.js';
import type { TranslatedDialect } from '../../src/dialects/translation/canonical-request.js';
import {
  type AnswerTranslation,
  translateRequest,
} from '../../src/dialects/translation/translate-request.js';
import { serve } from '../support/serve.js';

/** From which dialect to which. */
export interface Pair {
  readonly from: TranslatedDialect;
  readonly to: TranslatedDialect;
}

/** µs: one figure a round. */
export interface TranslationTimes {
  /** A chunk parsed and read, as every stream is. */
  readonly read: readonly number[];
  /** The same, and told in the other dialect. */
  readonly translated: readonly number[];
  /** The same, and spelled as bytes for who asks for them. */
  readonly spelled: readonly number[];
}

const WARM_UP_ROUNDS = 5;
const CHUNKS = 2_000;
const REQUESTS = 100;

type Line = readonly [name: string | null, data: string];

const word = (index: number): string => ` word${index % 97}`;

const STREAMS: Readonly<Record<TranslatedDialect, (chunks: number) => readonly Line[]>> = {
  'openai-chat': (chunks) => {
    const head = {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'gpt-5-mini',
      service_tier: 'default',
      system_fingerprint: 'fp',
    };
    const chunk = (delta: object, reason: string | null = null): Line => [
      null,
      JSON.stringify({
        ...head,
        choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
        obfuscation: 'abcdef',
      }),
    ];
    return [
      chunk({ role: 'assistant', content: '', refusal: null }),
      ...Array.from({ length: chunks }, (_, index) => chunk({ content: word(index) })),
      chunk({}, 'stop'),
    ];
  },
  'anthropic-messages': (chunks) => {
    const event = (type: string, members: object): Line => [
      type,
      JSON.stringify({ type, ...members }),
    ];
    const usage = { input_tokens: 10, output_tokens: 1 };
    return [
      event('message_start', {
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'c',
          content: [],
          usage,
        },
      }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      ...Array.from({ length: chunks }, (_, index) =>
        event('content_block_delta', {
          index: 0,
          delta: { type: 'text_delta', text: word(index) },
        }),
      ),
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }),
    ];
  },
  'openai-responses': (chunks) => {
    let sequence = 0;
    const event = (type: string, members: object): Line => {
      sequence += 1;
      return [type, JSON.stringify({ type, sequence_number: sequence, ...members })];
    };
    const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', output: [] };
    const at = { item_id: 'msg_1', output_index: 0 };
    const item = { id: 'msg_1', type: 'message', role: 'assistant', content: [] };
    return [
      event('response.created', { response: { ...response, status: 'in_progress' } }),
      event('response.output_item.added', { output_index: 0, item }),
      ...Array.from({ length: chunks }, (_, index) =>
        event('response.output_text.delta', {
          ...at,
          content_index: 0,
          delta: word(index),
          logprobs: [],
          obfuscation: 'abcdef',
        }),
      ),
    ];
  },
};

function translationOf({ from, to }: Pair): AnswerTranslation {
  return { from, to, request: { model: 'm' }, includeUsage: true };
}

function run(lines: readonly Line[], pair: Pair, spells: boolean): void {
  const translator = new AnswerTranslator(translationOf(pair), () => 1);
  const reader = createReader(pair.from, translator);
  for (const [name, data] of lines) {
    reader.readEvent(name, JSON.parse(data));
    for (const { payload } of translator.take()) if (spells) JSON.stringify(payload);
  }
}

function readOnly(lines: readonly Line[], { from }: Pair): void {
  const reader = createReader(from);
  for (const [name, data] of lines) reader.readEvent(name, JSON.parse(data));
}

function timed(work: () => void, count: number): number {
  const start = performance.now();
  work();
  return ((performance.now() - start) * 1_000) / count;
}

/** Twenty messages, with tools that were called. */
const TWENTY: Readonly<Record<TranslatedDialect, () => object>> = {
  'openai-chat': () => ({
    model: 'gpt-5-mini',
    tools: Array.from({ length: 5 }, (_, index) => ({
      type: 'function',
      function: {
        name: `tool_${index}`,
        description: 'Does it.',
        parameters: SCHEMA,
        strict: true,
      },
    })),
    messages: Array.from({ length: 5 }, (_, index) => [
      { role: 'user', content: WORDS },
      {
        role: 'assistant',
        content: null,
        tool_calls: [call(index)].map(({ id, name, input }) => ({
          id,
          type: 'function',
          function: { name, arguments: JSON.stringify(input) },
        })),
      },
      { role: 'tool', tool_call_id: call(index).id, content: WORDS },
      { role: 'assistant', content: WORDS },
    ]).flat(),
  }),
  'openai-responses': () => ({
    model: 'gpt-5-mini',
    tools: Array.from({ length: 5 }, (_, index) => ({
      type: 'function',
      ...{ name: `tool_${index}`, description: 'Does it.', parameters: SCHEMA, strict: true },
    })),
    input: Array.from({ length: 5 }, (_, index) => [
      { role: 'user', content: WORDS },
      {
        type: 'function_call',
        call_id: call(index).id,
        name: call(index).name,
        arguments: JSON.stringify(call(index).input),
      },
      { type: 'function_call_output', call_id: call(index).id, output: WORDS },
      { role: 'assistant', content: WORDS },
    ]).flat(),
  }),
  'anthropic-messages': () => ({
    model: 'claude-sonnet-4-6',
    max_tokens: 1_000,
    tools: Array.from({ length: 5 }, (_, index) => ({
      name: `tool_${index}`,
      description: 'Does it.',
      input_schema: SCHEMA,
    })),
    messages: Array.from({ length: 5 }, (_, index) => [
      { role: 'user', content: WORDS },
      { role: 'assistant', content: [{ type: 'tool_use', ...call(index) }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: call(index).id, content: WORDS }],
      },
      { role: 'assistant', content: WORDS },
    ]).flat(),
  }),
};
const SCHEMA = {
  type: 'object',
  properties: { number: { type: 'string' }, limit: { type: 'integer' } },
  required: ['number', 'limit'],
  additionalProperties: false,
};
const WORDS = 'The parcel you ordered on Monday arrives between 8:00 and 12:00. '.repeat(4);
const call = (index: number) => ({
  id: `call_${index}`,
  name: `tool_${index}`,
  input: { number: '4711', limit: index },
});
const MODELS: Readonly<Record<TranslatedDialect, { provider: string; model: string }>> = {
  'openai-chat': { provider: 'openai', model: 'gpt-5-mini' },
  'openai-responses': { provider: 'openai', model: 'gpt-5-mini' },
  'anthropic-messages': { provider: 'anthropic', model: 'claude-sonnet-4-6' },
};

/** Bytes of heap that a translation holds after so many chunks, of which its reader keeps nothing. */
function heldAfter(chunks: number, { from, to }: { from: DialectName; to: DialectName }): number {
  const translator = new AnswerTranslator(
    // Any of the three.
    translationOf({ from: from as TranslatedDialect, to: to as TranslatedDialect }),
    () => 1,
  );
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < chunks; index += 1) {
    translator.onEvent({ type: 'text', choice: 0, block: 0, part: 0, text: word(index) });
    translator.take();
  }
  globalThis.gc?.();
  const held = process.memoryUsage().heapUsed - before;
  translator.end();
  return held;
}

serve({
  async streams({
    pairs,
    rounds,
  }: {
    pairs: readonly Pair[];
    rounds: number;
  }): Promise<readonly TranslationTimes[]> {
    const series = pairs.map((pair) => ({
      pair,
      lines: STREAMS[pair.from](CHUNKS),
      times: { read: [] as number[], translated: [] as number[], spelled: [] as number[] },
    }));
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
      for (const { pair, lines, times } of series) {
        const read = timed(() => readOnly(lines, pair), CHUNKS);
        const translated = timed(() => run(lines, pair, false), CHUNKS);
        const spelled = timed(() => run(lines, pair, true), CHUNKS);
        if (round < 0) continue;
        times.read.push(read);
        times.translated.push(translated);
        times.spelled.push(spelled);
      }
    }
    return series.map(({ times }) => times);
  },
  async requests({
    pairs,
    rounds,
  }: {
    pairs: readonly Pair[];
    rounds: number;
  }): Promise<readonly number[][]> {
    const series = pairs.map((pair) => ({
      pair,
      body: TWENTY[pair.from](),
      times: [] as number[],
    }));
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
      for (const { pair, body, times } of series) {
        const time = timed(() => {
          for (let index = 0; index < REQUESTS; index += 1) {
            translateRequest(body as Record<string, unknown>, { ...pair, target: MODELS[pair.to] });
          }
        }, REQUESTS);
        if (round >= 0) times.push(time);
      }
    }
    return series.map(({ times }) => times);
  },
  async memory({
    pairs,
    chunks,
  }: {
    pairs: readonly Pair[];
    chunks: number;
  }): Promise<readonly number[]> {
    return pairs.map((pair) => heldAfter(chunks, pair));
  },
});
