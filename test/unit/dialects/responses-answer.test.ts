import OpenAI from 'openai';
import type {
  Response as OpenAIResponse,
  ResponseCreateParams,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses';
import OpenAI6 from 'openai-6';
import { describe, expect, it } from 'vitest';
import type {
  CanonicalEvent,
  Place,
  ReasoningSealEvent,
  ToolCallEvent,
} from '../../../src/dialects/canonical-events.js';
import { createReader } from '../../../src/dialects/create-reader.js';
import type { DialectName, StreamedEvent } from '../../../src/dialects/dialect.js';
import { spell } from '../../../src/dialects/json.js';
import { ResponsesAnswerWriter } from '../../../src/dialects/openai-responses/answer-writer.js';
import { responsesWriter } from '../../../src/dialects/openai-responses/writer.js';
import { finishMeaning } from '../../../src/dialects/translation/finish-meaning.js';
import { openSeal } from '../../../src/dialects/translation/seals.js';
import { anthropicUsage } from '../../../src/dialects/usage.js';
import type { SettledChoice } from '../../../src/pipeline/settlement.js';
import { decode, read } from './support/read.js';
import { dialectOf, hasRecordings, recordings } from './support/wire.js';

const NOW = 1_800_000_000;
const AT_0 = { choice: 0, block: 0, part: 0 } as const;

type Sdk = 'openai 7' | 'openai 6';
type Request = Readonly<Record<string, unknown>>;

interface Written {
  readonly writer: ResponsesAnswerWriter;
  readonly events: readonly StreamedEvent[];
}

function writerOf(from: DialectName, request: Request = {}): ResponsesAnswerWriter {
  return new ResponsesAnswerWriter({ from, request, includeUsage: true, now: () => NOW });
}

/** Writes an answer that was read elsewhere, one event at a time. */
function write(from: DialectName, said: readonly CanonicalEvent[], request: Request = {}): Written {
  const writer = writerOf(from, request);
  const events: StreamedEvent[] = [];
  for (const event of [...said, { type: 'end' } as const]) {
    writer.onEvent(event);
    events.push(...writer.take());
  }
  return { writer, events };
}

/** Writes a provider's answer while it is read: text is a stream, anything else a body. */
function translate(from: DialectName, body: unknown): Written {
  const writer = writerOf(from);
  const reader = createReader(from, writer);
  const events: StreamedEvent[] = [];
  if (typeof body !== 'string') reader.readBody(body);
  else {
    for (const { event, data } of decode([Buffer.from(body)])) {
      if (data === '[DONE]') reader.readDone();
      else if (data !== null) reader.readEvent(event, JSON.parse(data));
      events.push(...writer.take());
    }
  }
  // Some providers leave the end unmarked.
  writer.onEvent({ type: 'end' });
  events.push(...writer.take());
  return { writer, events };
}

/** The response that the SDK's helper makes of a stream. */
async function shown(sdk: Sdk, events: readonly StreamedEvent[]): Promise<OpenAIResponse> {
  const body = events.map(({ name, payload }) => `event: ${name}\ndata: ${spell(payload)}\n\n`);
  const headers = { 'content-type': 'text/event-stream' };
  const fetch = () => Promise.resolve(new Response(body.join(''), { headers }));
  const options = { apiKey: 'test', maxRetries: 0, logLevel: 'off', fetch } as const;
  const params = { model: 'm', input: '' };
  // The two majors' responses are alike in all that is looked at here.
  const response: unknown =
    sdk === 'openai 7'
      ? await new OpenAI(options).responses.stream(params).finalResponse()
      : await new OpenAI6(options).responses.stream(params).finalResponse();
  return response as OpenAIResponse;
}

function payloadsOf(events: readonly StreamedEvent[]): readonly ResponseStreamEvent[] {
  // Only the writer under test makes them.
  return events.map(({ payload }) => payload as ResponseStreamEvent);
}

function typesOf(events: readonly StreamedEvent[]): readonly string[] {
  return payloadsOf(events).map(({ type }) => type);
}

function lastOf({ events }: Written): OpenAIResponse {
  const payload = payloadsOf(events).at(-1);
  if (payload?.type !== 'response.completed' && payload?.type !== 'response.incomplete') {
    throw new Error('the stream has no end');
  }
  return payload.response;
}

/** What a response says, as facts have it. */
function saidBy(response: OpenAIResponse): unknown {
  const { output, usage, status, incomplete_details: details } = response;
  const reasoning = output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []));
  return {
    text: response.output_text,
    reasoning: reasoning.map(({ text }) => text).join('\n\n'),
    toolCalls: output.flatMap((item) => {
      if (item.type === 'function_call') return [[item.call_id, item.name, item.arguments]];
      return item.type === 'custom_tool_call' ? [[item.call_id, item.name, item.input]] : [];
    }),
    end: details?.reason ?? status,
    usage: [usage?.input_tokens, usage?.output_tokens, usage?.total_tokens],
  };
}

function saidIn(from: DialectName, body: unknown): unknown {
  const { usage, choices } = read(from, body).reader.facts();
  const { inputTokens = 0, outputTokens = 0, totalTokens } = usage ?? {};
  const figures = [inputTokens, outputTokens, totalTokens ?? inputTokens + outputTokens];
  const choice = choices[0];
  return {
    text: choice?.text,
    reasoning: choice?.reasoning ?? '',
    toolCalls: choice?.toolCalls.map(({ id, name, arguments: words }) => [
      id ?? expect.stringMatching(/^call_zerohop_\w+$/),
      name,
      words || '{}',
    ]),
    end: endOf(choice),
    usage: usage ? figures : [undefined, undefined, undefined],
  };
}

function endOf(choice: SettledChoice | undefined): string {
  const meaning = finishMeaning(choice?.finishReason ?? 'stop', choice?.toolCalls.length !== 0);
  if (meaning === 'length') return 'max_output_tokens';
  return meaning === 'filter' ? 'content_filter' : 'completed';
}

const answered = recordings().flatMap((exchange) => {
  const dialect = dialectOf(exchange);
  const { status, body } = exchange.response;
  if (status >= 400 || (dialect !== 'openai-chat' && dialect !== 'anthropic-messages')) return [];
  const { reader } = read(dialect, body);
  return reader.complete ? [{ id: exchange.id, dialect, body }] : [];
});

if (!hasRecordings)
  console.warn('Recorded answers are not there: their translation is not tested.');

describe.skipIf(!hasRecordings)('recorded answers, written as responses', () => {
  it.each(answered)(
    '$id is what the SDK of either major makes of it',
    async ({ dialect, body }) => {
      const { events } = translate(dialect, body);

      const [newer, older] = [await shown('openai 7', events), await shown('openai 6', events)];

      expect(saidBy(newer)).toEqual(saidIn(dialect, body));
      expect(saidBy(older)).toEqual(saidBy(newer));
    },
  );

  it.each(answered)('$id is read back as it was', ({ dialect, body }) => {
    const written = responsesWriter.body(translate(dialect, body).events);

    const { complete, choices, text } = read('openai-responses', written).reader.facts();

    const before = read(dialect, body).reader.facts();
    expect({ complete, text }).toEqual({ complete: true, text: before.text });
    expect(choices[0]?.toolCalls.map(({ name }) => name)).toEqual(
      before.choices[0]?.toolCalls.map(({ name }) => name),
    );
  });
});

function text(words: string, place: Partial<Place> = {}): CanonicalEvent {
  return { type: 'text', ...AT_0, ...place, text: words };
}

function call(head: Partial<ToolCallEvent> = {}): CanonicalEvent {
  const { call: position = 0 } = head;
  return { type: 'tool-call', ...AT_0, part: position, call: 0, kind: 'function', ...head };
}

function piece(words: string, position = 0): CanonicalEvent {
  return { type: 'tool-arguments', ...AT_0, part: position, call: position, text: words };
}

const START = { type: 'start', id: 'chatcmpl-1', model: 'm-1', created: 7 } as const;
const STOP = { type: 'finish', choice: 0, reason: 'stop' } as const;

describe('ResponsesAnswerWriter', () => {
  it('writes a text with every event that OpenAI writes for one', () => {
    const { events } = write('openai-chat', [START, text('Hel'), text('lo'), STOP]);

    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ] satisfies ResponseStreamEvent['type'][]);
    expect(events.map(({ name }) => name)).toEqual(typesOf(events));
    expect(
      payloadsOf(events).map((event) => 'sequence_number' in event && event.sequence_number),
    ).toEqual(events.map((_, index) => index));
  });

  it('says at once what it has', () => {
    const writer = writerOf('openai-chat');

    writer.onEvent(START);
    expect(writer.take()).toHaveLength(2);

    writer.onEvent(text('Hello'));
    expect(typesOf(writer.take()).at(-1)).toBe('response.output_text.delta');
  });

  it('repeats in the response what was asked for, and the defaults of the rest', () => {
    const request = {
      model: 'asked',
      instructions: 'Be brief.',
      temperature: 0.3,
      max_output_tokens: 50,
      tools: [{ type: 'function', name: 'f', parameters: {}, strict: true }],
      text: { verbosity: 'low' },
      metadata: { a: 'b' },
      input: 'Hi',
    } satisfies ResponseCreateParams;

    const response = lastOf(write('openai-chat', [START, text('Hello'), STOP], request));

    expect(response).toMatchObject({
      id: 'chatcmpl-1',
      object: 'response',
      model: 'm-1',
      created_at: 7,
      completed_at: NOW,
      status: 'completed',
      error: null,
      incomplete_details: null,
      instructions: 'Be brief.',
      temperature: 0.3,
      max_output_tokens: 50,
      tools: request.tools,
      tool_choice: 'auto',
      parallel_tool_calls: true,
      text: { format: { type: 'text' }, verbosity: 'low' },
      metadata: { a: 'b' },
      truncation: 'disabled',
    } satisfies Partial<OpenAIResponse>);
    expect(response).not.toHaveProperty('input');
  });

  it('names the items after the answer, the same each time', () => {
    const said = [START, text('Hi'), call({ id: 'c1', name: 'f' }), piece('{}'), STOP];

    const ids = lastOf(write('openai-chat', said)).output.map(({ id }) => id);

    expect(ids).toEqual(['msg_zerohop_chatcmpl1_0', 'fc_zerohop_chatcmpl1_1']);
    expect(lastOf(write('openai-chat', said)).output.map(({ id }) => id)).toEqual(ids);
  });

  it('keeps the id it announced where a provider changes it, and takes the later model', () => {
    const other = { type: 'start', id: 'chatcmpl-2', model: 'm-2' } as const;

    const response = lastOf(write('openai-chat', [START, text('Hi'), other, STOP]));

    expect(response).toMatchObject({ id: 'chatcmpl-1', model: 'm-2', created_at: 7 });
  });

  it('begins with the words of an answer that has no id', () => {
    const { events } = write('openai-chat', [{ type: 'start', model: 'm' }, text('Hi'), STOP]);

    const [created] = payloadsOf(events);
    expect(created).toMatchObject({
      type: 'response.created',
      response: { id: expect.stringMatching(/^resp_zerohop_/), created_at: NOW },
    });
  });

  it('opens nothing for empty words', () => {
    const said: CanonicalEvent[] = [
      START,
      { type: 'reasoning', ...AT_0, text: '' },
      text(''),
      call({ id: 'c1', name: 'f' }),
      text(''),
      piece('{"a":1}'),
    ];

    const { output } = lastOf(write('openai-chat', said));

    expect(output.map(({ type }) => type)).toEqual(['function_call']);
  });

  it('puts texts that follow each other into one message, and a refusal beside them', () => {
    const refusal = { type: 'refusal', ...AT_0, block: 2, text: 'No.' } as const;
    const said = [START, text('One', { block: 0 }), text('Two', { block: 1 }), refusal, STOP];

    const { output } = lastOf(write('anthropic-messages', said));

    expect(output).toMatchObject([
      {
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [
          { type: 'output_text', text: 'One', annotations: [] },
          { type: 'output_text', text: 'Two', annotations: [] },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
    ]);
  });
});

describe('reasoning in a response', () => {
  const thinking = (words: string, block = 0): CanonicalEvent => ({
    type: 'reasoning',
    ...AT_0,
    block,
    text: words,
  });
  const seal = (block: number, sealed: Partial<ReasoningSealEvent>): CanonicalEvent => ({
    type: 'reasoning-seal',
    ...AT_0,
    block,
    ...sealed,
  });

  it('stands as its summary', () => {
    const { events } = write('openai-chat', [START, thinking('Let '), thinking('me.'), text('Hi')]);

    expect(typesOf(events).slice(2, 9)).toEqual([
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
    ] satisfies ResponseStreamEvent['type'][]);
    expect(payloadsOf(events)[8]).toMatchObject({
      item: { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me.' }] },
    });
  });

  it('carries the seal of every block in an item of its own, to be opened from the history', () => {
    const { output } = lastOf(
      write('anthropic-messages', [
        START,
        thinking('First.', 0),
        seal(0, { signature: 's0' }),
        seal(1, { encrypted: 'e1' }),
        text('Hi', { block: 2 }),
      ]),
    );

    const sealed = output.flatMap((item) =>
      item.type === 'reasoning' ? [openSeal(item.encrypted_content)] : [],
    );
    expect(sealed).toMatchObject([
      { dialect: 'anthropic-messages', signature: 's0' },
      { dialect: 'anthropic-messages', encrypted: 'e1' },
    ]);
    expect(output.map(({ type }) => type)).toEqual(['reasoning', 'reasoning', 'message']);
  });

  it('has no seal of a chat provider, which nobody could take back', () => {
    const said = [START, thinking('Hm.'), seal(0, { signature: 's' }), text('Hi'), STOP];

    const { output } = lastOf(write('openai-chat', said));

    expect(output[0]).not.toHaveProperty('encrypted_content');
  });
});

describe('tool calls in a response', () => {
  it('are items with their arguments in pieces', () => {
    const said = [START, call({ id: 'c1', name: 'f' }), piece('{"a"'), piece(':1}')];

    const { events } = write('openai-chat', said);

    expect(typesOf(events).slice(2, 7)).toEqual([
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
    ] satisfies ResponseStreamEvent['type'][]);
    expect(lastOf({ events, writer: writerOf('openai-chat') }).output).toMatchObject([
      {
        type: 'function_call',
        call_id: 'c1',
        name: 'f',
        arguments: '{"a":1}',
        status: 'completed',
      },
    ]);
  });

  it.each([
    ['no arguments at all', [call({ id: 'c1', name: 'f' })], '{}'],
    [
      'arguments as an object',
      [
        call({ id: 'c1', name: 'f' }),
        { type: 'tool-input', ...AT_0, call: 0, input: { a: 1 } } as const,
      ],
      '{"a":1}',
    ],
    [
      'a head that is said with every piece',
      [call({ id: 'c1', name: 'f' }), piece('{'), call({ id: 'c1', name: 'f' }), piece('}')],
      '{}',
    ],
    [
      'an id and a name that come apart',
      [call({ id: 'c1' }), call({ name: 'f' }), piece('{"b":2}')],
      '{"b":2}',
    ],
  ] as const)('are whole with %s', (_, said, words) => {
    const { output } = lastOf(write('openai-chat', [START, ...said]));

    expect(output).toMatchObject([{ call_id: 'c1', name: 'f', arguments: words }]);
  });

  it('have an id made here where a provider gives none', () => {
    const said = [START, call({ kind: 'legacy', name: 'f' }), piece('{}')];

    const { output } = lastOf(write('openai-chat', said));

    expect(output).toMatchObject([{ call_id: 'call_zerohop_chatcmpl1_0', type: 'function_call' }]);
  });

  it('of custom tools have their input as it is', () => {
    const said = [START, call({ kind: 'custom', id: 'c1', name: 'run' }), piece('ls -l')];

    const { events } = write('openai-chat', said);

    expect(typesOf(events)).toContain('response.custom_tool_call_input.delta');
    expect(typesOf(events)).toContain('response.custom_tool_call_input.done');
    expect(payloadsOf(events).at(-1)).toMatchObject({
      response: {
        output: [{ type: 'custom_tool_call', call_id: 'c1', name: 'run', input: 'ls -l' }],
      },
    });
  });

  it('refuse a piece that comes after the next one has begun', () => {
    const first = [START, call({ id: 'c1', name: 'f' }), piece('{')];
    const second = call({ id: 'c2', name: 'g', call: 1 });

    expect(() => write('openai-chat', [...first, second, piece('}', 0)])).toThrow(
      expect.objectContaining({ code: 'zerohop_malformed' }),
    );
  });
});

describe('sources in a response', () => {
  const cited = (citations: readonly unknown[], block = 0): CanonicalEvent => ({
    type: 'citations',
    ...AT_0,
    block,
    citations,
  });
  const annotationsOf = (written: Written) =>
    lastOf(written).output.flatMap((item) =>
      item.type === 'message'
        ? item.content.map((part) => (part.type === 'output_text' ? part.annotations : []))
        : [],
    );

  it('of chat keep their places', () => {
    const place = { url: 'https://a.example', title: 'A', start_index: 1, end_index: 3 };

    const written = write('openai-chat', [
      START,
      text('Hello'),
      cited([{ type: 'url_citation', url_citation: place }]),
    ]);

    expect(annotationsOf(written)).toEqual([[{ type: 'url_citation', ...place }]]);
    expect(typesOf(written.events)).toContain('response.output_text.annotation.added');
  });

  it('that say no place, or none that can be, have the place of the whole text', () => {
    const nowhere = { url: 'https://a.example', title: 'A' };
    const nothing = { ...nowhere, start_index: 0, end_index: 0 };

    const written = write('openai-chat', [
      START,
      cited([{ type: 'url_citation', ...nowhere }]),
      text('Hello'),
      cited([{ type: 'url_citation', url_citation: nothing }]),
    ]);

    const whole = { type: 'url_citation', start_index: 0, end_index: 5, ...nowhere };
    expect(annotationsOf(written)).toEqual([[whole, whole]]);
  });

  it('of Claude, which come before their words, have the place of their text', () => {
    const found = {
      type: 'web_search_result_location',
      url: 'https://a.example',
      title: null,
      cited_text: '…',
      encrypted_index: 'x',
    };

    const written = write('anthropic-messages', [
      START,
      text('See: '),
      cited([found], 1),
      text('it is ', { block: 1 }),
      text('so.', { block: 1 }),
    ]);

    const annotation = {
      type: 'url_citation',
      start_index: 0,
      end_index: 9,
      title: 'https://a.example',
      url: 'https://a.example',
    };
    expect(annotationsOf(written)).toEqual([[], [annotation]]);
    const types = typesOf(written.events);
    expect(types.indexOf('response.output_text.annotation.added')).toBeLessThan(
      types.lastIndexOf('response.output_text.done'),
    );
  });

  it.each([
    ['a document', { type: 'char_location', document_index: 0, start_char_index: 0 }],
    ['a text that never came', { url: 'https://a.example' }],
  ])('are lost where they are of %s', (_, citation) => {
    const { writer } = write('anthropic-messages', [START, text('Hi'), cited([citation], 4)]);

    expect([...writer.lost]).toEqual(['citations']);
  });
});

describe('the end of a response', () => {
  it.each([
    ['length', 'max_output_tokens'],
    ['max_tokens', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
    ['refusal', 'content_filter'],
  ])('for %s is incomplete, and so is the item that was open', (reason, why) => {
    const written = write('openai-chat', [START, text('Hel'), { ...STOP, reason }]);

    expect(typesOf(written.events).at(-1)).toBe('response.incomplete');
    expect(lastOf(written)).toMatchObject({
      status: 'incomplete',
      completed_at: null,
      incomplete_details: { reason: why },
      output: [{ status: 'incomplete' }],
    });
  });

  it('has the usage that comes after the finish reason', () => {
    const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 9, reported: {} };

    const response = lastOf(
      write('openai-chat', [START, text('Hi'), STOP, { type: 'usage', usage }]),
    );

    expect(response.usage).toMatchObject({ input_tokens: 3, output_tokens: 4, total_tokens: 9 });
  });

  it('has the usage of Claude put together of its parts', () => {
    const usageOf = (reported: Readonly<Record<string, number>>): CanonicalEvent => {
      const usage = anthropicUsage(reported);
      if (usage === undefined) throw new Error('no usage');
      return { type: 'usage', usage };
    };

    const response = lastOf(
      write('anthropic-messages', [
        START,
        usageOf({ input_tokens: 5, cache_read_input_tokens: 10, output_tokens: 1 }),
        text('Hi'),
        usageOf({ output_tokens: 20 }),
      ]),
    );

    expect(response.usage).toMatchObject({
      input_tokens: 15,
      input_tokens_details: { cached_tokens: 10 },
      output_tokens: 20,
      total_tokens: 35,
    });
  });

  it('is written once, with nothing in it where nothing was said', () => {
    const { events } = write('openai-chat', [{ type: 'end' }, { type: 'end' }]);

    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.completed',
    ]);
  });

  it('is the body of an answer that is not streamed', () => {
    const written = write('openai-chat', [START, text('Hi'), STOP]);

    expect(responsesWriter.body(written.events)).toBe(lastOf(written));
  });
});

describe('what a response has no place for', () => {
  it.each<[string, CanonicalEvent]>([
    ['n', text('Other', { choice: 1 })],
    ['audio', { type: 'audio', ...AT_0, data: 'AAAA' }],
    ['blocks', { type: 'block', ...AT_0, value: { type: 'server_tool_use' } }],
  ])('is noted as lost: %s', (name, event) => {
    const written = write('anthropic-messages', [START, text('Hi'), event, STOP]);

    expect([...written.writer.lost]).toEqual([name]);
    expect(lastOf(written).output).toHaveLength(1);
  });

  it('is an error, which was thrown before', () => {
    const error = {
      type: 'error',
      failure: { kind: 'upstream_error', message: 'x' },
      body: {},
    } as const;

    const writer = writerOf('openai-chat');
    writer.onEvent(error);

    expect(writer.take()).toEqual([]);
  });
});

describe('probabilities of tokens in a response', () => {
  const token = { token: 'Hi', bytes: [72, 105], logprob: -0.1, top_logprobs: [] };
  const said: readonly CanonicalEvent[] = [
    START,
    text('Hi'),
    { type: 'logprobs', ...AT_0, logprobs: { content: [token], refusal: null } },
  ];

  it('stand beside the words and in the item where they were asked for', () => {
    const request = { include: ['message.output_text.logprobs'] } satisfies ResponseCreateParams;

    const { events } = write('openai-chat', said, request);

    const weighed = payloadsOf(events).filter((event) => 'logprobs' in event);
    expect(weighed.map(({ type, logprobs }) => [type, logprobs])).toEqual([
      ['response.output_text.delta', [token]],
      ['response.output_text.done', [token]],
    ]);
    expect(payloadsOf(events).at(-1)).toMatchObject({
      response: { output: [{ content: [{ logprobs: [token] }] }] },
    });
  });

  it('are left out where nobody asked for them', () => {
    const { events } = write('openai-chat', said);

    expect(spell(events)).not.toContain('"token"');
  });
});
