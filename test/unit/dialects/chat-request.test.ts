import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/dialects/json.js';
import { readChatRequest } from '../../../src/dialects/openai-chat/request-reader.js';
import { writeChatRequest } from '../../../src/dialects/openai-chat/request-writer.js';
import { Losses } from '../../../src/dialects/translation/losses.js';
import type { WriterTarget } from '../../../src/dialects/translation/request-codec.js';

const OPENAI: WriterTarget = { provider: 'openai', model: 'gpt-4o' };
const GPT5: WriterTarget = { provider: 'openai', model: 'gpt-5-mini' };
const LOCAL: WriterTarget = { provider: '127.0.0.1:8000', model: 'qwen3' };

/** Read and written again, and what got lost. */
function through(body: ChatCompletionCreateParams, target: WriterTarget = OPENAI) {
  const losses = new Losses();
  // Frozen, so that whoever changes it is found out.
  const request = readChatRequest(deepFreeze(body) as unknown as JsonObject, losses);
  const { body: written, ...more } = writeChatRequest(request, target, losses);
  return { body: written, losses: losses.list(), ...more };
}

const WEATHER = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
    strict: true,
  },
} as const;

const CONVERSATION = {
  model: 'gpt-4o',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'developer', content: 'Answer in German.' },
    {
      role: 'user',
      name: 'ada',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        {
          type: 'file',
          file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' },
        },
        { type: 'input_audio', input_audio: { data: 'CCCC', format: 'wav' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Bonn"}' },
        },
        { id: 'call_2', type: 'custom', custom: { name: 'shell', input: 'ls -l' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
    {
      role: 'tool',
      tool_call_id: 'call_2',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'user', content: 'Why?' },
  ],
  tools: [
    WEATHER,
    {
      type: 'custom',
      custom: {
        name: 'shell',
        format: { type: 'grammar', grammar: { syntax: 'regex', definition: '.*' } },
      },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'weather' } },
  parallel_tool_calls: false,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
  },
  max_completion_tokens: 100,
  temperature: 0.5,
  top_p: 0.9,
  seed: 7,
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  stop: ['END'],
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  user: 'u1',
} satisfies ChatCompletionCreateParams;

describe('a chat request', () => {
  it('is the same after it was read and written for OpenAI', () => {
    const { body, losses } = through(CONVERSATION);

    expect(body).toEqual(CONVERSATION);
    expect(losses).toEqual([]);
  });

  it('keeps a refusal, a custom tool and the developer role for OpenAI alone', () => {
    const { body, losses, wrappedTools } = through(CONVERSATION, LOCAL);
    const messages = body.messages as JsonObject[];

    expect(messages[1]).toEqual({ role: 'system', content: 'Answer in German.' });
    expect(messages[3]?.tool_calls).toEqual([
      {
        id: 'call_1',
        type: 'function',
        function: { name: 'weather', arguments: '{"city":"Bonn"}' },
      },
      {
        id: 'call_2',
        type: 'function',
        function: { name: 'shell', arguments: '{"input":"ls -l"}' },
      },
    ]);
    expect(messages[6]).toEqual({ role: 'assistant', content: 'No.' });
    expect(body.max_tokens).toBe(100);
    expect(wrappedTools).toEqual(new Set(['shell']));
    expect(losses).toEqual([
      { kind: 'changed', name: 'refusal' },
      { kind: 'dropped', name: 'custom_tool_format' },
    ]);
  });

  it('asks a model that reasons without what it refuses', () => {
    const { body, losses } = through({ ...CONVERSATION, reasoning_effort: 'high' }, GPT5);

    const names = ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'stop'];
    expect(losses.map(({ name }) => name).sort()).toEqual([...names, 'logprobs'].sort());
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(names));
    expect(body).toMatchObject({ reasoning_effort: 'high', seed: 7 });
  });

  it.each([
    ['metadata', { metadata: { a: 'b' } }, 'dropped'],
    ['store', { store: true }, 'dropped'],
    ['prediction', { prediction: { type: 'content', content: 'x' } }, 'dropped'],
    ['logit_bias', { logit_bias: { 50256: -100 } }, 'dropped'],
    ['service_tier', { service_tier: 'flex' }, 'dropped'],
    ['prompt_cache_key', { prompt_cache_key: 'k' }, 'dropped'],
    ['modalities', { modalities: ['text', 'audio'] }, 'refused'],
    ['hosted_tools', { web_search_options: {} }, 'refused'],
  ] satisfies [string, Partial<ChatCompletionCreateParams>, string][])(
    'names %s as what another cannot be told',
    (name, more, kind) => {
      const { losses } = through({ model: 'm', messages: [], ...more } as never);

      expect(losses).toEqual([{ kind, name }]);
    },
  );

  it.each([
    ['a file id', { type: 'file', file: { file_id: 'file-1' } }, 'file_id'],
    ['a part nobody knows', { type: 'hologram' }, 'content'],
  ])('refuses %s in a message', (_what, part, name) => {
    const { losses } = through({
      model: 'm',
      messages: [{ role: 'user', content: [part as never] }],
    });

    expect(losses).toEqual([{ kind: 'refused', name }]);
  });

  it('pairs the results of legacy function calls with their calls', () => {
    const { body } = through({
      model: 'm',
      messages: [
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'ok' },
      ],
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      function_call: { name: 'f' },
    });

    expect(body).toEqual({
      model: 'gpt-4o',
      messages: [
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_legacy_0', type: 'function', function: { name: 'f', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_legacy_0', content: 'ok' },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
    });
  });

  it('puts what a result holds beside text behind all results', () => {
    const losses = new Losses();
    const { body } = writeChatRequest(
      {
        from: 'anthropic-messages',
        model: 'm',
        turns: [
          {
            role: 'user',
            parts: [
              {
                type: 'tool-result',
                id: 'a',
                kind: 'function',
                isError: true,
                parts: [
                  { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
                ],
              },
              {
                type: 'tool-result',
                id: 'b',
                kind: 'function',
                parts: [{ type: 'text', text: 'ok' }],
              },
              { type: 'text', text: 'Go on.' },
            ],
          },
        ],
        tools: [],
        sampling: {},
        stop: [],
        choices: 1,
        stream: false,
        includeUsage: false,
      },
      OPENAI,
      losses,
    );

    expect(body.messages).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'error' },
      { role: 'tool', tool_call_id: 'b', content: 'ok' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Returned by the tool call a:' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'text', text: 'Go on.' },
        ],
      },
    ]);
    expect(losses.list().map(({ name }) => name)).toEqual(['is_error', 'tool_result_content']);
  });

  it('asks for structured output by a function where the target has no other way', () => {
    const { tools: _t, tool_choice: _c, parallel_tool_calls: _p, ...plain } = CONVERSATION;
    const { body, answerTool } = through(plain, { ...LOCAL, structuredOutput: false });

    expect(answerTool).toBe('answer');
    expect(body.response_format).toBeUndefined();
    expect(body.tools).toEqual([
      {
        type: 'function',
        function: {
          name: 'answer',
          description: 'Gives the answer.',
          parameters: { type: 'object' },
        },
      },
    ]);
    expect(body.tool_choice).toEqual({ type: 'function', function: { name: 'answer' } });
  });
});

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
