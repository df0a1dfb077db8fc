import { describe, expect, it } from 'vitest';
import { type Crossing, foreignBody } from '../../../src/dialects/foreign-body.js';

const user = { role: 'user', content: 'hi' };
const thinking = { type: 'thinking', thinking: 'hm', signature: 'c2lnbmVk' };
const redacted = { type: 'redacted_thinking', data: 'eHh4' };
const text = { type: 'text', text: 'hello' };
const mark = { cache_control: { type: 'ephemeral' } };

const TO_GROQ: Crossing = { from: 'openai', to: 'groq' };
const TO_AZURE: Crossing = { from: 'openai', to: 'azure.ai.openai' };
const TO_BEDROCK: Crossing = { from: 'anthropic', to: 'aws.bedrock' };
const TO_DEEPSEEK: Crossing = { from: 'anthropic', to: 'deepseek' };

interface Row {
  readonly what: string;
  readonly crossing: Crossing;
  readonly body: Readonly<Record<string, unknown>>;
  /** What is left; the body itself where it is absent. */
  readonly left?: Readonly<Record<string, unknown>>;
  readonly removed?: readonly string[];
  readonly boundBy?: readonly string[];
}

const chat: readonly Row[] = [
  {
    what: 'keeps what is standard',
    crossing: TO_GROQ,
    body: { model: 'm', messages: [user], tools: [{ type: 'function' }], user: 'u', seed: 1, n: 2 },
  },
  {
    what: 'leaves out what OpenAI alone is told',
    crossing: TO_GROQ,
    body: {
      messages: [user],
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      safety_identifier: 's',
      service_tier: 'priority',
      store: true,
      metadata: { user: 'u' },
      logit_bias: { 50256: -100 },
    },
    left: { messages: [user] },
    removed: [
      'prompt_cache_key',
      'prompt_cache_retention',
      'safety_identifier',
      'service_tier',
      'store',
      'metadata',
      'logit_bias',
    ],
  },
  {
    what: 'keeps it for Azure, but for the tier',
    crossing: TO_AZURE,
    body: { messages: [user], prompt_cache_key: 'k', store: false, service_tier: 'flex' },
    left: { messages: [user], prompt_cache_key: 'k', store: false },
    removed: ['service_tier'],
  },
  {
    what: 'leaves out OpenRouter’s routing',
    crossing: { from: 'openrouter', to: 'openai' },
    body: {
      messages: [user],
      provider: { order: ['a'] },
      route: 'fallback',
      transforms: ['middle-out'],
      models: ['a', 'b'],
      reasoning: { effort: 'high' },
      usage: { include: true },
      reasoning_effort: 'high',
    },
    left: { messages: [user], reasoning_effort: 'high' },
    removed: ['provider', 'route', 'transforms', 'models', 'reasoning', 'usage'],
  },
  {
    what: 'keeps OpenRouter’s routing for OpenRouter',
    crossing: { from: 'openai', to: 'openrouter' },
    body: { messages: [{ ...user, ...mark }], provider: { order: ['a'] }, models: ['a'] },
  },
  {
    what: 'leaves out another model’s reasoning and thought signatures',
    crossing: { from: 'gcp.gemini', to: 'groq' },
    body: {
      messages: [
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'hm',
          reasoning_details: [{ type: 'reasoning.encrypted', data: 'x' }],
          tool_calls: [{ id: 'c', type: 'function', extra_content: { google: {} } }],
        },
      ],
    },
    left: {
      messages: [{ role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function' }] }],
    },
    removed: [
      'messages[].reasoning_content',
      'messages[].reasoning_details',
      'messages[].tool_calls[].extra_content',
    ],
  },
  {
    what: 'leaves out cache markers in chat messages',
    crossing: { from: 'openrouter', to: 'openai' },
    body: { messages: [{ role: 'user', content: [{ ...text, ...mark }] }] },
    left: { messages: [{ role: 'user', content: [text] }] },
    removed: ['messages[].content[].cache_control'],
  },
  {
    what: 'is bound by speech and files that were kept',
    crossing: TO_GROQ,
    body: {
      messages: [
        { role: 'assistant', audio: { id: 'audio_1' } },
        { role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] },
      ],
    },
    boundBy: ['messages[].audio', 'messages[].content[].file_id'],
  },
];

const responses: readonly Row[] = [
  {
    what: 'keeps the promise not to store, and its own reasoning settings',
    crossing: { from: 'openai', to: 'x_ai' },
    body: { input: 'hi', store: false, reasoning: { effort: 'low' } },
  },
  {
    what: 'leaves out reasoning items, ids and hosted tool calls, and keeps call ids',
    crossing: TO_AZURE,
    body: {
      input: [
        user,
        { type: 'reasoning', id: 'rs_1', encrypted_content: 'x', summary: [] },
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
        { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text' }] },
      ],
    },
    left: {
      input: [
        user,
        { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text' }] },
      ],
    },
    removed: ['input[].reasoning', 'input[].web_search_call', 'input[].id'],
  },
  {
    what: 'is bound by what is kept at the provider',
    crossing: TO_AZURE,
    body: {
      input: [
        { type: 'item_reference', id: 'msg_1' },
        { type: 'compaction', encrypted_content: 'x' },
        { role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] },
      ],
      previous_response_id: 'resp_1',
      conversation: 'conv_1',
      prompt: { id: 'pmpt_1' },
      background: true,
      tools: [
        { type: 'file_search', vector_store_ids: ['vs_1'] },
        { type: 'code_interpreter', container: 'cntr_1' },
      ],
    },
    boundBy: [
      'input[].item_reference',
      'input[].compaction',
      'input[].content[].file_id',
      'previous_response_id',
      'conversation',
      'prompt',
      'background',
      'tools[].vector_store_ids',
      'tools[].container',
    ],
  },
  {
    what: 'is not bound by what is null, off or a text',
    crossing: TO_AZURE,
    body: { prompt: 'once', previous_response_id: null, conversation: null, background: false },
  },
];

const messages: readonly Row[] = [
  {
    what: 'keeps Claude’s blocks between Claude’s hosts, but for the tier',
    crossing: TO_BEDROCK,
    body: {
      messages: [user, { role: 'assistant', content: [thinking, redacted, { ...text, ...mark }] }],
      metadata: { user_id: 'u' },
      service_tier: 'auto',
    },
    left: {
      messages: [user, { role: 'assistant', content: [thinking, redacted, { ...text, ...mark }] }],
      metadata: { user_id: 'u' },
    },
    removed: ['service_tier'],
  },
  {
    what: 'leaves out signed thinking, cache markers, hosted tools and citations',
    crossing: TO_DEEPSEEK,
    body: {
      system: [{ ...text, ...mark }],
      tools: [{ name: 't', ...mark }],
      messages: [
        { role: 'user', content: [{ type: 'tool_result', content: [{ ...text, ...mark }] }] },
        {
          role: 'assistant',
          content: [
            thinking,
            { type: 'server_tool_use', id: 's', name: 'web_search' },
            { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
            { ...text, citations: [{ encrypted_index: 'x' }] },
          ],
        },
        { role: 'assistant', content: [thinking, redacted] },
      ],
      metadata: { user_id: 'u' },
      inference_geo: 'eu',
    },
    left: {
      system: [text],
      tools: [{ name: 't' }],
      messages: [
        { role: 'user', content: [{ type: 'tool_result', content: [text] }] },
        { role: 'assistant', content: [text] },
      ],
      inference_geo: 'eu',
    },
    removed: [
      'system[].cache_control',
      'tools[].cache_control',
      'messages[].content[].content[].cache_control',
      'messages[].content[].thinking',
      'messages[].content[].server_tool_use',
      'messages[].content[].web_search_tool_result',
      'messages[].content[].citations',
      'messages[].content[].redacted_thinking',
      'metadata',
    ],
  },
  {
    what: 'keeps Claude’s thinking for OpenRouter, which hands it on',
    crossing: { from: 'anthropic', to: 'openrouter' },
    body: { messages: [{ role: 'assistant', content: [thinking, { ...text, ...mark }] }] },
  },
  {
    what: 'leaves out thinking of whoever OpenRouter asked',
    crossing: { from: 'openrouter', to: 'anthropic' },
    body: { messages: [{ role: 'assistant', content: [thinking, text] }] },
    left: { messages: [{ role: 'assistant', content: [text] }] },
    removed: ['messages[].content[].thinking'],
  },
  {
    what: 'is bound by files, containers, threads and compacted history',
    crossing: TO_DEEPSEEK,
    body: {
      messages: [
        {
          role: 'user',
          content: [{ type: 'document', source: { type: 'file', file_id: 'file_1' } }],
        },
        { role: 'assistant', content: [{ type: 'compaction', content: 'before' }] },
      ],
      container: 'container_1',
      thread: { type: 'continue', previous_message_id: 'msg_1' },
    },
    boundBy: [
      'messages[].content[].file_id',
      'messages[].content[].compaction',
      'container',
      'thread',
    ],
  },
];

describe.each([
  ['chat', chat],
  ['responses', responses],
  ['messages', messages],
])('foreignBody of %s', (_dialect, rows) => {
  it.each(rows)('$what', ({ crossing, body, left = body, removed = [], boundBy = [] }) => {
    const before = structuredClone(body);
    const result = foreignBody(deepFreeze(body), crossing);

    expect(result).toEqual({ body: left, removed, boundBy });
    expect(body).toEqual(before);
  });

  it.each(rows)('changes nothing between two keys of one provider ($what)', ({ body }) => {
    const result = foreignBody(body, { from: 'openai', to: 'openai' });

    expect(result).toEqual({ body, removed: [], boundBy: [] });
    expect(result.body).toBe(body);
  });
});

describe('foreignBody', () => {
  it('shares every part that it does not change', () => {
    const body = { messages: [user], tools: [{ type: 'function' }], store: true };

    const { body: edited } = foreignBody(body, TO_GROQ);

    expect(edited).toHaveProperty('messages', body.messages);
    expect(Reflect.get(Object(edited), 'messages')).toBe(body.messages);
  });

  it.each([
    ['a text', 'store'],
    ['a list', [{ store: true }]],
    ['a stream', new ReadableStream()],
    ['an async iterable', (async function* () {})()],
  ])('leaves %s alone', (_what, body) => {
    expect(foreignBody(body, TO_GROQ).body).toBe(body);
  });

  it('takes __proto__ for a name like any other', () => {
    const body: unknown = JSON.parse('{"service_tier":"flex","__proto__":{"polluted":1}}');

    const { body: edited } = foreignBody(body, TO_GROQ);

    expect(JSON.stringify(edited)).toBe('{"__proto__":{"polluted":1}}');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
