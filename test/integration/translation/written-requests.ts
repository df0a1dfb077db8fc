import type { JsonObject } from '../../../src/dialects/json.js';
import type { TranslatedDialect } from '../../../src/dialects/translation/canonical-request.js';

/** A request that somebody could write to a provider of its dialect. */
export interface WrittenCase {
  readonly name: string;
  readonly from: TranslatedDialect;
  readonly body: JsonObject;
}

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PDF = 'JVBERi0xLjQKJSVFT0YK';
const CLOSED = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const OPEN = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
  required: ['city'],
};
/** Closed, but with a member that may be missing: strict for Anthropic, not for OpenAI. */
const OPTIONAL = { ...CLOSED, required: ['city'] };
const BOUNDED = {
  ...CLOSED,
  properties: { city: { type: 'string', maxLength: 9 }, days: { type: 'integer', minimum: 1 } },
};
const MIXED = { type: 'object', anyOf: [CLOSED, { type: 'object', properties: {} }] };
const LONG_NAME = `tool_${'n'.repeat(80)}`;

const hi = { role: 'user', content: 'hi' };

function chat(name: string, body: JsonObject): WrittenCase {
  return { name, from: 'openai-chat', body: { model: 'm', messages: [hi], ...body } };
}

function responses(name: string, body: JsonObject): WrittenCase {
  return { name, from: 'openai-responses', body: { model: 'm', input: 'hi', ...body } };
}

function messages(name: string, body: JsonObject): WrittenCase {
  const whole = { model: 'm', max_tokens: 2048, messages: [hi], ...body };
  return { name, from: 'anthropic-messages', body: whole };
}

function chatTool(more: JsonObject = {}): JsonObject {
  return { type: 'function', function: { name: 'weather', parameters: OPEN, ...more } };
}

function chatCall(id: string, name = 'weather', words = '{"city":"Rome"}'): JsonObject {
  return { id, type: 'function', function: { name, arguments: words } };
}

function responsesTool(more: JsonObject = {}): JsonObject {
  return { type: 'function', name: 'weather', parameters: OPEN, strict: false, ...more };
}

function claudeTool(more: JsonObject = {}): JsonObject {
  return { name: 'weather', input_schema: OPEN, ...more };
}

function claudeUse(id: string, more: JsonObject = {}): JsonObject {
  return { type: 'tool_use', id, name: 'weather', input: { city: 'Rome' }, ...more };
}

function claudeResult(id: string, more: JsonObject = {}): JsonObject {
  return { type: 'tool_result', tool_use_id: id, content: '20 °C', ...more };
}

function chatSchema(schema: JsonObject, strict?: boolean): JsonObject {
  return { type: 'json_schema', json_schema: { name: 'trip', schema, strict } };
}

const loop = [
  hi,
  { role: 'assistant', content: null, tool_calls: [chatCall('call_1'), chatCall('call_2')] },
  { role: 'tool', tool_call_id: 'call_2', content: '20' },
  { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: '21' }] },
];

const chatCases: readonly WrittenCase[] = [
  chat('a word', {}),
  chat('a conversation', {
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'developer', content: 'Be brief.' },
      hi,
      { role: 'assistant', content: 'Hello.' },
      { role: 'system', content: 'Now in French.' },
      { role: 'user', name: 'ann', content: 'And now?' },
    ],
  }),
  chat('consecutive roles', {
    messages: [
      hi,
      hi,
      { role: 'assistant', content: 'A' },
      { role: 'assistant', content: 'B' },
      hi,
      hi,
    ],
  }),
  chat('only a system text', { messages: [{ role: 'system', content: 'Say hi.' }] }),
  chat('an assistant who begins', {
    messages: [{ role: 'assistant', content: 'How can I help?' }, hi],
  }),
  chat('an answer begun', { messages: [hi, { role: 'assistant', content: 'Once upon a time ' }] }),
  chat('empty words', {
    messages: [
      { role: 'system', content: '' },
      hi,
      { role: 'assistant', content: '' },
      { role: 'user', content: '  ' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '' },
          { type: 'text', text: 'so?' },
        ],
      },
    ],
  }),
  chat('every parameter', {
    temperature: 0.5,
    top_p: 0.9,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    seed: 7,
    n: 2,
    logprobs: true,
    top_logprobs: 3,
    logit_bias: { '50256': -100 },
    stop: ['a', 'b', 'c', 'd'],
    max_tokens: 5,
    user: 'ann@example.com',
    metadata: { a: 'b' },
    service_tier: 'flex',
    store: true,
    prompt_cache_key: 'k',
    safety_identifier: 'x'.repeat(300),
    stream: true,
    stream_options: { include_usage: true },
  }),
  chat('blank stops', { stop: ['\n\n', ' '] }),
  chat('a high temperature', { temperature: 2 }),
  ...['none', 'minimal', 'low', 'medium', 'high', 'xhigh'].map((reasoning_effort) =>
    chat(`effort ${reasoning_effort}`, { reasoning_effort, max_completion_tokens: 900 }),
  ),
  chat('verbosity', { verbosity: 'low' }),
  chat('images and files', {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'https://a.test/a.png', detail: 'low' } },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
          { type: 'image_url', image_url: { url: 'http://a.test/a.png' } },
          {
            type: 'file',
            file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` },
          },
        ],
      },
    ],
  }),
  chat('sound', {
    messages: [
      {
        role: 'user',
        content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }],
      },
    ],
  }),
  chat('tools and their results', {
    messages: [...loop, hi],
    tools: [chatTool()],
    tool_choice: 'auto',
    parallel_tool_calls: true,
  }),
  chat('an unfinished loop with reasoning', {
    messages: loop,
    tools: [chatTool()],
    reasoning_effort: 'high',
  }),
  ...['none', 'auto', 'required', { type: 'function', function: { name: 'weather' } }].map(
    (tool_choice) =>
      chat(`tool choice ${JSON.stringify(tool_choice)}`, {
        tools: [chatTool()],
        tool_choice,
        parallel_tool_calls: false,
        reasoning_effort: 'low',
      }),
  ),
  chat('some of the tools', {
    tools: [chatTool(), chatTool({ name: 'time' })],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [chatTool()] },
    },
  }),
  chat('tools of every schema', {
    tools: [
      chatTool({ strict: true, parameters: CLOSED }),
      chatTool({ name: 'a', parameters: undefined }),
      chatTool({ name: 'b', parameters: { type: 'object' } }),
      chatTool({ name: 'c', parameters: {} }),
      chatTool({ name: 'd', parameters: MIXED }),
      chatTool({ name: 'e', strict: true, parameters: BOUNDED }),
    ],
  }),
  chat('a custom tool', {
    messages: [
      hi,
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '1' },
    ],
    tools: [
      {
        type: 'custom',
        custom: {
          name: 'sql',
          description: 'Runs SQL.',
          format: { type: 'grammar', grammar: { syntax: 'regex', definition: '.*' } },
        },
      },
    ],
    tool_choice: { type: 'custom', custom: { name: 'sql' } },
  }),
  chat('arguments that are no JSON', {
    messages: [
      hi,
      {
        role: 'assistant',
        tool_calls: [
          chatCall('call_1', 'weather', ''),
          chatCall('call_2', 'weather', '{"city":'),
          chatCall('call_3', 'weather', '[1]'),
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '' },
      { role: 'tool', tool_call_id: 'call_2', content: 'bad' },
      { role: 'tool', tool_call_id: 'call_3', content: 'bad' },
    ],
    tools: [chatTool()],
  }),
  chat('ids of other servers', {
    messages: [
      hi,
      {
        role: 'assistant',
        tool_calls: [chatCall('functions.weather:0'), chatCall('x'.repeat(39))],
      },
      { role: 'tool', tool_call_id: 'functions.weather:0', content: 'a' },
      { role: 'tool', tool_call_id: 'x'.repeat(39), content: 'b' },
      { role: 'assistant', content: 'so', tool_calls: [chatCall('functions.weather:0')] },
      { role: 'tool', tool_call_id: 'functions.weather:0', content: 'c' },
    ],
    tools: [chatTool()],
  }),
  chat('a call without its result', {
    messages: [hi, { role: 'assistant', tool_calls: [chatCall('call_1')] }, hi],
    tools: [chatTool()],
  }),
  chat('a result without its call', {
    messages: [hi, { role: 'tool', tool_call_id: 'call_1', content: 'a' }],
    tools: [chatTool()],
  }),
  chat('a function of old', {
    messages: [
      hi,
      { role: 'assistant', content: null, function_call: { name: 'weather', arguments: '{}' } },
      { role: 'function', name: 'weather', content: '20' },
    ],
    functions: [{ name: 'weather', parameters: OPEN }],
    function_call: 'auto',
  }),
  chat('tools no longer offered', { messages: [...loop, hi] }),
  chat('a tool of dots', { tools: [chatTool({ name: 'weather.get' })] }),
  chat('any JSON', {
    messages: [{ role: 'system', content: 'Answer in JSON.' }, hi],
    response_format: { type: 'json_object' },
  }),
  chat('any JSON that nobody speaks of', { response_format: { type: 'json_object' } }),
  chat('any JSON beside tools', {
    messages: [{ role: 'user', content: 'In JSON, please.' }],
    tools: [chatTool()],
    response_format: { type: 'json_object' },
  }),
  ...Object.entries({ CLOSED, OPEN, OPTIONAL, BOUNDED }).flatMap(([name, schema]) => [
    chat(`a schema ${name}`, { response_format: chatSchema(schema) }),
    chat(`a schema ${name} beside tools, with reasoning`, {
      response_format: chatSchema(schema),
      tools: [chatTool()],
      reasoning_effort: 'medium',
    }),
  ]),
  chat('a strict schema', { response_format: chatSchema(CLOSED, true) }),
  chat('a strict schema in a tool loop', {
    messages: loop,
    tools: [chatTool()],
    response_format: chatSchema(CLOSED, true),
  }),
  chat('a refusal', {
    messages: [hi, { role: 'assistant', content: null, refusal: 'I will not.' }, hi],
  }),
  chat('reasoning of another server', {
    messages: [hi, { role: 'assistant', content: 'So.', reasoning_content: 'Hm.' }, hi],
  }),
  chat('what OpenRouter is told of caches', {
    messages: Array.from({ length: 7 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: `${index}`, cache_control: { type: 'ephemeral' } }],
    })),
  }),
];

const responsesCases: readonly WrittenCase[] = [
  responses('a word', {}),
  responses('a conversation', {
    instructions: 'Be kind.',
    input: [
      { role: 'developer', content: 'Be brief.' },
      hi,
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Hello.', annotations: [] }],
      },
      { role: 'system', content: 'Now in French.' },
      { role: 'user', content: [{ type: 'input_text', text: 'And now?' }] },
    ],
  }),
  responses('only instructions', { instructions: 'Say hi.', input: '' }),
  responses('every parameter', {
    temperature: 0.5,
    top_p: 0.9,
    max_output_tokens: 20,
    include: ['message.output_text.logprobs'],
    top_logprobs: 2,
    user: '+49 30 123456',
    metadata: { a: 'b' },
    service_tier: 'flex',
    store: false,
    stream: true,
    stream_options: { include_obfuscation: false },
    truncation: 'auto',
    text: { verbosity: 'high' },
  }),
  ...['none', 'minimal', 'low', 'medium', 'high', 'xhigh'].map((effort) =>
    responses(`effort ${effort}`, {
      reasoning: { effort, summary: 'auto' },
      max_output_tokens: 1500,
    }),
  ),
  responses('tools, and results of all kinds', {
    input: [
      hi,
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{}' },
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_2', name: 'sql', input: 'SELECT 1' },
      { type: 'function_call_output', call_id: 'call_1', output: '20' },
      {
        type: 'custom_tool_call_output',
        call_id: 'call_2',
        output: [
          { type: 'input_text', text: 'see' },
          { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
          {
            type: 'input_file',
            filename: 'a.pdf',
            file_data: `data:application/pdf;base64,${PDF}`,
          },
        ],
      },
    ],
    tools: [responsesTool(), { type: 'custom', name: 'sql', format: { type: 'text' } }],
    reasoning: { effort: 'medium' },
  }),
  responses('calls and outputs in turn', {
    input: [
      hi,
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: '' },
      { type: 'function_call', call_id: 'y'.repeat(64), name: 'weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'y'.repeat(64), output: 'b' },
    ],
    tools: [responsesTool()],
    tool_choice: 'required',
    parallel_tool_calls: false,
  }),
  responses('two calls whose outputs come later', {
    input: [
      hi,
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' },
      { role: 'user', content: 'Wait.' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a' },
    ],
    tools: [responsesTool()],
  }),
  responses('tools left strict', {
    tools: [
      responsesTool({ strict: undefined }),
      responsesTool({ name: 'a', strict: true, parameters: CLOSED }),
      responsesTool({ name: 'b', strict: null, parameters: null }),
      responsesTool({ name: LONG_NAME.slice(0, 64) }),
    ],
    tool_choice: { type: 'function', name: 'a' },
  }),
  ...Object.entries({ CLOSED, OPEN, BOUNDED }).map(([name, schema]) =>
    responses(`a schema ${name}`, {
      text: { format: { type: 'json_schema', name: 'trip', schema, strict: name === 'CLOSED' } },
    }),
  ),
  responses('any JSON', { input: 'JSON, please.', text: { format: { type: 'json_object' } } }),
  responses('images and files', {
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: 'https://a.test/a.png', detail: 'high' },
          { type: 'input_file', file_url: 'https://a.test/a.pdf' },
        ],
      },
    ],
  }),
  responses('a refusal', {
    input: [
      hi,
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'refusal', refusal: 'I will not.' }],
      },
      hi,
    ],
  }),
];

const claudeLoop = [
  hi,
  {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
      { type: 'text', text: 'Let me see.' },
      claudeUse('toolu_1'),
      claudeUse('toolu_2'),
    ],
  },
  {
    role: 'user',
    content: [
      claudeResult('toolu_2', { is_error: true }),
      claudeResult('toolu_1', {
        content: [
          { type: 'text', text: 'see' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: PDF },
          },
        ],
      }),
      { type: 'text', text: 'Go on.' },
    ],
  },
];

const messagesCases: readonly WrittenCase[] = [
  messages('a word', {}),
  messages('a conversation', {
    system: [
      { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be brief.' },
    ],
    messages: [hi, { role: 'assistant', content: 'Hello.' }, { role: 'user', content: 'And now?' }],
  }),
  messages('consecutive roles', { messages: [hi, hi, { role: 'assistant', content: 'A' }, hi] }),
  messages('an answer begun', { messages: [hi, { role: 'assistant', content: 'Once upon' }] }),
  messages('every parameter', {
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    stop_sequences: ['a', 'b', 'c', 'd', 'e'],
    max_tokens: 5,
    metadata: { user_id: 'u1' },
    service_tier: 'auto',
    stream: true,
  }),
  messages('a loop', { messages: claudeLoop, tools: [claudeTool()] }),
  messages('a loop of a model that thinks', {
    messages: claudeLoop,
    tools: [claudeTool({ cache_control: { type: 'ephemeral' } })],
    thinking: { type: 'enabled', budget_tokens: 1024 },
  }),
  messages('an error without a word', {
    messages: [
      hi,
      { role: 'assistant', content: [claudeUse('toolu_1')] },
      { role: 'user', content: [claudeResult('toolu_1', { content: undefined })] },
    ],
    tools: [claudeTool()],
  }),
  messages('a hidden thought', {
    messages: [
      hi,
      {
        role: 'assistant',
        content: [
          { type: 'redacted_thinking', data: 'x' },
          { type: 'text', text: 'So.' },
        ],
      },
      hi,
    ],
    thinking: { type: 'adaptive' },
  }),
  ...['low', 'medium', 'high', 'xhigh', 'max'].map((effort) =>
    messages(`effort ${effort}`, { thinking: { type: 'adaptive' }, output_config: { effort } }),
  ),
  ...[{ type: 'disabled' }, { type: 'enabled', budget_tokens: 1500 }].map((thinking) =>
    messages(`thinking ${thinking.type}`, { thinking }),
  ),
  ...['auto', 'any', 'none', 'tool'].map((type) =>
    messages(`tool choice ${type}`, {
      tools: [claudeTool()],
      tool_choice: {
        type,
        ...(type === 'tool' && { name: 'weather' }),
        ...(type !== 'none' && { disable_parallel_tool_use: true }),
      },
    }),
  ),
  messages('tools of every schema', {
    tools: [
      claudeTool({ strict: true, input_schema: CLOSED }),
      claudeTool({ name: 'a', strict: true, input_schema: OPTIONAL }),
      claudeTool({ name: 'b', input_schema: { type: 'object' } }),
    ],
  }),
  messages('a long name', { tools: [claudeTool({ name: LONG_NAME })] }),
  ...Object.entries({ CLOSED, OPTIONAL }).map(([name, schema]) =>
    messages(`a schema ${name}`, { output_config: { format: { type: 'json_schema', schema } } }),
  ),
  messages('images and documents', {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'url', url: 'https://a.test/a.png' } },
          {
            type: 'document',
            title: 'Notes',
            context: 'Of old.',
            citations: { enabled: true },
            source: { type: 'text', media_type: 'text/plain', data: 'Notes.' },
          },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: PDF },
          },
          { type: 'document', source: { type: 'url', url: 'https://a.test/a.pdf' } },
          { type: 'text', text: 'What is this?' },
        ],
      },
    ],
  }),
];

/** Requests of every kind, in each dialect. Their own provider takes nearly all of them. */
export const writtenCases: readonly WrittenCase[] = [
  ...chatCases,
  ...responsesCases,
  ...messagesCases,
];
