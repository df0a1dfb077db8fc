import type { MessageCreateParams } from '@anthropic-ai/sdk/resources/messages/messages';
import { describe, expect, it } from 'vitest';
import { readMessagesRequest } from '../../../src/dialects/anthropic-messages/request-reader.js';
import { writeMessagesRequest } from '../../../src/dialects/anthropic-messages/request-writer.js';
import type { JsonObject } from '../../../src/dialects/json.js';
import type {
  CanonicalRequest,
  Part,
  Tool,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../../../src/dialects/translation/canonical-request.js';
import { Losses } from '../../../src/dialects/translation/losses.js';
import type { WriterTarget } from '../../../src/dialects/translation/request-codec.js';
import { closeSeal } from '../../../src/dialects/translation/seals.js';
import { hasRecordings, recordings } from './support/wire.js';

const MODEL = 'claude-opus-4-8';
const OLDER = 'claude-sonnet-4-5-20250929';
const OLDEST = 'claude-3-5-haiku-20241022';
const TARGET: WriterTarget = { provider: 'anthropic', model: MODEL };
const CACHE = { type: 'ephemeral', ttl: '1h' } as const;
const CLOSED = {
  type: 'object',
  properties: { q: { type: 'string' } },
  required: ['q'],
  additionalProperties: false,
} as const;
const OPEN = { type: 'object', properties: { q: { type: 'string' } } } as const;

/** A request that asks for nothing in particular. */
function request(said: Partial<CanonicalRequest>): CanonicalRequest {
  return {
    from: 'openai-chat',
    model: 'asked-model',
    turns: [user('Hi')],
    tools: [],
    sampling: {},
    stop: [],
    choices: 1,
    stream: false,
    includeUsage: false,
    ...said,
  };
}

function user(...parts: readonly (string | Part)[]): Turn {
  return { role: 'user', parts: parts.map(partOf) };
}

function assistant(...parts: readonly (string | Part)[]): Turn {
  return { role: 'assistant', parts: parts.map(partOf) };
}

function system(...parts: readonly (string | Part)[]): Turn {
  return { role: 'system', parts: parts.map(partOf) };
}

function partOf(part: string | Part): Part {
  return typeof part === 'string' ? { type: 'text', text: part } : part;
}

function call(id: string, args = '{}'): ToolCallPart {
  return { type: 'tool-call', id, name: 'look', kind: 'function', arguments: args };
}

function result(id: string, ...texts: readonly string[]): ToolResultPart {
  const parts = texts.map((text) => ({ type: 'text', text }) as const);
  return { type: 'tool-result', id, kind: 'function', parts };
}

function tool(said: Partial<Extract<Tool, { kind: 'function' }>> = {}): Tool {
  return { kind: 'function', name: 'look', ...said };
}

interface Written {
  readonly body: JsonObject;
  readonly lost: readonly string[];
  readonly wrapped: readonly string[];
  readonly answerTool: string | undefined;
}

/** Writes a request; what is lost is `kind name`. */
function write(said: Partial<CanonicalRequest>, target: Partial<WriterTarget> = {}): Written {
  const losses = new Losses();
  const written = writeMessagesRequest(request(said), { ...TARGET, ...target }, losses);
  return {
    body: written.body,
    lost: lostOf(losses),
    wrapped: [...(written.wrappedTools ?? [])],
    answerTool: written.answerTool,
  };
}

/** The written messages. */
function messagesOf(turns: readonly Turn[], model = MODEL): unknown {
  return write({ turns }, { model }).body.messages;
}

function read(body: JsonObject): {
  readonly request: CanonicalRequest;
  readonly lost: readonly string[];
} {
  const losses = new Losses();
  return { request: readMessagesRequest(body, losses), lost: lostOf(losses) };
}

function lostOf(losses: Losses): readonly string[] {
  return losses.list().map(({ kind, name }) => `${kind} ${name}`);
}

const TOOL_USE = { type: 'tool_use', id: 'a', name: 'look', input: {} } as const;

describe('writeMessagesRequest', () => {
  it('writes what the SDK would have sent', () => {
    const { body, lost } = write({
      turns: [
        system('Be brief.'),
        user('What is it?', {
          type: 'image',
          source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' },
        }),
        assistant('I look.', call('a', '{"q":"x"}')),
        user({ ...result('a', 'a cat'), isError: false }),
      ],
      tools: [tool({ description: 'Looks.', schema: OPEN, cache: CACHE })],
      toolChoice: { type: 'auto' },
      parallelToolCalls: false,
      maxOutputTokens: 100,
      stop: ['###'],
      userId: 'user-1',
      stream: true,
    });

    expect(body).toEqual({
      model: MODEL,
      max_tokens: 100,
      system: 'Be brief.',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/png', data: 'AA==' },
            },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'a', name: 'look', input: { q: 'x' } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 'a', content: 'a cat', is_error: false }],
        },
      ],
      tools: [
        { name: 'look', description: 'Looks.', input_schema: { ...OPEN }, cache_control: CACHE },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      stop_sequences: ['###'],
      metadata: { user_id: 'user-1' },
      stream: true,
    } satisfies MessageCreateParams);
    expect(lost).toEqual([]);
  });

  it.each([
    [{}, {}, 4096],
    [{}, { maxTokens: 9 }, 9],
    [{ maxOutputTokens: 7 }, { maxTokens: 9 }, 7],
  ])('always bounds the answer: %j, %j', (said, target, expected) => {
    expect(write(said, target).body.max_tokens).toBe(expected);
  });

  it('says what cannot be asked for', () => {
    const { body, lost } = write({
      sampling: { temperature: 1, top_p: 1, top_k: 3, seed: 1, presence_penalty: 0 },
      choices: 2,
      logprobs: { top: 2 },
      verbosity: 'low',
      stop: ['\n', 'x'],
    });

    expect(body).toEqual({
      model: MODEL,
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Hi' }],
      stop_sequences: ['x'],
    });
    expect(lost).toEqual([
      'dropped temperature',
      'dropped top_p',
      'dropped top_k',
      'dropped seed',
      'dropped presence_penalty',
      'dropped n',
      'dropped logprobs',
      'dropped verbosity',
      'dropped stop',
    ]);
  });

  it.each([
    ['3f2b9c1e', true],
    ['someone@example.com', false],
    ['id someone@example.com', false],
    ['+1 (555) 123-4567', false],
    ['x'.repeat(257), false],
  ])('tells who asks only by an opaque id: %s', (userId, isKept) => {
    const { body, lost } = write({ userId });

    expect(body.metadata).toEqual(isKept ? { user_id: userId } : undefined);
    expect(lost).toEqual(isKept ? [] : ['dropped user']);
  });

  describe('turns', () => {
    it('keeps several system texts, and their cache markers, apart', () => {
      const { body, lost } = write({
        turns: [
          system('One.', { type: 'text', text: 'Two.', cache: CACHE }),
          { role: 'developer', parts: [partOf('Three.'), partOf(' ')] },
          user('Hi'),
        ],
      });

      expect(body.system).toEqual([
        { type: 'text', text: 'One.' },
        { type: 'text', text: 'Two.', cache_control: CACHE },
        { type: 'text', text: 'Three.' },
      ]);
      expect(lost).toEqual([]);
    });

    it('moves a later system text to the others', () => {
      const { body, lost } = write({ turns: [user('Hi'), system('Be brief.'), user('So?')] });

      expect(body).toMatchObject({
        system: 'Be brief.',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Hi' },
              { type: 'text', text: 'So?' },
            ],
          },
        ],
      });
      expect(lost).toEqual(['changed system_position']);
    });

    it('lets the user say what only a system text says', () => {
      const { body, lost } = write({ turns: [system('Write a poem.')] });

      expect(body.system).toBeUndefined();
      expect(body.messages).toEqual([{ role: 'user', content: 'Write a poem.' }]);
      expect(lost).toEqual(['changed system_position']);
    });

    it('puts what one role says in a row together, and leaves blanks out', () => {
      expect(
        messagesOf([
          user('a'),
          assistant(' \n'),
          user('', 'b'),
          assistant('c'),
          assistant('', 'd'),
          user('e'),
        ]),
      ).toEqual([
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'c' },
            { type: 'text', text: 'd' },
          ],
        },
        { role: 'user', content: 'e' },
      ]);
    });

    it('lets the user begin', () => {
      const { body, lost } = write({ turns: [assistant('Hello!'), user('Hi')] });

      expect(body.messages).toEqual([
        { role: 'user', content: '(The assistant speaks first.)' },
        { role: 'assistant', content: 'Hello!' },
        { role: 'user', content: 'Hi' },
      ]);
      expect(lost).toEqual(['changed first_turn']);
    });

    it('begins no answer where the model does not go on from one', () => {
      const { body, lost } = write({ turns: [user('Hi'), assistant('Hel')] });

      expect(body.messages).toEqual([{ role: 'user', content: 'Hi' }]);
      expect(lost).toEqual(['refused prefill']);
    });

    it('begins the answer of an older model, without blanks at its end', () => {
      const { body, lost } = write(
        { turns: [user('Hi'), assistant('Well, \n')] },
        { model: OLDER },
      );

      expect(body.messages).toEqual([
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Well,' },
      ]);
      expect(lost).toEqual(['changed prefill']);
    });

    it('drops the names of participants', () => {
      expect(write({ turns: [{ ...user('Hi'), name: 'Ann' }] }).lost).toEqual(['dropped name']);
    });

    it('writes a refusal as text', () => {
      const turns = [user('Hi'), assistant({ type: 'refusal', text: 'No.' }), user('So?')];

      expect(write({ turns })).toMatchObject({
        body: { messages: [{}, { role: 'assistant', content: 'No.' }, {}] },
        lost: ['changed refusal'],
      });
    });
  });

  describe('tool results', () => {
    it('stand first in the turn after their calls', () => {
      expect(
        messagesOf([
          user('Hi'),
          assistant(call('a'), call('b')),
          user(result('b', 'B')),
          user('and?', result('a')),
        ]),
      ).toEqual([
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: [TOOL_USE, { ...TOOL_USE, id: 'b' }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'b', content: 'B' },
            { type: 'tool_result', tool_use_id: 'a' },
            { type: 'text', text: 'and?' },
          ],
        },
      ]);
    });

    it('have to have a call', () => {
      const { body, lost } = write({ turns: [user('Hi', result('a', 'A'))] });

      expect(body.messages).toEqual([{ role: 'user', content: 'Hi' }]);
      expect(lost).toEqual(['refused tool_result']);
    });

    it('are there once for each call', () => {
      const { lost } = write({
        turns: [user('Hi'), assistant(call('a')), user(result('a', '1'), result('a', '2'))],
      });

      expect(lost).toEqual(['refused tool_result']);
    });

    it('are owed to every call', () => {
      const { body, lost } = write({
        turns: [user('Hi'), assistant('I look.', call('a')), user('Never mind.')],
      });

      expect(body.messages).toMatchObject([{}, { content: 'I look.' }, {}]);
      expect(lost).toEqual(['refused tool_call']);
    });

    it('find their calls by ids that Anthropic takes', () => {
      const id = 'functions.look:0';
      const messages = messagesOf([user('Hi'), assistant(call(id)), user(result(id, 'A'))]);

      expect(messages).toMatchObject([
        {},
        { content: [{ id: expect.stringMatching(/^[\w-]{1,64}$/) }] },
        { content: [{ tool_use_id: expect.stringMatching(/^functions_look_0_\w+$/) }] },
      ]);
    });

    it('find their calls where ids come again', () => {
      const again = [assistant(call('call_0')), user(result('call_0', 'A'))];
      const messages = messagesOf([user('Hi'), ...again, ...again]);

      const ids = JSON.stringify(messages).match(/call_0\w*/g) ?? [];
      expect(ids.slice(0, 2)).toEqual(['call_0', 'call_0']);
      expect(ids[2]).toMatch(/^call_0_1_\w{16}$/);
      expect(ids[3]).toBe(ids[2]);
    });

    it('keep images, documents and errors', () => {
      const messages = messagesOf([
        user('Hi'),
        assistant(call('a'), call('b')),
        user(
          {
            ...result('a', 'see', ''),
            isError: true,
            cache: CACHE,
            parts: [
              { type: 'text', text: 'see' },
              { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
              { type: 'document', source: { kind: 'text', text: 'words' }, name: 'notes' },
            ],
          },
          { ...result('b'), isError: true },
        ),
      ]);

      expect(messages).toMatchObject([
        {},
        {},
        {
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'a',
              is_error: true,
              cache_control: CACHE,
              content: [
                { type: 'text', text: 'see' },
                { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
                {
                  type: 'document',
                  title: 'notes',
                  source: { type: 'text', media_type: 'text/plain', data: 'words' },
                },
              ],
            },
            // An error without a word is refused.
            { type: 'tool_result', tool_use_id: 'b', is_error: true, content: 'error' },
          ],
        },
      ]);
    });
  });

  describe('parts', () => {
    it.each<[string, Part, unknown]>([
      [
        'an image by URL',
        { type: 'image', source: { kind: 'url', url: 'https://example.com/a' }, detail: 'auto' },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a' } },
      ],
      [
        'a JPEG by its other name',
        { type: 'image', source: { kind: 'base64', mediaType: 'image/jpg', data: 'AA==' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AA==' } },
      ],
      [
        'a PDF',
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' },
          name: 'a.pdf',
          context: 'Old.',
          citations: true,
          cache: CACHE,
        },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' },
          title: 'a.pdf',
          context: 'Old.',
          citations: { enabled: true },
          cache_control: CACHE,
        },
      ],
      [
        'a PDF by URL',
        { type: 'document', source: { kind: 'url', url: 'https://example.com/a.pdf' } },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
      ],
      [
        'a text file',
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'text/csv; charset=utf-8', data: 'YSxi' },
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a,b' } },
      ],
    ])('writes %s', (_, part, block) => {
      const { body, lost } = write({ turns: [user('See:', part)] });

      expect(body.messages).toEqual([
        { role: 'user', content: [{ type: 'text', text: 'See:' }, block] },
      ]);
      expect(lost).toEqual([]);
    });

    it.each<[string, Turn, string]>([
      ['audio', user({ type: 'audio', data: 'AA==', format: 'wav' }), 'refused audio'],
      [
        'an image of a kind that it does not take',
        user({ type: 'image', source: { kind: 'base64', mediaType: 'image/bmp', data: 'AA==' } }),
        'refused images',
      ],
      [
        'an image that cannot be fetched',
        user({ type: 'image', source: { kind: 'url', url: 'http://example.com/a' } }),
        'refused images',
      ],
      [
        'a document of a kind that it does not take',
        user({
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/msword', data: 'AA==' },
        }),
        'refused documents',
      ],
      [
        'a document of the assistant',
        assistant({ type: 'document', source: { kind: 'text', text: 'a' } }),
        'refused documents',
      ],
      [
        'an image of the system',
        system({ type: 'image', source: { kind: 'url', url: 'https://example.com/a' } }),
        'refused images',
      ],
    ])('says that %s cannot be told', (_, turn, loss) => {
      expect(write({ turns: [user('Hi'), turn, user('So?')] }).lost).toContain(loss);
    });

    it('gives back only the thoughts that Claude has sealed', () => {
      const thought = { type: 'reasoning', text: 'Hm.', isSummary: false } as const;
      const own = { dialect: 'anthropic-messages' } as const;
      const { body, lost } = write({
        turns: [
          user('Hi'),
          assistant(
            thought,
            { ...thought, seal: { dialect: 'openai-responses', encrypted: 'x' } },
            { ...thought, seal: { ...own, signature: 'sig' } },
            { ...thought, text: '', seal: { ...own, encrypted: 'data' } },
            'Hello.',
          ),
          user('So?'),
        ],
      });

      expect(body.messages).toMatchObject([
        {},
        {
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
            { type: 'redacted_thinking', data: 'data' },
            { type: 'text', text: 'Hello.' },
          ],
        },
        {},
      ]);
      expect(lost).toEqual(['dropped reasoning_text']);
    });

    it.each([
      ['{"q":1}', { q: 1 }, []],
      ['', {}, []],
      ['[1]', { arguments: '[1]' }, ['changed tool_arguments']],
      ['{"q":', { arguments: '{"q":' }, ['changed tool_arguments']],
    ])('writes the input of a call as an object: %s', (args, input, losses) => {
      const turns = [user('Hi'), assistant(call('a', args)), user(result('a', 'A'))];

      const { body, lost } = write({ turns });

      expect(body.messages).toMatchObject([{}, { content: [{ input }] }, {}]);
      expect(lost).toEqual(losses);
    });
  });

  describe('tools', () => {
    it.each([
      [undefined, { type: 'object', properties: {} }, []],
      [{}, { type: 'object', properties: {} }, []],
      [CLOSED, CLOSED, []],
      [{ ...OPEN, anyOf: [{ required: ['q'] }] }, { ...OPEN }, ['changed schema']],
    ])('have the schema of an object: %j', (schema, expected, losses) => {
      const { body, lost } = write({ tools: [tool({ schema })] });

      expect(body.tools).toEqual([{ name: 'look', input_schema: expected }]);
      expect(lost).toEqual(losses);
    });

    it.each([
      [CLOSED, MODEL, true, []],
      [OPEN, MODEL, undefined, ['dropped strict']],
      [CLOSED, OLDEST, undefined, ['dropped strict']],
    ])('are strict where they can be', (schema, model, strict, losses) => {
      const { body, lost } = write({ tools: [tool({ schema, strict: true })] }, { model });

      expect(body.tools).toEqual([
        { name: 'look', input_schema: schema, ...(strict && { strict }) },
      ]);
      expect(lost).toEqual(losses);
    });

    it('that take free text take it as an argument', () => {
      const format = { type: 'grammar', syntax: 'lark', definition: 'start: "a"' };

      const { body, lost, wrapped } = write({
        tools: [{ kind: 'custom', name: 'sql', description: 'Asks.', format }],
        turns: [
          user('Hi'),
          assistant({ ...call('a', 'select 1'), name: 'sql', kind: 'custom' }),
          user({ ...result('a', '1'), kind: 'custom' }),
        ],
      });

      expect(body).toMatchObject({
        tools: [
          {
            name: 'sql',
            description: 'Asks.\n\nThe input follows this lark grammar:\nstart: "a"',
            input_schema: { required: ['input'] },
          },
        ],
        messages: [{}, { content: [{ input: { input: 'select 1' } }] }, {}],
      });
      expect(wrapped).toEqual(['sql']);
      expect(lost).toEqual(['changed custom_tool_format']);
    });

    it.each<[Partial<CanonicalRequest>, unknown]>([
      [{}, undefined],
      [{ parallelToolCalls: true }, undefined],
      [{ parallelToolCalls: false }, { type: 'auto', disable_parallel_tool_use: true }],
      [{ toolChoice: { type: 'auto' } }, { type: 'auto' }],
      [{ toolChoice: { type: 'none' }, parallelToolCalls: false }, { type: 'none' }],
      [
        { toolChoice: { type: 'required' }, parallelToolCalls: true },
        { type: 'any', disable_parallel_tool_use: false },
      ],
      [{ toolChoice: { type: 'tool', name: 'look' } }, { type: 'tool', name: 'look' }],
    ])('are chosen from as %j says', (said, expected) => {
      expect(write({ tools: [tool()], ...said }).body.tool_choice).toEqual(expected);
      expect(write({ tools: [], ...said }).body.tool_choice).toBeUndefined();
    });

    it('that are not allowed are not offered', () => {
      const { body, lost } = write({
        tools: [tool(), tool({ name: 'find' })],
        toolChoice: { type: 'allowed', mode: 'required', names: ['find'] },
      });

      expect(body).toMatchObject({ tools: [{ name: 'find' }], tool_choice: { type: 'any' } });
      expect(body.tools).toHaveLength(1);
      expect(lost).toEqual(['changed allowed_tools']);
    });
  });

  describe('the form of the answer', () => {
    const json = (schema: JsonObject) =>
      ({ type: 'json_schema', name: 'person', description: 'Who.', schema }) as const;

    it('is a schema where that can be enforced', () => {
      const { body, lost, answerTool } = write({ format: json(CLOSED), tools: [tool()] });

      expect(body.output_config).toEqual({ format: { type: 'json_schema', schema: CLOSED } });
      expect(body.tool_choice).toBeUndefined();
      expect(answerTool).toBeUndefined();
      expect(lost).toEqual([]);
    });

    it('is told where it cannot be enforced', () => {
      const schema = {
        ...CLOSED,
        properties: {
          q: { type: 'string', minLength: 2, format: 'email' },
          r: { oneOf: [{ type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 }] },
        },
      };

      const { body, lost } = write({ format: json(schema) });

      expect(body.output_config).toEqual({
        format: {
          type: 'json_schema',
          schema: {
            ...CLOSED,
            properties: {
              q: { type: 'string', format: 'email', description: '{minLength: 2}' },
              r: {
                anyOf: [
                  {
                    type: 'array',
                    items: { type: 'integer', description: '{minimum: 1}' },
                    minItems: 1,
                  },
                ],
              },
            },
          },
        },
      });
      expect(lost).toEqual(['changed schema']);
    });

    const recursive = {
      ...CLOSED,
      $defs: { node: { ...CLOSED, properties: { next: { $ref: '#/$defs/node' } } } },
      properties: { q: { $ref: '#/$defs/node' } },
    };

    it.each<[string, JsonObject, Partial<WriterTarget>]>([
      ['an open schema', OPEN, {}],
      ['a schema that is open within', { ...CLOSED, properties: { q: OPEN } }, {}],
      ['a schema that holds itself', recursive, {}],
      ['a model that takes none', CLOSED, { model: OLDEST }],
      ['a target that takes none', CLOSED, { structuredOutput: false }],
    ])('is a call for %s', (_, schema, target) => {
      const { body, lost, answerTool } = write({ format: json(schema) }, target);

      expect(body).toMatchObject({
        tools: [{ name: 'person', description: 'Who.', input_schema: schema }],
        tool_choice: { type: 'tool', name: 'person', disable_parallel_tool_use: true },
      });
      expect(body.output_config).toBeUndefined();
      expect(answerTool).toBe('person');
      expect(lost).toEqual([]);
    });

    it('is one call of any where there are tools', () => {
      const { body, answerTool } = write({
        format: json(OPEN),
        tools: [tool({ name: 'person' })],
        parallelToolCalls: false,
      });

      expect(body).toMatchObject({
        tools: [{ name: 'person' }, { name: 'person_' }],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
      });
      expect(answerTool).toBe('person_');
    });

    it('is of no matter where a call is asked for', () => {
      const { body, answerTool } = write({
        format: json(OPEN),
        tools: [tool()],
        toolChoice: { type: 'required' },
      });

      expect(body.tools).toHaveLength(1);
      expect(answerTool).toBeUndefined();
    });

    it('is any object by a call', () => {
      const { body, answerTool } = write({ format: { type: 'json_object' } });

      expect(body.tools).toMatchObject([{ name: 'answer', input_schema: { type: 'object' } }]);
      expect(answerTool).toBe('answer');
    });

    it.each<Partial<CanonicalRequest>>([{ tools: [tool()] }, { reasoning: { effort: 'low' } }])(
      'is any object by instruction beside %j',
      (said) => {
        const turns = [system('Be brief.'), user('Hi')];

        const { body, lost } = write({ format: { type: 'json_object' }, turns, ...said });

        expect(body.system).toEqual([
          { type: 'text', text: 'Be brief.' },
          { type: 'text', text: expect.stringContaining('JSON') },
        ]);
        expect(body.tool_choice).toBeUndefined();
        expect(lost).toEqual(['changed response_format']);
      },
    );
  });

  describe('thinking', () => {
    const adaptive = { type: 'adaptive' } as const;

    it.each<[string, CanonicalRequest['reasoning'], JsonObject, readonly string[]]>([
      [MODEL, undefined, {}, []],
      [MODEL, { effort: 'high' }, { thinking: adaptive, output_config: { effort: 'high' } }, []],
      [
        MODEL,
        { effort: 'minimal' },
        { thinking: adaptive, output_config: { effort: 'low' } },
        ['changed reasoning'],
      ],
      [MODEL, { effort: 'xhigh' }, { output_config: { effort: 'xhigh' } }, []],
      [
        'claude-opus-4-6',
        { effort: 'xhigh' },
        { output_config: { effort: 'high' } },
        ['changed reasoning'],
      ],
      [MODEL, { effort: 'none' }, { thinking: { type: 'disabled' } }, []],
      [
        'claude-fable-5',
        { effort: 'none' },
        { output_config: { effort: 'low' } },
        ['changed reasoning'],
      ],
      [
        MODEL,
        { budgetTokens: 2048, summary: 'detailed' },
        {
          thinking: { type: 'adaptive', display: 'summarized' },
          output_config: { effort: 'medium' },
        },
        ['changed reasoning', 'changed reasoning_summary'],
      ],
      [
        MODEL,
        { isAdaptive: true, summary: 'omitted' },
        { thinking: { type: 'adaptive', display: 'omitted' } },
        [],
      ],
      ['my-claude', { effort: 'low' }, { thinking: adaptive }, []],
      [
        OLDER,
        { effort: 'medium', summary: 'auto' },
        { thinking: { type: 'enabled', budget_tokens: 2048, display: 'summarized' } },
        [],
      ],
      [
        'us.anthropic.claude-3-7-sonnet-20250219-v1:0',
        { effort: 'low' },
        { thinking: { type: 'enabled', budget_tokens: 1024 } },
        [],
      ],
      [
        'claude-opus-4-20250514',
        { budgetTokens: 3000 },
        { thinking: { type: 'enabled', budget_tokens: 3000 } },
        [],
      ],
      [OLDER, { effort: 'none' }, { thinking: { type: 'disabled' } }, []],
      [OLDEST, { effort: 'low' }, {}, ['dropped reasoning']],
      [OLDEST, { effort: 'none' }, {}, []],
    ])('of %s is asked for as %j', (model, reasoning, expected, losses) => {
      const { body, lost } = write({ reasoning }, { model });

      expect(body).toMatchObject(expected);
      expect(lost).toEqual(losses);
    });

    it('gets room beside the answer', () => {
      const { body, lost } = write(
        { reasoning: { effort: 'low' }, maxOutputTokens: 500 },
        { model: OLDER },
      );

      expect(body).toMatchObject({ max_tokens: 1524, thinking: { budget_tokens: 1024 } });
      expect(lost).toEqual(['changed max_tokens']);
    });

    it.each([MODEL, OLDER])('of %s stands back where a call is forced', (model) => {
      const { body, lost } = write(
        {
          reasoning: { effort: 'high' },
          tools: [tool()],
          toolChoice: { type: 'tool', name: 'look' },
        },
        { model },
      );

      expect(body.thinking).toBeUndefined();
      expect(body.output_config).toEqual(model === MODEL ? { effort: 'high' } : undefined);
      expect(lost).toEqual(['dropped reasoning']);
    });

    it.each([
      [OLDER, [assistant(call('a')), user(result('a', 'A'))], false],
      [MODEL, [assistant(call('a')), user(result('a', 'A'))], true],
      [
        OLDER,
        [
          assistant(
            {
              type: 'reasoning',
              text: 'Hm.',
              isSummary: false,
              seal: { dialect: 'anthropic-messages', signature: 'sig' },
            },
            call('a'),
          ),
          user(result('a', 'A')),
        ],
        true,
      ],
      [OLDER, [assistant(call('a')), user(result('a', 'A')), assistant('B'), user('So?')], true],
      [OLDER, [assistant('Well,')], false],
    ])('of %s goes on from what it has thought', (model, turns, thinks) => {
      const { body, lost } = write(
        {
          reasoning: { effort: 'high' },
          turns: [user('Hi'), ...turns],
          from: 'anthropic-messages',
        },
        { model },
      );

      expect(body.thinking !== undefined).toBe(thinks);
      expect(lost).toEqual(thinks ? [] : ['dropped reasoning']);
    });
  });

  it('changes nothing of what it was given', () => {
    const given = deepFreeze(
      request({
        turns: [system('a'), user('b'), assistant(call('a')), user(result('a', 'A'), 'c')],
        tools: [tool({ schema: CLOSED, strict: true })],
        format: { type: 'json_object' },
      }),
    );

    expect(() => writeMessagesRequest(given, TARGET, new Losses())).not.toThrow();
  });
});

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

describe('readMessagesRequest', () => {
  it('reads a request', () => {
    const body = {
      model: 'claude-opus-4-8',
      max_tokens: 100,
      system: [{ type: 'text', text: 'Be brief.', cache_control: CACHE }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            {
              type: 'document',
              source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' },
              title: 'a.pdf',
              context: 'Old.',
              citations: { enabled: true },
            },
            { type: 'text', text: 'Compare.', cache_control: CACHE },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
            { type: 'redacted_thinking', data: 'data' },
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'a', name: 'look', input: { q: 1 } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'a',
              is_error: true,
              content: [{ type: 'text', text: 'none' }],
            },
          ],
        },
        { role: 'system', content: 'Be briefer.' },
      ],
      tools: [
        {
          name: 'look',
          description: 'Looks.',
          input_schema: { ...CLOSED, required: ['q'] },
          strict: true,
        },
      ],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2048, display: 'summarized' },
      output_config: { effort: 'high', format: { type: 'json_schema', schema: CLOSED } },
      stop_sequences: ['###'],
      metadata: { user_id: 'user-1' },
      service_tier: 'auto',
      stream: true,
    } satisfies MessageCreateParams;

    const { request: canonical, lost } = read(body);

    const own = { dialect: 'anthropic-messages' };
    expect(canonical).toEqual({
      from: 'anthropic-messages',
      model: 'claude-opus-4-8',
      turns: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief.', cache: CACHE }] },
        {
          role: 'user',
          parts: [
            { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
            {
              type: 'document',
              source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' },
              name: 'a.pdf',
              context: 'Old.',
              citations: true,
            },
            { type: 'text', text: 'Compare.', cache: CACHE },
          ],
        },
        {
          role: 'assistant',
          parts: [
            {
              type: 'reasoning',
              text: 'Hm.',
              isSummary: false,
              seal: { ...own, signature: 'sig' },
            },
            { type: 'reasoning', text: '', isSummary: false, seal: { ...own, encrypted: 'data' } },
            { type: 'text', text: 'I look.' },
            call('a', '{"q":1}'),
          ],
        },
        { role: 'user', parts: [{ ...result('a', 'none'), isError: true }] },
        { role: 'system', parts: [{ type: 'text', text: 'Be briefer.' }] },
      ],
      tools: [tool({ description: 'Looks.', schema: CLOSED, strict: true })],
      toolChoice: { type: 'required' },
      parallelToolCalls: false,
      format: { type: 'json_schema', name: 'answer', schema: CLOSED, strict: true },
      reasoning: { effort: 'high', budgetTokens: 2048, summary: 'summarized' },
      maxOutputTokens: 100,
      sampling: {},
      stop: ['###'],
      choices: 1,
      userId: 'user-1',
      stream: true,
      includeUsage: true,
    });
    expect(lost).toEqual([]);
  });

  it.each<[JsonObject, readonly string[]]>([
    [{ container: 'c' }, ['refused container']],
    [{ mcp_servers: [{ type: 'url' }] }, ['refused mcp_servers']],
    [{ mcp_servers: [] }, []],
    [{ context_management: { edits: [] } }, ['refused context_management']],
    [{ thread: { id: 't' } }, ['refused thread']],
    [{ inference_geo: 'eu' }, ['refused inference_geo']],
    [{ inference_geo: null }, []],
    [{ service_tier: 'standard_only' }, ['dropped service_tier']],
    [{ speed: 'standard' }, []],
    [{ speed: 'fast' }, ['dropped speed']],
    [{ cache_control: CACHE }, ['dropped cache_control']],
    [{ metadata: { user_id: 'a', trace: 'b' } }, ['dropped metadata']],
    [{ output_config: { task_budget: { total: 1 } } }, ['dropped task_budget']],
    [{ x_future: 1 }, ['dropped x_future']],
    [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, ['refused hosted_tools']],
    [{ tools: [{ name: 'a', type: 'custom', input_examples: [{}] }] }, ['dropped input_examples']],
    [{ thinking: { type: 'between_tools' } }, ['changed reasoning']],
    [{ thinking: { type: 'disabled' }, output_config: { effort: 'low' } }, ['dropped reasoning']],
    [{ output_format: { type: 'xml' } }, ['refused response_format']],
  ])('says what %j loses', (body, losses) => {
    expect(read({ messages: [], ...body }).lost).toEqual(losses);
  });

  it.each<[JsonObject, readonly string[]]>([
    [{ type: 'server_tool_use', id: 'a', name: 'web_search', input: {} }, ['refused hosted_tools']],
    [{ type: 'web_search_tool_result', content: [] }, ['refused hosted_tools']],
    [{ type: 'bash_code_execution_tool_result' }, ['refused hosted_tools']],
    [{ type: 'mcp_tool_use' }, ['refused hosted_tools']],
    [
      { type: 'tool_use', id: 'a', name: 'n', caller: { type: 'code_execution_20250825' } },
      ['refused hosted_tools'],
    ],
    [{ type: 'container_upload', file_id: 'f' }, ['refused file_id']],
    [{ type: 'image', source: { type: 'file', file_id: 'f' } }, ['refused file_id']],
    [{ type: 'document', source: { type: 'file', file_id: 'f' } }, ['refused file_id']],
    [{ type: 'image', source: 'odd' }, ['refused content']],
    [{ type: 'compaction', content: 'so far' }, ['refused compaction']],
    [{ type: 'fallback' }, []],
    [{ type: 'hologram' }, ['refused content']],
    [{ type: 'text', text: 'a', citations: [{ type: 'char_location' }] }, ['dropped citations']],
  ])('says what a block %j loses', (block, losses) => {
    const body = { messages: [{ role: 'assistant', content: [block] }] };

    expect(read(body).lost).toEqual(losses);
  });

  it.each<[JsonObject, Part]>([
    [
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
      { type: 'document', source: { kind: 'text', text: 'words' } },
    ],
    [
      {
        type: 'document',
        source: {
          type: 'content',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      },
      { type: 'document', source: { kind: 'text', text: 'a\n\nb' } },
    ],
    [
      {
        type: 'search_result',
        title: 'Found',
        source: 'https://example.com',
        content: [{ type: 'text', text: 'words' }],
      },
      {
        type: 'document',
        source: { kind: 'text', text: 'words' },
        name: 'Found',
        context: 'https://example.com',
      },
    ],
    [{ type: 'tool_result', tool_use_id: 'a', content: 'A' }, result('a', 'A')],
    [{ type: 'tool_result', tool_use_id: 'a' }, result('a')],
    [
      {
        type: 'redacted_thinking',
        data: closeSeal({ dialect: 'openai-responses', encrypted: 'x', id: 'rs_1' }),
      },
      {
        type: 'reasoning',
        text: '',
        isSummary: true,
        seal: { dialect: 'openai-responses', encrypted: 'x', id: 'rs_1', signature: undefined },
      },
    ],
    [
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'reasoning', text: 'Hm.', isSummary: false },
    ],
  ])('reads a block %j', (block, part) => {
    expect(read({ messages: [{ role: 'user', content: [block] }] }).request.turns).toEqual([
      { role: 'user', parts: [part] },
    ]);
  });

  it.each<[JsonObject, CanonicalRequest['reasoning']]>([
    [{}, undefined],
    [{ thinking: { type: 'adaptive' } }, { isAdaptive: true }],
    [{ thinking: { type: 'disabled' } }, { effort: 'none' }],
    [{ output_config: { effort: 'max' } }, { effort: 'max' }],
  ])('reads the wish to think of %j', (body, wish) => {
    expect(read({ messages: [], ...body }).request.reasoning).toEqual(wish);
  });

  it('reads the form of the answer where a beta had it', () => {
    const { request: canonical } = read({
      messages: [],
      output_format: { type: 'json_schema', schema: CLOSED },
    });

    expect(canonical.format).toMatchObject({ type: 'json_schema', schema: CLOSED });
  });

  it.each<JsonObject>([
    {},
    { messages: 'odd', tools: 'odd', system: 5, tool_choice: 'odd', thinking: 'odd' },
    { messages: [null, 1, { role: 'user' }, { role: 'user', content: [null, 'a', {}] }] },
    { tools: [null, {}, { type: null }], output_config: 1, metadata: 'a', stop_sequences: [1] },
    { messages: [{ role: 'user', content: [{ type: 'tool_result', content: [1, {}] }] }] },
  ])('throws at nothing: %j', (body) => {
    expect(() => {
      const { request: canonical } = read(body);
      writeMessagesRequest(canonical, TARGET, new Losses());
    }).not.toThrow();
  });

  it('reads back what was written', () => {
    const body = {
      model: MODEL,
      max_tokens: 100,
      system: [
        { type: 'text', text: 'One.' },
        { type: 'text', text: 'Two.', cache_control: CACHE },
      ],
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
            { ...TOOL_USE, input: { q: 'x' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'A' }] },
      ],
      tools: [{ name: 'look', input_schema: { ...CLOSED, required: ['q'] }, strict: true }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'adaptive', display: 'omitted' },
      output_config: { effort: 'low', format: { type: 'json_schema', schema: CLOSED } },
      stop_sequences: ['x'],
      metadata: { user_id: 'user-1' },
      stream: true,
    } satisfies MessageCreateParams;

    const { request: canonical, lost } = read(body);
    const losses = new Losses();

    expect(writeMessagesRequest(canonical, TARGET, losses).body).toEqual(body);
    expect([...lost, ...lostOf(losses)]).toEqual([]);
  });
});

/** Losses that change nothing of the conversation. */
const HARMLESS: ReadonlySet<string> = new Set([
  'dropped temperature',
  'dropped top_p',
  'dropped top_k',
  'dropped service_tier',
  'dropped cache_control',
]);

/** A recorded request, there and back. */
function thereAndBack(body: JsonObject): {
  readonly before: CanonicalRequest;
  readonly after: CanonicalRequest;
  readonly lost: readonly string[];
} {
  const { request: before, lost } = read(body);
  const losses = new Losses();
  const written = writeMessagesRequest(before, { ...TARGET, model: before.model }, losses);
  return { before, after: read(written.body).request, lost: [...lost, ...lostOf(losses)] };
}

const asked = recordings().flatMap(({ id, api, request: sent, response }) => {
  const { body } = sent ?? {};
  const isMessages = api === 'anthropic.messages' && response.status < 400;
  if (!isMessages || typeof body !== 'object' || body === null) return [];
  // A recorded body is an object of JSON.
  return [{ id, body: body as JsonObject }];
});
const kept = asked.filter(({ body }) =>
  thereAndBack(body).lost.every((loss) => HARMLESS.has(loss)),
);

describe.skipIf(!hasRecordings)('recorded requests for messages', () => {
  it('lose nothing of the conversation, a good part of them', () => {
    expect(kept.length).toBeGreaterThan(asked.length / 3);
  });

  it.each(kept)('$id comes back as it was', ({ body }) => {
    const { before, after } = thereAndBack(body);

    expect(shapeOf(after)).toEqual(shapeOf(before));
  });
});

/** A request as far as it comes back: blanks say nothing, and who speaks twice speaks once. */
function shapeOf({ turns, sampling: _, ...others }: CanonicalRequest): unknown {
  const said: { role: string; parts: Part[] }[] = [];
  for (const { role, parts } of turns) {
    const kept = parts.filter((part) => part.type !== 'text' || part.text.trim() !== '');
    const last = said.at(-1);
    if (last?.role === role) last.parts.push(...kept);
    else said.push({ role, parts: [...kept] });
  }
  return { ...others, turns: said };
}
