import fc from 'fast-check';
import type {
  EasyInputMessage,
  ResponseCreateParams,
  ResponseInputItem,
} from 'openai/resources/responses/responses';
import type { ResponseCreateParams as ResponseCreateParams6 } from 'openai-6/resources/responses/responses';
import { describe, expect, it } from 'vitest';
import {
  keptState,
  readResponsesRequest,
} from '../../../src/dialects/openai-responses/request-reader.js';
import { writeResponsesRequest } from '../../../src/dialects/openai-responses/request-writer.js';
import type {
  CanonicalRequest,
  Part,
  Turn,
} from '../../../src/dialects/translation/canonical-request.js';
import { type Loss, Losses } from '../../../src/dialects/translation/losses.js';
import type { WriterTarget } from '../../../src/dialects/translation/request-codec.js';
import { closeSeal } from '../../../src/dialects/translation/seals.js';
import { portableToolId } from '../../../src/dialects/translation/tool-ids.js';
import { dialectOf, hasRecordings, recordings } from './support/wire.js';

type Params = ResponseCreateParams & ResponseCreateParams6;
type Json = Readonly<Record<string, unknown>>;

function reading(body: Json): { request: CanonicalRequest; losses: readonly string[] } {
  const losses = new Losses();
  const request = readResponsesRequest(body, losses);
  return { request, losses: losses.list().map(spelled) };
}

const EMPTY: CanonicalRequest = {
  from: 'openai-chat',
  model: 'caller-model',
  turns: [],
  tools: [],
  sampling: {},
  stop: [],
  choices: 1,
  stream: false,
  includeUsage: false,
};
const OPENAI: WriterTarget = { provider: 'openai', model: 'gpt-5.2' };
const PLAIN: WriterTarget = { provider: 'openai', model: 'gpt-4o' };

function writing(
  request: Partial<CanonicalRequest>,
  target: WriterTarget = PLAIN,
): { body: Json; losses: readonly string[] } {
  const losses = new Losses();
  const { body } = writeResponsesRequest({ ...EMPTY, ...request }, target, losses);
  return { body, losses: losses.list().map(spelled) };
}

function spelled({ kind, name }: Loss): string {
  return `${kind} ${name}`;
}

function turn(role: Turn['role'], ...parts: (Part | string)[]): Turn {
  return {
    role,
    parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
  };
}

/** What is read of input items. */
function turnsOf(input: ResponseInputItem[]): readonly Turn[] {
  return reading({ input }).request.turns;
}

const PNG = 'data:image/png;base64,AAAA';

describe('readResponsesRequest', () => {
  it('reads an input that is a text, with instructions as the system turn before it', () => {
    const body = { model: 'gpt-5', instructions: 'Be brief.', input: 'Hi' } satisfies Params;

    expect(reading(body)).toEqual({
      request: {
        from: 'openai-responses',
        model: 'gpt-5',
        turns: [turn('system', 'Be brief.'), turn('user', 'Hi')],
        tools: [],
        sampling: {},
        stop: [],
        choices: 1,
        stream: false,
        includeUsage: true,
      },
      losses: [],
    });
  });

  it.each<[string, ResponseInputItem[], readonly Turn[]]>([
    [
      'messages of every role',
      [
        { role: 'developer', content: 'Rules.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { role: 'user', content: 'Well?', type: 'message' },
      ],
      [turn('developer', 'Rules.'), turn('user', 'Hi'), turn('user', 'Well?')],
    ],
    [
      'an answer as it was given, with its refusal',
      [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [
            { type: 'output_text', text: 'Hm.', annotations: [] },
            { type: 'refusal', refusal: 'No.' },
          ],
        },
      ],
      [turn('assistant', 'Hm.', { type: 'refusal', text: 'No.' })],
    ],
    [
      'what an assistant said, thought and called, as one turn, and what came back, as another',
      [
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
        { role: 'assistant', content: 'Let me look.' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'custom_tool_call', call_id: 'c2', name: 'run', input: 'ls' },
        { type: 'function_call_output', call_id: 'c1', output: 'one' },
        {
          type: 'custom_tool_call_output',
          call_id: 'c2',
          output: [{ type: 'input_image', image_url: PNG, detail: 'low' }],
        },
        { role: 'user', content: 'And?' },
      ],
      [
        turn(
          'assistant',
          {
            type: 'reasoning',
            text: '',
            isSummary: true,
            seal: { dialect: 'openai-responses', id: 'rs_1', encrypted: 'gAAA' },
          },
          'Let me look.',
          { type: 'tool-call', id: 'c1', name: 'f', kind: 'function', arguments: '{"a":1}' },
          { type: 'tool-call', id: 'c2', name: 'run', kind: 'custom', arguments: 'ls' },
        ),
        turn(
          'user',
          {
            type: 'tool-result',
            id: 'c1',
            kind: 'function',
            parts: [{ type: 'text', text: 'one' }],
          },
          {
            type: 'tool-result',
            id: 'c2',
            kind: 'custom',
            parts: [
              {
                type: 'image',
                source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' },
                detail: 'low',
              },
            ],
          },
        ),
        turn('user', 'And?'),
      ],
    ],
    [
      'images and files, by address and by their bytes',
      [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'https://a.example/a.png', detail: 'auto' },
            { type: 'input_file', file_url: 'https://a.example/a.pdf' },
            {
              type: 'input_file',
              filename: 'b.pdf',
              file_data: 'data:application/pdf;base64,BBBB',
            },
            { type: 'input_file', filename: 'c.pdf', file_data: 'CCCC' },
          ],
        },
      ],
      [
        turn(
          'user',
          {
            type: 'image',
            source: { kind: 'url', url: 'https://a.example/a.png' },
            detail: 'auto',
          },
          { type: 'document', source: { kind: 'url', url: 'https://a.example/a.pdf' } },
          {
            type: 'document',
            source: { kind: 'base64', mediaType: 'application/pdf', data: 'BBBB' },
            name: 'b.pdf',
          },
          {
            type: 'document',
            source: { kind: 'base64', mediaType: 'application/pdf', data: 'CCCC' },
            name: 'c.pdf',
          },
        ),
      ],
    ],
    [
      'the mark at the end of what is to be cached',
      [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Long.', prompt_cache_breakpoint: { mode: 'explicit' } },
          ],
        },
      ],
      [turn('user', { type: 'text', text: 'Long.', cache: { type: 'ephemeral' } })],
    ],
  ])('reads %s', (_, input, turns) => {
    const { request, losses } = reading({ input });

    expect(request.turns).toEqual(turns);
    expect(losses).toEqual([]);
  });

  it("knows another provider's reasoning in an item of OpenAI's, and OpenAI's own without a seal", () => {
    const seal = { dialect: 'anthropic-messages', signature: 's' } as const;

    const turns = turnsOf([
      {
        type: 'reasoning',
        id: 'rs_zerohop_1_0',
        summary: [{ type: 'summary_text', text: 'Let me see.' }],
        encrypted_content: closeSeal(seal),
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [
          { type: 'summary_text', text: 'One' },
          { type: 'summary_text', text: 'Two' },
        ],
      },
    ]);

    expect(turns).toEqual([
      turn(
        'assistant',
        { type: 'reasoning', text: 'Let me see.', isSummary: false, seal },
        { type: 'reasoning', text: 'One\n\nTwo', isSummary: true },
      ),
    ]);
  });

  it('reads what else is asked for', () => {
    const body = {
      model: 'gpt-5',
      input: 'Hi',
      stream: true,
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 100,
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      text: {
        verbosity: 'low',
        format: {
          type: 'json_schema',
          name: 'answer',
          description: 'An answer.',
          schema: { type: 'object' },
          strict: true,
        },
      },
      include: ['message.output_text.logprobs', 'reasoning.encrypted_content'],
      top_logprobs: 3,
      user: 'u-1',
      tools: [
        { type: 'function', name: 'f', description: 'F.', parameters: { a: 1 }, strict: true },
        {
          type: 'custom',
          name: 'run',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
        },
        { type: 'custom', name: 'say', format: { type: 'text' } },
      ],
    } satisfies Params;

    const { request, losses } = reading(body);

    expect(losses).toEqual([]);
    expect(request).toMatchObject({
      stream: true,
      sampling: { temperature: 0.5, top_p: 0.9 },
      maxOutputTokens: 100,
      parallelToolCalls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      verbosity: 'low',
      format: {
        type: 'json_schema',
        name: 'answer',
        description: 'An answer.',
        schema: { type: 'object' },
        strict: true,
      },
      logprobs: { top: 3 },
      userId: 'u-1',
      tools: [
        { kind: 'function', name: 'f', description: 'F.', schema: { a: 1 }, strict: true },
        {
          kind: 'custom',
          name: 'run',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
        },
        { kind: 'custom', name: 'say' },
      ],
    } satisfies Partial<CanonicalRequest>);
    expect(request.tools[2]).not.toHaveProperty('format');
  });

  it.each<[Params['tool_choice'], CanonicalRequest['toolChoice']]>([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'required' }],
    [
      { type: 'function', name: 'f' },
      { type: 'tool', name: 'f' },
    ],
    [
      { type: 'custom', name: 'run' },
      { type: 'tool', name: 'run' },
    ],
    [
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] },
      { type: 'allowed', mode: 'required', names: ['f'] },
    ],
  ])('reads the tool choice %j', (choice, expected) => {
    const { request, losses } = reading({ input: 'Hi', tool_choice: choice });

    expect(request.toolChoice).toEqual(expected);
    expect(losses).toEqual([]);
  });

  it.each<[string, Params]>([
    ['refused previous_response_id', { previous_response_id: 'resp_1' }],
    ['refused conversation', { conversation: 'conv_1' }],
    ['refused prompt', { prompt: { id: 'pmpt_1' } }],
    ['refused background', { background: true }],
    ['refused hosted_tools', { tools: [{ type: 'web_search' }] }],
    ['refused hosted_tools', { tool_choice: { type: 'file_search' } }],
    ['refused item_reference', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['refused compaction', { input: [{ type: 'compaction', encrypted_content: 'g' }] }],
    [
      'refused hosted_tools',
      { input: [{ type: 'mcp_approval_response', approval_request_id: 'a', approve: true }] },
    ],
    [
      'refused file_id',
      {
        input: [
          { role: 'user', content: [{ type: 'input_image', file_id: 'file-1', detail: 'auto' }] },
        ],
      },
    ],
    [
      'dropped hosted_tools',
      {
        input: [
          {
            type: 'web_search_call',
            id: 'ws_1',
            status: 'completed',
            action: { type: 'search', query: 'q' },
          },
        ],
      },
    ],
    ['dropped reasoning_text', { input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] }],
    ['dropped metadata', { metadata: { a: 'b' } }],
    ['dropped store', { store: true }],
    ['dropped service_tier', { service_tier: 'flex' }],
    ['dropped prompt_cache_key', { prompt_cache_key: 'k' }],
    ['dropped truncation', { truncation: 'auto' }],
    ['dropped max_tool_calls', { max_tool_calls: 3 }],
    ['dropped include', { include: ['web_search_call.results'] }],
  ])('has %s of %j', (loss, body) => {
    expect(reading({ ...body }).losses).toEqual([loss]);
  });

  it('has nothing lost of parameters that say what is so anyway', () => {
    const body = {
      input: 'Hi',
      store: false,
      background: false,
      truncation: 'disabled',
      service_tier: 'auto',
      metadata: {},
      previous_response_id: null,
      prompt_cache_key: null,
      stream_options: { include_obfuscation: false },
      text: { format: { type: 'text' } },
    } satisfies ResponseCreateParams;

    expect(reading(body).losses).toEqual([]);
  });

  it('tells which parameters stand for what the provider keeps', () => {
    const body = { previous_response_id: 'resp_1', conversation: null, background: false };

    expect(keptState(body)).toEqual(['previous_response_id']);
  });

  it('reads anything without throwing, and changes nothing', () => {
    const types = fc.constantFrom(
      ...['message', 'reasoning', 'function_call', 'function_call_output', 'input_text'],
      ...[
        'data:,%',
        'input_image',
        'input_file',
        'input_audio',
        'custom',
        'function',
        'allowed_tools',
      ],
    );
    const { any: thing, item } = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        types,
        tie('item'),
        fc.array(tie('any')),
      ),
      item: fc.record({
        type: types,
        content: tie('any'),
        image_url: tie('any'),
        name: tie('any'),
      }),
    }));
    const messages = fc.array(fc.record({ role: fc.constant('user'), content: fc.array(item) }));
    const body = fc.record({
      ...{
        input: fc.oneof(thing, messages),
        tools: thing,
        tool_choice: thing,
        text: thing,
        reasoning: thing,
      },
      ...{ include: thing, instructions: thing, max_output_tokens: thing },
    });

    fc.assert(
      fc.property(body, (given) => {
        const before = JSON.stringify(given);

        readResponsesRequest(given, new Losses());

        return JSON.stringify(given) === before;
      }),
    );
  });
});

describe('writeResponsesRequest', () => {
  it('writes the first system turn as instructions, and the others where they stand', () => {
    const turns = [
      turn('system', 'Be brief.', 'Be kind.'),
      turn('user', 'Hi'),
      turn('system', 'Be quick.'),
      turn('developer', 'Now.'),
    ];

    expect(writing({ turns })).toEqual({
      body: {
        model: 'gpt-4o',
        instructions: 'Be brief.\n\nBe kind.',
        input: [
          { type: 'message', role: 'user', content: 'Hi' },
          { type: 'message', role: 'system', content: 'Be quick.' },
          { type: 'message', role: 'developer', content: 'Now.' },
        ],
        store: false,
      } satisfies Params,
      losses: [],
    });
  });

  it('keeps a system turn in the input where there is nothing else', () => {
    const { body } = writing({ turns: [turn('system', 'Say hi.')] });

    expect(body).toEqual({
      model: 'gpt-4o',
      input: [{ type: 'message', role: 'system', content: 'Say hi.' }],
      store: false,
    } satisfies Params);
  });

  it('writes what an assistant said and called, and what came back', () => {
    const turns = [
      turn('user', 'Hi'),
      turn(
        'assistant',
        'Let me look.',
        { type: 'tool-call', id: 'c1', name: 'f', kind: 'function', arguments: '{"a":1}' },
        { type: 'tool-call', id: 'c2', name: 'run', kind: 'custom', arguments: 'ls' },
      ),
      turn(
        'user',
        { type: 'tool-result', id: 'c1', kind: 'function', parts: [{ type: 'text', text: 'one' }] },
        { type: 'tool-result', id: 'c2', kind: 'custom', parts: [] },
        'And?',
      ),
    ];

    const { body, losses } = writing({ turns });

    expect(losses).toEqual([]);
    expect(body.input).toEqual([
      { type: 'message', role: 'user', content: 'Hi' },
      { type: 'message', role: 'assistant', content: 'Let me look.' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'run', input: 'ls' },
      { type: 'function_call_output', call_id: 'c1', output: 'one' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: '' },
      { type: 'message', role: 'user', content: 'And?' },
    ] satisfies ResponseInputItem[]);
  });

  it('writes an answer of several parts as the answer it was', () => {
    const said = turn('assistant', 'One', 'Two', { type: 'refusal', text: 'No.' });

    const { body } = writing({ turns: [turn('user', 'Hi'), said, turn('user', 'Oh.')] });

    expect(body.input).toContainEqual({
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'output_text', text: 'One', annotations: [] },
        { type: 'output_text', text: 'Two', annotations: [] },
        { type: 'refusal', refusal: 'No.' },
      ],
    });
  });

  it('writes images and files', () => {
    const pdf = { kind: 'base64', mediaType: 'application/pdf', data: 'AAAA' } as const;
    const parts: Part[] = [
      { type: 'text', text: 'See:' },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/a.png' }, detail: 'low' },
      { type: 'document', source: pdf, name: 'a.pdf' },
      { type: 'document', source: { kind: 'url', url: 'https://a.example/a.pdf' } },
    ];

    const { body, losses } = writing({ turns: [turn('user', ...parts)] });

    expect(losses).toEqual([]);
    expect(body.input).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'See:' },
          { type: 'input_image', image_url: PNG, detail: 'auto' },
          { type: 'input_image', image_url: 'https://a.example/a.png', detail: 'low' },
          {
            type: 'input_file',
            filename: 'a.pdf',
            file_data: 'data:application/pdf;base64,AAAA',
          },
          { type: 'input_file', file_url: 'https://a.example/a.pdf' },
        ],
      },
    ] satisfies EasyInputMessage[]);
  });

  it("takes along OpenAI's sealed reasoning, and nobody else's", () => {
    const reasoning = (seal: Extract<Part, { type: 'reasoning' }>['seal']): Part => ({
      type: 'reasoning',
      text: 'Hm.',
      isSummary: true,
      seal,
    });
    const sealed = { dialect: 'openai-responses', id: 'rs_1', encrypted: 'gAAA' } as const;
    const signed = { dialect: 'anthropic-messages', signature: 's' } as const;
    const named = { dialect: 'openai-responses', id: 'rs_2' } as const;
    const turns = [
      turn('assistant', reasoning(sealed), reasoning(signed), reasoning(named), 'Hi'),
      turn('user', 'Oh.'),
    ];

    const { body, losses } = writing({ turns }, OPENAI);

    expect(losses).toEqual(['dropped reasoning_text']);
    expect(body.input).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Hm.' }],
        encrypted_content: 'gAAA',
      },
      { type: 'message', role: 'assistant', content: 'Hi' },
      { type: 'message', role: 'user', content: 'Oh.' },
    ] satisfies ResponseInputItem[]);
  });

  it('spells the ids of a call and its result alike, as OpenAI takes them', () => {
    const id = `call:${'x'.repeat(80)}`;
    const turns = [
      turn('assistant', { type: 'tool-call', id, name: 'f', kind: 'function', arguments: '' }),
      turn('user', { type: 'tool-result', id, kind: 'function', parts: [] }),
    ];

    const { body } = writing({ turns });

    const [made, answered] = body.input as readonly { readonly call_id: string }[];
    expect(made).toMatchObject({
      arguments: '{}',
      call_id: expect.stringMatching(/^[\w-]{1,64}$/),
    });
    expect(answered?.call_id).toBe(made?.call_id);
  });

  it('writes tools flat, strict only where that was said', () => {
    const { body } = writing({
      turns: [turn('user', 'Hi')],
      tools: [
        { kind: 'function', name: 'f', description: 'F.', schema: { type: 'object' } },
        { kind: 'function', name: 'g', strict: true },
        { kind: 'custom', name: 'run', format: { type: 'text' } },
      ],
      toolChoice: { type: 'allowed', mode: 'auto', names: ['f', 'run'] },
      parallelToolCalls: false,
    });

    expect(body).toMatchObject({
      tools: [
        {
          type: 'function',
          name: 'f',
          description: 'F.',
          parameters: { type: 'object' },
          strict: false,
        },
        {
          type: 'function',
          name: 'g',
          parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
          strict: true,
        },
        { type: 'custom', name: 'run', format: { type: 'text' } },
      ],
      tool_choice: {
        type: 'allowed_tools',
        mode: 'auto',
        tools: [
          { type: 'function', name: 'f' },
          { type: 'custom', name: 'run' },
        ],
      },
      parallel_tool_calls: false,
    } satisfies Params);
  });

  it('writes what else is asked for', () => {
    const { body, losses } = writing({
      turns: [turn('user', 'Hi')],
      format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true },
      maxOutputTokens: 100,
      sampling: { temperature: 0.5, top_p: 0.9, frequency_penalty: 0 },
      logprobs: { top: 2 },
      userId: 'u-1',
      stream: true,
    });

    expect(losses).toEqual([]);
    expect(body).toMatchObject({
      text: {
        format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true },
      },
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
      user: 'u-1',
      stream: true,
      store: false,
    } satisfies Params);
    expect(body).not.toHaveProperty('frequency_penalty');
  });

  it('asks a model that reasons for reasoning that can be gone on with', () => {
    const { body, losses } = writing(
      {
        turns: [turn('user', 'Hi')],
        reasoning: { effort: 'high', summary: 'summarized' },
        verbosity: 'low',
        sampling: { temperature: 0.5 },
      },
      OPENAI,
    );

    expect(losses).toEqual(['dropped temperature']);
    expect(body).toEqual({
      model: 'gpt-5.2',
      input: [{ type: 'message', role: 'user', content: 'Hi' }],
      text: { verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      store: false,
    } satisfies ResponseCreateParams);
  });

  it.each<[string, Partial<CanonicalRequest>, WriterTarget, unknown]>([
    ['changed reasoning', { reasoning: { budgetTokens: 20_000 } }, OPENAI, { effort: 'medium' }],
    ['changed reasoning', { reasoning: { effort: 'max' } }, OPENAI, { effort: 'xhigh' }],
    ['dropped reasoning', { reasoning: { effort: 'low' } }, PLAIN, undefined],
    ['dropped reasoning_summary', { reasoning: { summary: 'loud' } }, OPENAI, undefined],
  ])('has %s of %j', (loss, wish, target, reasoning) => {
    const { body, losses } = writing({ turns: [turn('user', 'Hi')], ...wish }, target);

    expect(losses).toEqual([loss]);
    expect(body.reasoning).toEqual(reasoning);
  });

  it.each<[string, Partial<CanonicalRequest>]>([
    ['changed max_output_tokens', { maxOutputTokens: 5 }],
    ['dropped stop', { stop: ['END'] }],
    ['dropped n', { choices: 2 }],
    ['dropped seed', { sampling: { seed: 1 } }],
    ['dropped top_k', { sampling: { top_k: 1 } }],
    ['dropped presence_penalty', { sampling: { presence_penalty: 0.1 } }],
    ['dropped verbosity', { verbosity: 'low' }],
    ['changed prefill', { turns: [turn('user', 'Hi'), turn('assistant', 'He')] }],
    ['dropped name', { turns: [{ ...turn('user', 'Hi'), name: 'ann' }] }],
    ['refused audio', { turns: [turn('user', { type: 'audio', data: 'AA', format: 'wav' })] }],
    [
      'dropped cache_control',
      { turns: [turn('user', { type: 'text', text: 'Hi', cache: { type: 'ephemeral' } })] },
    ],
    [
      'changed documents',
      { turns: [turn('user', { type: 'document', source: { kind: 'text', text: 'A' } })] },
    ],
    [
      'changed is_error',
      {
        turns: [
          turn('user', {
            type: 'tool-result',
            id: 'c1',
            kind: 'function',
            isError: true,
            parts: [{ type: 'text', text: 'failed' }],
          }),
        ],
      },
    ],
  ])('has %s of %j', (loss, request) => {
    expect(writing(request).losses).toEqual([loss]);
  });

  it('raises a bound that OpenAI would refuse, and no other', () => {
    const wish = { turns: [turn('user', 'Hi')], maxOutputTokens: 5 };

    expect(writing(wish).body.max_output_tokens).toBe(16);
    expect(writing(wish, { provider: 'groq', model: 'm' }).body.max_output_tokens).toBe(5);
  });
});

const bodies = recordings().flatMap((exchange) => {
  const body = exchange.request?.body;
  if (dialectOf(exchange) !== 'openai-responses' || typeof body !== 'object' || !body) return [];
  return [{ id: exchange.id, body: body as Json }];
});

if (!hasRecordings) console.warn('Recorded requests are not there: reading them is not tested.');

describe.skipIf(!hasRecordings)('recorded requests', () => {
  it.each(bodies)('$id says the same when it is read, written and read', ({ body }) => {
    const { request, losses } = reading(body);

    const { body: written } = writing(request, OPENAI);

    expect(losses).not.toContain('refused content');
    const again = reading(written).request;
    expect(again.turns.flatMap(calls)).toEqual(request.turns.flatMap(calls));
    expect(again.turns.flatMap(texts)).toEqual(request.turns.flatMap(texts));
    expect(again.tools.map(({ name }) => name)).toEqual(request.tools.map(({ name }) => name));
  });
});

/** Calls and results, with the ids that every provider takes. */
function calls({ parts }: Turn): readonly unknown[] {
  return parts.flatMap((part) =>
    part.type === 'tool-call' || part.type === 'tool-result'
      ? [{ ...part, id: portableToolId(part.id) }]
      : [],
  );
}

function texts({ parts }: Turn): readonly string[] {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
}

describe('a model of OpenAI’s behind another host', () => {
  it('is asked without what it refuses', () => {
    const losses = new Losses();
    const request = readResponsesRequest({ model: 'm', input: 'hi', temperature: 0.5 }, losses);
    const target = { provider: '127.0.0.1:8000', model: 'gpt-5-mini' };
    const { body } = writeResponsesRequest(request, target, losses);

    expect(body).not.toHaveProperty('temperature');
    expect(losses.list()).toEqual([{ kind: 'dropped', name: 'temperature' }]);
  });
});
