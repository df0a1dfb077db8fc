import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it, vi } from 'vitest';
import { createGateway, type TelemetryEvent, type TelemetryOptions } from 'zerohop';
import { createInMemoryFetch, type Reply } from 'zerohop/testing';
import { contentFaults } from './support/conformance.js';
import { recordSpans } from './support/recording.js';

const NAMES = [
  'gen_ai.system_instructions',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.tool.definitions',
];
const DETAILS = 'gen_ai.client.inference.operation.details';
const image = 'data:image/png;base64,iVBORw0KGgo=';

function setUp(telemetry: TelemetryOptions, reply: Reply = { text: 'The answer.' }) {
  const recording = recordSpans();
  const fetch = createInMemoryFetch(reply);
  const gateway = createGateway({
    telemetry: { tracerProvider: recording.tracerProvider, ...telemetry },
  });
  const options = { apiKey: 'sk-test', fetch, maxRetries: 0 };
  return {
    recording,
    fetch,
    openai: gateway.wrap(new OpenAI(options)),
    anthropic: gateway.wrap(new Anthropic(options)),
    content: () => {
      const attributes = recording.spans().at(-1)?.attributes ?? {};
      const given = NAMES.filter((name) => attributes[name] !== undefined);
      return Object.fromEntries(given.map((name) => [name, JSON.parse(String(attributes[name]))]));
    },
  };
}

const chat: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'gpt-5-mini',
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: image } },
        { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
        { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        { type: 'file', file: { file_id: 'file-1' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '{"a":1}' } },
        { id: 'call_2', type: 'function', function: { name: 'lookup', arguments: 'not json' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
    { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'rainy' }] },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'lookup',
        description: 'Looks up.',
        parameters: { type: 'object', properties: {} },
      },
    },
    { type: 'custom', custom: { name: 'shell' } },
  ],
};

const asked: OpenAI.Responses.ResponseCreateParamsNonStreaming = {
  model: 'gpt-5-mini',
  instructions: 'Be brief.',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Hi.' },
        { type: 'input_image', image_url: image, detail: 'auto' },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
    { type: 'function_call', call_id: 'call_1', name: 'lookup', arguments: '{"a":1}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
    { type: 'item_reference', id: 'x' },
  ],
  tools: [
    { type: 'function', name: 'lookup', parameters: { type: 'object' }, strict: true },
    { type: 'web_search' },
  ],
};

const message: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude-sonnet-4-6',
  max_tokens: 50,
  system: [{ type: 'text', text: 'Be brief.' }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi.' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 's' },
        { type: 'tool_use', id: 'toolu_1', name: 'lookup', input: { a: 1 } },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sunny' }] },
  ],
  tools: [
    { name: 'lookup', description: 'Looks up.', input_schema: { type: 'object' } },
    { type: 'web_search_20250305', name: 'web_search' },
  ],
};

type Setup = ReturnType<typeof setUp>;
const answers: readonly Reply[] = [
  { text: 'The answer.', reasoning: 'Hm.' },
  {
    toolCalls: [
      { name: 'lookup', arguments: { a: 1 } },
      { name: 'lookup', arguments: 'not json' },
    ],
  },
  { refusal: 'No.' },
];
const requests: readonly (readonly [name: string, call: (setup: Setup) => Promise<unknown>])[] = [
  ['chat', ({ openai }) => openai.chat.completions.create(chat)],
  ['responses', ({ openai }) => openai.responses.create(asked)],
  ['messages', ({ anthropic }) => anthropic.messages.create(message)],
  ['completions', ({ openai }) => openai.completions.create({ model: 'm', prompt: 'Hi.' })],
  ['embeddings', ({ openai }) => openai.embeddings.create({ model: 'm', input: ['a', 'b'] })],
];

describe('captured content', () => {
  it.each(
    requests.flatMap(([name, call]) =>
      answers.map((answer, at) => [name, at, call, answer] as const),
    ),
  )('is what the schemas ask for: %s, answer %i', async (name, _at, call, answer) => {
    const setup = setUp({ captureContent: 'span' }, answer);

    await call(setup);

    const content = setup.content();
    expect(
      Object.entries(content).flatMap(([attribute, value]) => contentFaults(attribute, value)),
    ).toEqual([]);
    expect(Object.keys(content)).toContain('gen_ai.input.messages');
    if (name === 'chat' || name === 'messages' || name === 'responses') {
      expect(Object.keys(content)).toEqual(
        expect.arrayContaining(['gen_ai.output.messages', 'gen_ai.tool.definitions']),
      );
    }
  });

  it('spells a conversation as the conventions do', async () => {
    const setup = setUp({ captureContent: 'span' });

    await setup.openai.chat.completions.create(chat);

    expect(setup.content()['gen_ai.input.messages']).toEqual([
      { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'What is this?' },
          { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0KGgo=' },
          { type: 'uri', modality: 'image', uri: 'https://example.com/cat.png' },
          { type: 'blob', modality: 'audio', mime_type: 'audio/wav', content: 'AAAA' },
          { type: 'file', modality: 'document', file_id: 'file-1' },
        ],
      },
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', id: 'call_1', name: 'lookup', arguments: { a: 1 } },
          { type: 'tool_call', id: 'call_2', name: 'lookup', arguments: 'not json' },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'sunny' }] },
      {
        role: 'tool',
        parts: [
          { type: 'tool_call_response', id: 'call_2', response: [{ type: 'text', text: 'rainy' }] },
        ],
      },
    ]);
    expect(setup.content()['gen_ai.output.messages']).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'text', content: 'The answer.' }],
        finish_reason: 'stop',
      },
    ]);
  });

  it('leaves nothing of what was said anywhere by default', async () => {
    const setup = setUp({});

    await setup.openai.chat.completions.create(chat);

    expect(setup.content()).toEqual({});
    expect(
      JSON.stringify(setup.recording.spans().map(({ attributes, events }) => [attributes, events])),
    ).not.toMatch(/Be brief|The answer|What is this/);
  });

  it.each([
    ['NO_CONTENT', false, false],
    ['SPAN_ONLY', true, false],
    ['EVENT_ONLY', false, true],
    ['span_and_event', true, true],
  ])('goes where the environment says: %s', async (value, onSpan, onEvent) => {
    vi.stubEnv('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', value);
    const setup = setUp({});

    await setup.openai.chat.completions.create(chat);

    const [span] = setup.recording.spans();
    expect(Object.keys(setup.content()).length > 0).toBe(onSpan);
    const event = span?.events.find(({ name }) => name === DETAILS);
    expect(event !== undefined).toBe(onEvent);
    if (event) {
      expect(event.attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-5-mini',
      });
    }
  });

  it('is structured on events that are taken by a function', async () => {
    const events: TelemetryEvent[] = [];
    const setup = setUp({ captureContent: 'event', onEvent: (event) => events.push(event) });
    await setup.openai.chat.completions.create(chat);
    setup.fetch.enqueue({ status: 500 });

    await setup.openai.chat.completions.create(chat).catch(() => undefined);

    const [span] = setup.recording.spans();
    expect(span?.events).toEqual([]);
    expect(events.map(({ name, severity }) => [name, severity])).toEqual([
      [DETAILS, 'INFO'],
      [DETAILS, 'INFO'],
      ['gen_ai.client.operation.exception', 'WARN'],
    ]);
    expect(events[0]).toMatchObject({
      traceId: span?.spanContext().traceId,
      spanId: span?.spanContext().spanId,
    });
    const input = events[0]?.attributes['gen_ai.input.messages'];
    expect(contentFaults('gen_ai.input.messages', input)).toEqual([]);
  });

  it('is redacted before it leaves', async () => {
    const setup = setUp({
      captureContent: 'span',
      redact: ({ outputMessages }) => ({ outputMessages }),
    });

    await setup.openai.chat.completions.create(chat);

    expect(Object.keys(setup.content())).toEqual(['gen_ai.output.messages']);
  });

  it('does not leave where redaction fails', async () => {
    const setup = setUp({
      captureContent: 'both',
      redact: () => {
        throw new Error('no');
      },
    });

    await setup.openai.chat.completions.create(chat);

    expect(setup.content()).toEqual({});
    expect(setup.recording.spans()[0]?.events).toEqual([]);
  });

  it('is cut to size, and is still what the schemas ask for', async () => {
    const maxContentBytes = 2_000;
    const setup = setUp({ captureContent: 'span', maxContentBytes }, { text: '√'.repeat(10_000) });
    const messages = Array.from({ length: 300 }, (_, at) => ({
      role: 'user' as const,
      content: `${at} ${'😀'.repeat(5_000)}`,
    }));

    await setup.openai.chat.completions.create({ model: 'gpt-5-mini', messages });

    const content = setup.content();
    for (const [name, value] of Object.entries(content)) {
      expect(Buffer.byteLength(JSON.stringify(value))).toBeLessThanOrEqual(maxContentBytes);
      expect(contentFaults(name, value)).toEqual([]);
    }
    expect(JSON.stringify(content['gen_ai.input.messages'])).toContain('299 ');
    expect(content['gen_ai.output.messages']).toHaveLength(1);
  });

  it('says that a choice ended early', async () => {
    const setup = setUp(
      { captureContent: 'span' },
      { text: 'One two three.', pacing: { gapMs: 10 } },
    );

    for await (const _ of await setup.openai.chat.completions.create({ ...chat, stream: true }))
      break;
    await setup.recording.allEnded();

    const output: { finish_reason: string }[] = setup.content()['gen_ai.output.messages'] ?? [];
    expect(output.map(({ finish_reason }) => finish_reason)).toEqual(output.map(() => 'error'));
  });
});
