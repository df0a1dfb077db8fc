import Anthropic from '@anthropic-ai/sdk';
import type {
  ContentBlock,
  Message,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages/messages';
import { describe, expect, it } from 'vitest';
import { MessagesAnswerWriter } from '../../../src/dialects/anthropic-messages/answer-writer.js';
import { readMessagesRequest } from '../../../src/dialects/anthropic-messages/request-reader.js';
import { messagesWriter } from '../../../src/dialects/anthropic-messages/writer.js';
import type { CanonicalEvent } from '../../../src/dialects/canonical-events.js';
import { createReader } from '../../../src/dialects/create-reader.js';
import type { DialectName, StreamedEvent } from '../../../src/dialects/dialect.js';
import { finishMeaning } from '../../../src/dialects/translation/finish-meaning.js';
import { Losses } from '../../../src/dialects/translation/losses.js';
import { closeSeal } from '../../../src/dialects/translation/seals.js';
import { isGatewayError } from '../../../src/pipeline/errors.js';
import type { ResponseFacts, SettledToolCall } from '../../../src/pipeline/settlement.js';
import { decode, spell } from './support/read.js';
import { dialectOf, hasRecordings, recordings } from './support/wire.js';

const AT_0 = { choice: 0, block: 0, part: 0 } as const;
const START = { type: 'start', id: 'answer-1', model: 'model-1' } as const;
const END = { type: 'end' } as const;

/** Makes what is lost visible. */
class Writer extends MessagesAnswerWriter {
  get losses(): readonly string[] {
    return [...this.lost];
  }
}

function writerOf(from: DialectName): Writer {
  const request = { model: 'asked-model' };
  return new Writer({ from, request, includeUsage: false, now: () => 1_800_000_000 });
}

interface Translated {
  readonly writer: Writer;
  readonly streamed: readonly StreamedEvent[];
  readonly facts: ResponseFacts;
}

/** Translates a response as it comes: text is a stream, anything else a JSON body. */
function translate(from: DialectName, body: unknown): Translated {
  const writer = writerOf(from);
  const reader = createReader(from, writer);
  const streamed: StreamedEvent[] = [];
  if (typeof body !== 'string') reader.readBody(body);
  else {
    for (const { event, data } of decode([Buffer.from(body)])) {
      if (data === '[DONE]') reader.readDone();
      else if (data !== null) reader.readEvent(event, JSON.parse(data));
      streamed.push(...writer.take());
    }
  }
  // Some providers leave the terminal marker out.
  writer.onEvent(END);
  streamed.push(...writer.take());
  return { writer, streamed, facts: reader.facts() };
}

/** Writes events that were read from nowhere. */
function write(
  events: readonly CanonicalEvent[],
  from: DialectName = 'openai-chat',
): readonly StreamedEvent[] {
  const writer = writerOf(from);
  for (const event of events) writer.onEvent(event);
  return writer.take();
}

/** What the SDK's `MessageStream` makes of a stream. */
async function shown(streamed: readonly StreamedEvent[]): Promise<Message> {
  const text = spell(
    streamed.map(({ name, payload }) => ({ event: name, data: JSON.stringify(payload) })),
  );
  const headers = { 'content-type': 'text/event-stream' };
  const fetch = () => Promise.resolve(new Response(text, { headers }));
  const client = new Anthropic({ apiKey: 'test', maxRetries: 0, logLevel: 'off', fetch });
  return client.messages.stream({ model: 'm', max_tokens: 1, messages: [] }).finalMessage();
}

/** The message that the SDK shows of these events. */
function messageOf(events: readonly CanonicalEvent[], from?: DialectName): Promise<Message> {
  return shown(write([START, ...events, END], from));
}

/** The types and places of a stream's events. */
function outlineOf(streamed: readonly StreamedEvent[]): readonly string[] {
  return streamed.map(({ payload }) => {
    // What is written is a message's stream: that is what is tested.
    const event = payload as RawMessageStreamEvent;
    const index = 'index' in event ? ` ${event.index}` : '';
    const what =
      event.type === 'content_block_start'
        ? ` ${event.content_block.type}`
        : event.type === 'content_block_delta'
          ? ` ${event.delta.type}`
          : '';
    return `${event.type}${index}${what}`;
  });
}

function text(words: string, block = 0, part = 0): CanonicalEvent {
  return { type: 'text', choice: 0, block, part, text: words };
}

function call(index: number, id: string | undefined, name = 'look'): CanonicalEvent {
  return { type: 'tool-call', ...AT_0, call: index, kind: 'function', id, name };
}

function args(index: number, words: string): CanonicalEvent {
  return { type: 'tool-arguments', ...AT_0, call: index, text: words };
}

function finish(reason: string): CanonicalEvent {
  return { type: 'finish', choice: 0, reason };
}

/** The thinking and tool blocks of a message. */
function blocksOf(message: Message): readonly ContentBlock[] {
  return message.content.filter(({ type }) => type !== 'text');
}

describe('MessagesAnswerWriter', () => {
  it('writes the stream that Anthropic would have sent', () => {
    const usage = { inputTokens: 10, cacheReadTokens: 4, outputTokens: 3, reported: {} };

    const streamed = write([
      START,
      text('Hel'),
      text('lo'),
      finish('stop'),
      { type: 'usage', usage },
      END,
    ]);

    const counts = { cache_creation_input_tokens: 0, server_tool_use: null };
    expect(streamed.map(({ payload }) => payload)).toEqual([
      {
        type: 'message_start',
        message: {
          id: 'answer-1',
          type: 'message',
          role: 'assistant',
          model: 'model-1',
          content: [],
          container: null,
          diagnostics: null,
          stop_reason: null,
          stop_sequence: null,
          stop_details: null,
          usage: {
            ...counts,
            input_tokens: 0,
            cache_read_input_tokens: 0,
            output_tokens: 0,
            output_tokens_details: null,
            cache_creation: null,
            inference_geo: null,
            service_tier: null,
            speed: null,
          },
        },
      },
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'text', text: '', citations: null },
      },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: {
          stop_reason: 'end_turn',
          stop_sequence: null,
          stop_details: null,
          container: null,
        },
        usage: {
          ...counts,
          input_tokens: 6,
          cache_read_input_tokens: 4,
          output_tokens: 3,
          output_tokens_details: null,
        },
      },
      { type: 'message_stop' },
    ] satisfies RawMessageStreamEvent[]);
    expect(streamed.map(({ name }) => name)).toEqual(
      streamed.map(({ payload }) => (payload as RawMessageStreamEvent).type),
    );
  });

  it('writes each event as it comes', () => {
    const writer = writerOf('openai-chat');
    const steps = [START, text('a'), text('b'), finish('stop'), END].map((event) => {
      writer.onEvent(event);
      return outlineOf(writer.take());
    });

    expect(steps).toEqual([
      ['message_start'],
      ['content_block_start 0 text', 'content_block_delta 0 text_delta'],
      ['content_block_delta 0 text_delta'],
      [],
      ['content_block_stop 0', 'message_delta', 'message_stop'],
    ]);
  });

  it('begins the message with the first words where nobody said who it is', async () => {
    const streamed = write([text('a'), END]);

    const message = await shown(streamed);

    expect(message.id).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(message.model).toBe('asked-model');
  });

  it('keeps the id and the model it began with', async () => {
    const message = await messageOf([text('a'), { type: 'start', id: 'other', model: 'other' }]);

    expect(message).toMatchObject({ id: 'answer-1', model: 'model-1' });
  });

  it('opens one block after another, with parallel calls in their places', async () => {
    const events = [
      { type: 'reasoning', ...AT_0, text: 'Hm.' },
      text('I look.'),
      call(0, 'call_a'),
      args(0, '{"q":'),
      args(0, '1}'),
      call(1, 'call_b', 'find'),
      args(1, ''),
      finish('tool_calls'),
    ] as const;

    expect(outlineOf(write([START, ...events, END]))).toEqual([
      'message_start',
      'content_block_start 0 thinking',
      'content_block_delta 0 thinking_delta',
      'content_block_delta 0 signature_delta',
      'content_block_stop 0',
      'content_block_start 1 text',
      'content_block_delta 1 text_delta',
      'content_block_stop 1',
      'content_block_start 2 tool_use',
      'content_block_delta 2 input_json_delta',
      'content_block_delta 2 input_json_delta',
      'content_block_stop 2',
      'content_block_start 3 tool_use',
      'content_block_stop 3',
      'message_delta',
      'message_stop',
    ]);
    const caller = { type: 'direct' };
    expect(await messageOf(events)).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Hm.' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'call_a', name: 'look', input: { q: 1 }, caller },
        { type: 'tool_use', id: 'call_b', name: 'find', input: {}, caller },
      ],
    });
  });

  it('writes the input of a whole body in one piece', async () => {
    const message = await messageOf([
      call(0, 'call_a'),
      { type: 'tool-input', ...AT_0, call: 0, input: { q: [1] } },
    ]);

    expect(blocksOf(message)).toMatchObject([{ input: { q: [1] } }]);
  });

  it('waits for the name of a call, and gives one that has no id an id', async () => {
    const unnamed: CanonicalEvent = {
      type: 'tool-call',
      ...AT_0,
      call: 0,
      kind: 'legacy',
      id: undefined,
    };

    const message = await messageOf([unnamed, call(0, undefined), args(0, '{}')]);

    expect(blocksOf(message)).toMatchObject([{ id: 'toolu_answer-1_0', name: 'look' }]);
  });

  it('says a call once where its id and name come with each piece', async () => {
    const message = await messageOf([
      call(0, 'call_a'),
      args(0, '{"q":'),
      call(0, 'call_a'),
      args(0, '2}'),
    ]);

    expect(blocksOf(message)).toMatchObject([{ id: 'call_a', input: { q: 2 } }]);
  });

  it('spells ids so that Anthropic takes them back', async () => {
    const message = await messageOf([call(0, 'functions.look:0')]);

    expect(blocksOf(message)).toMatchObject([{ id: expect.stringMatching(/^[\w-]{1,64}$/) }]);
  });

  it('puts the free text of a custom tool into an object', async () => {
    const custom: CanonicalEvent = {
      type: 'tool-call',
      ...AT_0,
      call: 0,
      kind: 'custom',
      id: 'call_a',
      name: 'sql',
    };

    const message = await messageOf([
      custom,
      args(0, 'select "a'),
      args(0, '\n\ud83d'),
      args(0, '\ude00"'),
    ]);

    expect(blocksOf(message)).toMatchObject([{ input: { input: 'select "a\n😀"' } }]);
  });

  it('refuses a piece of a call that another had followed', () => {
    const events = [START, call(0, 'call_a'), call(1, 'call_b'), args(0, '{}')];

    expect(() => write(events)).toThrow(expect.objectContaining({ code: 'zerohop_malformed' }));
    expect(isGatewayError(catching(() => write(events)))).toBe(true);
  });

  it.each([
    ['stop', 'end_turn'],
    ['completed', 'end_turn'],
    ['eos', 'end_turn'],
    ['length', 'max_tokens'],
    ['max_output_tokens', 'max_tokens'],
    ['tool_calls', 'tool_use'],
    ['content_filter', 'refusal'],
    ['unheard_of', 'end_turn'],
  ])('finishes %s as %s', async (reason, expected) => {
    const message = await messageOf([text('a'), finish(reason)]);

    expect(message.stop_reason).toBe(expected);
    expect(message.stop_details?.type).toBe(expected === 'refusal' ? 'refusal' : undefined);
  });

  it('waits for results where there are calls, whatever the reason says', async () => {
    const message = await messageOf([call(0, 'call_a'), finish('stop')]);

    expect(message.stop_reason).toBe('tool_use');
  });

  it('names the sequence that ended the answer', async () => {
    const ended: CanonicalEvent = {
      type: 'finish',
      choice: 0,
      reason: 'stop_sequence',
      stopSequence: '###',
    };

    const message = await messageOf([text('a'), ended]);

    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: '###' });
  });

  it('writes what declines as text', async () => {
    const message = await messageOf([
      { type: 'refusal', ...AT_0, text: 'I can’t.' },
      finish('stop'),
    ]);

    expect(message).toMatchObject({
      content: [{ type: 'text', text: 'I can’t.' }],
      stop_reason: 'refusal',
    });
  });

  it('has the last figures, and counts reasoning and searches', async () => {
    const message = await messageOf([
      { type: 'usage', usage: { inputTokens: 8, outputTokens: 1, reported: {} } },
      text('a'),
      {
        type: 'usage',
        usage: {
          inputTokens: 9,
          outputTokens: 7,
          reasoningTokens: 5,
          webSearches: 2,
          reported: {},
        },
      },
    ]);

    expect(message.usage).toMatchObject({
      input_tokens: 9,
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 5 },
      server_tool_use: { web_search_requests: 2 },
    });
  });

  it('puts the parts of a summary into one thought, sealed by the last seal it got', async () => {
    const summary = (part: number, words: string): CanonicalEvent => ({
      type: 'reasoning-summary',
      ...AT_0,
      part,
      text: words,
    });
    const seal = (encrypted: string): CanonicalEvent => ({
      type: 'reasoning-seal',
      ...AT_0,
      encrypted,
      id: 'rs_1',
    });

    const message = await messageOf(
      [
        seal('early'),
        summary(0, 'One.'),
        summary(1, 'Two.'),
        seal('late'),
        text('a', 1),
        seal('late'),
      ],
      'openai-responses',
    );

    const sealed = { dialect: 'openai-responses', encrypted: 'late', id: 'rs_1' } as const;
    expect(blocksOf(message)).toEqual([
      { type: 'thinking', thinking: 'One.\n\nTwo.', signature: closeSeal(sealed) },
    ]);
  });

  it('keeps a seal that came ahead of its thought, and only there', async () => {
    const message = await messageOf(
      [
        { type: 'reasoning-seal', ...AT_0, encrypted: 'ahead' },
        { type: 'reasoning-summary', ...AT_0, text: 'One.' },
        { type: 'reasoning-summary', ...AT_0, block: 1, text: 'Two.' },
      ],
      'openai-responses',
    );

    expect(blocksOf(message)).toEqual([
      {
        type: 'thinking',
        thinking: 'One.',
        signature: closeSeal({ dialect: 'openai-responses', encrypted: 'ahead' }),
      },
      {
        type: 'thinking',
        thinking: 'Two.',
        signature: closeSeal({ dialect: 'openai-responses' }),
      },
    ]);
  });

  it('redacts a thought of which there is only the seal', async () => {
    const message = await messageOf(
      [{ type: 'reasoning-seal', ...AT_0, encrypted: 'secret' }, text('a', 1)],
      'openai-responses',
    );

    expect(message.content.map(({ type }) => type)).toEqual(['redacted_thinking', 'text']);
  });

  it('keeps Claude’s own signatures as they are', async () => {
    const seal = { type: 'reasoning-seal', ...AT_0 } as const;

    const message = await messageOf(
      [
        { type: 'reasoning', ...AT_0, text: 'Hm.' },
        { ...seal, signature: 'sig' },
        { ...seal, block: 1, encrypted: 'data' },
        { ...seal, block: 2, signature: 'sig2' },
        text('a', 3),
      ],
      'anthropic-messages',
    );

    expect(blocksOf(message)).toEqual([
      { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
      { type: 'redacted_thinking', data: 'data' },
      { type: 'thinking', thinking: '', signature: 'sig2' },
    ]);
  });

  it('takes chat’s thoughts apart by their seals', async () => {
    const thought = (words: string): CanonicalEvent => ({
      type: 'reasoning',
      ...AT_0,
      text: words,
    });
    const seal = (signature: string): CanonicalEvent => ({
      type: 'reasoning-seal',
      ...AT_0,
      signature,
    });

    const message = await messageOf([
      thought('One.'),
      seal('a'),
      thought('Two.'),
      seal('b'),
      seal('c'),
    ]);

    const signed = (signature: string) => closeSeal({ dialect: 'openai-chat', signature });
    expect(blocksOf(message)).toEqual([
      { type: 'thinking', thinking: 'One.', signature: signed('a') },
      { type: 'thinking', thinking: 'Two.', signature: signed('b') },
      { type: 'redacted_thinking', data: signed('c') },
    ]);
  });

  it('gives foreign seals back to the history they came from', async () => {
    const seal = { dialect: 'openai-responses', encrypted: 'secret', id: 'rs_1' } as const;
    const { content } = await messageOf(
      [
        { type: 'reasoning-summary', ...AT_0, text: 'One.' },
        { type: 'reasoning-seal', ...AT_0, encrypted: 'secret', id: 'rs_1' },
        { type: 'reasoning-seal', ...AT_0, block: 1, encrypted: 'other' },
        text('a', 2),
      ],
      'openai-responses',
    );

    const { turns } = readMessagesRequest(
      { messages: [{ role: 'assistant', content }] },
      new Losses(),
    );

    expect(turns[0]?.parts).toEqual([
      { type: 'reasoning', text: 'One.', isSummary: true, seal: { ...seal, signature: undefined } },
      {
        type: 'reasoning',
        text: '',
        isSummary: true,
        seal: {
          dialect: 'openai-responses',
          encrypted: 'other',
          id: undefined,
          signature: undefined,
        },
      },
      { type: 'text', text: 'a' },
    ]);
  });

  it('writes the first choice only, and notes what it cannot say', async () => {
    const writer = writerOf('openai-chat');
    const events: readonly CanonicalEvent[] = [
      START,
      text('a'),
      { ...AT_0, choice: 1, type: 'text', text: 'b' },
      { type: 'finish', choice: 1, reason: 'length' },
      { type: 'citations', ...AT_0, citations: [{ type: 'url_citation' }] },
      { type: 'logprobs', ...AT_0, logprobs: {} },
      { type: 'audio', ...AT_0, data: 'AA==' },
      { type: 'block', ...AT_0, value: { type: 'web_search_call' } },
      END,
    ];

    for (const event of events) writer.onEvent(event);

    const message = await shown(writer.take());
    expect(message.content).toMatchObject([{ text: 'a' }]);
    expect(message.stop_reason).toBe('end_turn');
    expect(writer.losses).toEqual(['n', 'citations', 'logprobs', 'audio', 'blocks']);
  });

  it('writes nothing after the end', () => {
    const streamed = write([START, text('a'), END, END, finish('length')]);

    expect(outlineOf(streamed).filter((each) => each === 'message_stop')).toHaveLength(1);
  });

  it('amounts to a body', () => {
    const streamed = write([
      START,
      text('a'),
      call(0, 'call_a'),
      args(0, '{"q":1}'),
      { type: 'usage', usage: { inputTokens: 2, outputTokens: 3, reported: {} } },
      finish('tool_calls'),
      END,
    ]);

    expect(messagesWriter.body(streamed)).toMatchObject({
      id: 'answer-1',
      content: [
        { type: 'text', text: 'a' },
        { type: 'tool_use', id: 'call_a', input: { q: 1 } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 2, output_tokens: 3 },
    });
  });
});

function catching(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

const answered = recordings().flatMap((exchange) => {
  const dialect = dialectOf(exchange);
  const { status, body } = exchange.response;
  const isTranslated = dialect === 'openai-chat' || dialect === 'openai-responses';
  return !isTranslated || status >= 400 ? [] : [{ id: exchange.id, dialect, body }];
});
const whole = answered.filter(({ dialect, body }) => {
  const { facts } = translate(dialect, body);
  return facts.complete && facts.choices.length > 0;
});

/** What has to be the same, whoever says it. */
function gistOf(facts: ResponseFacts): unknown {
  const choice = facts.choices[0];
  const { text: words = '', refusal = '', reasoning = '', toolCalls = [] } = choice ?? {};
  const meaning = finishMeaning(choice?.finishReason ?? 'stop', toolCalls.length > 0);
  return {
    text: words + refusal,
    reasoning: reasoning.replaceAll('\n\n', ''),
    calls: toolCalls.map(callOf),
    finish: refusal === '' ? meaning : 'filter',
    total: totalOf(facts),
  };
}

/** A call and its input, an object in a message. */
function callOf({ name, arguments: input }: SettledToolCall): unknown {
  const isFreeText = input !== '' && !input.trimStart().startsWith('{');
  return [name, isFreeText ? { input } : parsed(input)];
}

/** A call's input; what breaks off in the middle is nothing to the SDK. */
function parsed(input: string): unknown {
  try {
    return JSON.parse(input === '' ? '{}' : input);
  } catch {
    return {};
  }
}

function totalOf({ usage }: ResponseFacts): number {
  const { inputTokens = 0, outputTokens = 0 } = usage ?? {};
  return inputTokens + outputTokens;
}

/** The same of a message. */
function gistOfMessage({ content, stop_reason: reason, usage }: Message): unknown {
  const calls = content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
  const input = usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: content
      .flatMap((block) => (block.type === 'thinking' ? [block.thinking] : []))
      .join('')
      .replaceAll('\n\n', ''),
    calls: calls.map(({ name, input }) => [name, typeof input === 'string' ? {} : input]),
    finish: finishMeaning(reason ?? '', calls.length > 0),
    total: input + (usage.cache_creation_input_tokens ?? 0) + usage.output_tokens,
  };
}

describe.skipIf(!hasRecordings)('recorded answers, told as messages', () => {
  it.each(whole)('$id says the same to MessageStream', async ({ dialect, body }) => {
    const { streamed, facts } = translate(dialect, body);

    expect(gistOfMessage(await shown(streamed))).toEqual(gistOf(facts));
  });

  it.each(whole)('$id says the same as a body', ({ dialect, body }) => {
    const { streamed, facts } = translate(dialect, body);

    // A message is what the events of one amount to.
    const message = messagesWriter.body(streamed) as Message;

    expect(gistOfMessage(message)).toEqual(gistOf(facts));
  });
});
